"""Records of accounts, groups and their sources, from the lines that the accounts probe prints."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from hipscan.model.fact import Record, Value
from hipscan.probes.accounts.authorized_keys import Status, statuses
from hipscan.probes.accounts.last_logins import Logins, by_file, last_logins
from hipscan.probes.base import Listing

_DAY: Final = 86400
_NOBODY: Final = frozenset({65534, 65535, 4294967294})
_NO_LOGIN: Final = frozenset({"nologin", "false", "true", "null", "sync", "halt", "shutdown"})
_LOCAL: Final = frozenset({"files", "systemd", "compat", "mymachines", "altfiles", "db"})


def bad_lines(seen: Listing, path: str) -> list[int]:
    """Return the lines of an account file that have too few fields."""
    return [int(n) for name, n in (b.rsplit(":", 1) for b in seen.behind("B")) if name == path]


def homes(seen: Listing) -> frozenset[str]:
    """Return every home that passwd names."""
    return frozenset(_passwd(line)["home"] for line in seen.behind("P"))


def _passwd(line: str) -> dict[str, str]:
    name, word, uid, gid, home, rest = line.split(":", 5)
    shell, number = rest.rsplit(":", 1)
    return {
        "name": name,
        "word": word,
        "uid": uid,
        "gid": gid,
        "home": home,
        "shell": shell,
        "line": number,
    }


def accounts(seen: Listing) -> tuple[Record, ...]:
    """Return a record for each line of passwd."""
    lines = [_passwd(line) for line in seen.behind("P")]
    shadow, limits = _shadow(seen), _limits(seen)
    numbers = {line["name"]: int(line["uid"]) for line in lines}
    file = {
        name: when for text in seen.behind("J") for name, when in by_file(text, numbers).items()
    }
    logins = last_logins(seen.behind("U")[1:], seen.behind("L"), file)
    status = statuses(seen)
    gone = frozenset(note.text for note in seen.of_kind("absent"))
    names = Counter(line["name"] for line in lines)
    named = _Named(seen)
    by_uid: dict[int, set[str]] = {}
    for line in lines:
        by_uid.setdefault(int(line["uid"]), set()).add(line["name"])
    return tuple(
        {
            **_identity(line, limits["UID_MIN"]),
            **_password(line, shadow),
            **_login(logins, line["name"]),
            **_home(line, status, gone),
            **_twins(line, by_uid),
            **named(line),
            "duplicate_name": names[line["name"]] > 1,
            "line": int(line["line"]),
        }
        for line in lines
    )


def _limits(seen: Listing) -> dict[str, int]:
    """Return UID_MIN of login.defs(5); the last line counts."""
    limits = {"UID_MIN": 1000}
    for line in seen.behind("D"):
        key, *value = line.split()
        if value and value[0].isdecimal():
            limits[key] = int(value[0])
    return limits


def _identity(line: Mapping[str, str], uid_min: int) -> dict[str, Value]:
    uid = int(line["uid"])
    login = line["shell"].rsplit("/", 1)[-1] not in _NO_LOGIN
    system = uid != 0 and (uid < uid_min or uid in _NOBODY)
    return {
        "name": line["name"],
        "uid": uid,
        "gid": int(line["gid"]),
        "home": line["home"],
        "shell": line["shell"],
        "login": login,
        "system": system,
        "person": uid != 0 and not system and login,
    }


def _shadow(seen: Listing) -> dict[str, list[str]] | None:
    """Return the fields of shadow by name, the first line of a name; None when not readable."""
    if any(note.text == "/etc/shadow" and note.kind != "absent" for note in seen.notes):
        return None
    found: dict[str, list[str]] = {}
    for line in seen.behind("S"):
        name, *fields = line.split(":")
        found.setdefault(name, fields)
    return found


def _password(line: Mapping[str, str], shadow: Mapping[str, list[str]] | None) -> dict[str, Value]:
    if line["word"] != "x":
        return {**_state(line["word"]), "shadowed": False}
    if shadow is None:
        unknown = ("password", "hash", "last_change", "min_days", "max_days", "warn_days")
        return {**dict.fromkeys(unknown), "expires": None, "shadowed": True}
    fields = shadow.get(line["name"])
    if fields is None:
        return {"password": "none", "shadowed": True}
    state, last, low, high, warn, inactive, expires = [*fields, "", "", "", "", "", "", ""][:7]
    return {
        **_state(state),
        "shadowed": True,
        **_day("last_change", last),
        "min_days": _days(low, 0),
        "max_days": _days(high, 99999),
        "warn_days": _days(warn, 0),
        **({"inactive_days": int(inactive)} if inactive.isdecimal() else {}),
        **_day("expires", expires),
    }


def _state(text: str) -> dict[str, Value]:
    state, _, method = text.partition(" ")
    if not method:
        return {"password": state}
    return {"password": state, "hash": None if method == "other" else method}


def _day(key: str, text: str) -> dict[str, Value]:
    return {key: int(text) * _DAY} if text.isdecimal() else {}


def _days(text: str, default: int) -> int:
    return int(text) if text.isdecimal() else default


def _login(logins: tuple[Logins, bool] | None, name: str) -> dict[str, Value]:
    if logins is None:
        return {"last_login": None}
    known, whole = logins
    if name not in known:
        return {} if whole else {"last_login": None}
    when = known[name]
    return {} if when is None else {"last_login": when}


def _home(
    line: Mapping[str, str], statuses: Mapping[str, Status], gone: frozenset[str]
) -> dict[str, Value]:
    home = line["home"]
    status = statuses.get(home)
    if status:
        return {
            "home_exists": True,
            "home_mode": status.mode,
            "home_owner": status.owner,
            "home_owned": status.uid in {int(line["uid"]), 0},
            "home_group": status.group,
            "home_group_owned": status.gid in {int(line["gid"]), 0},
        }
    if home in gone or not home.startswith("/"):
        return {"home_exists": False}
    names = ("home_exists", "home_mode", "home_owner", "home_owned")
    return dict.fromkeys((*names, "home_group", "home_group_owned"))


class _Named:
    """Whether group and shells name what an account refers to; None where not readable."""

    def __init__(self, seen: Listing) -> None:
        unread = {note.text for note in seen.notes if note.kind != "absent"}
        gids = {group.split(":", 2)[1] for group in seen.behind("G")}
        self._gids = None if "/etc/group" in unread else gids
        self._shells = frozenset(seen.behind("E"))

    def __call__(self, line: Mapping[str, str]) -> dict[str, Value]:
        listed = line["shell"] in self._shells if self._shells else None
        return {
            "group_exists": None if self._gids is None else line["gid"] in self._gids,
            "shell_listed": None if not line["shell"] else listed,
        }


def _twins(line: Mapping[str, str], by_uid: Mapping[int, set[str]]) -> dict[str, Value]:
    same = by_uid[int(line["uid"])] - {line["name"]}
    return {"duplicate_uid": bool(same), "twins": sorted(same)}


def groups(seen: Listing) -> tuple[Record, ...]:
    """Return a record for each line of group, with the accounts whose first group it is."""
    lines = [line.split(":", 2) for line in seen.behind("G")]
    first: dict[str, list[str]] = {}
    for account in map(_passwd, seen.behind("P")):
        first.setdefault(account["gid"], []).append(account["name"])
    count = Counter(gid for _, gid, _ in lines)
    names = Counter(name for name, _, _ in lines)
    return tuple(
        {
            "name": name,
            "gid": int(gid),
            "members": sorted({m for m in members.split(",") if m} | {*first.get(gid, ())}),
            "duplicate_gid": count[gid] > 1,
            "duplicate_name": names[name] > 1,
        }
        for name, gid, members in lines
    )


def sources(seen: Listing) -> tuple[Record, ...]:
    """Return where accounts come from: nsswitch.conf(5), and `+` lines of NIS.

    Wpasswd:         files systemd sss [NOTFOUND=return]
    N/etc/passwd:31
    """
    found = {}
    for line in seen.behind("W"):
        database, _, words = line.partition(":")
        for word in re.sub(r"\[.*?\]|#.*", "", words).split():
            found[database.strip(), word] = word in _LOCAL
    for line in seen.behind("N"):
        found[line.rsplit("/", 1)[-1].partition(":")[0], "nis"] = False
    return tuple(
        {"database": database, "source": source, "local": local}
        for (database, source), local in found.items()
    )


def shells(seen: Listing) -> tuple[Record, ...]:
    """Return the login shells that /etc/shells names."""
    return tuple(
        {"path": path, "refuses": path.rsplit("/", 1)[-1] in _NO_LOGIN}
        for path in dict.fromkeys(seen.behind("E"))
    )


def defaults(seen: Listing) -> Record:
    """Return what useradd(8) gives new accounts.

    I30
    """
    days = [line for line in seen.behind("I") if line.lstrip("-").isdecimal()]
    return {"inactive_days": int(days[-1]) if days else -1}


def owners(seen: Listing) -> dict[str, tuple[int, int]]:
    """Return the numbers of each account and of its first group."""
    lines = map(_passwd, seen.behind("P"))
    return {line["name"]: (int(line["uid"]), int(line["gid"])) for line in lines}


def members(seen: Listing) -> dict[int, set[str]]:
    """Return the accounts in each group, by the group's number."""
    found: dict[int, set[str]] = {}
    for name, (_, gid) in owners(seen).items():
        found.setdefault(gid, set()).add(name)
    for line in seen.behind("G"):
        _, number, names = line.split(":", 2)
        found.setdefault(int(number), set()).update(name for name in names.split(",") if name)
    return found
