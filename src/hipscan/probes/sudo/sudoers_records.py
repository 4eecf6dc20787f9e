"""Records of sudo: grants with aliases expanded, settings with sudo's defaults."""

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import groupby, islice
from typing import Final

from hipscan.model.fact import Record, Value
from hipscan.probes.sudo.sudoers_escapes import escapes, is_wild
from hipscan.probes.sudo.sudoers_grammar import Command, Default, Grant, Rules

# Commands that give everything: shells, programs that change who one is, and whole folders of
# programs by a closing slash, a star or a regular expression (sudoers(5), "Cmnd").
_EVERYTHING: Final = re.compile(
    r"^(ALL|(/usr)?(/local)?/bin/(sh|dash|bash|zsh|ksh|mksh|fish|su|sudo)"
    r"( (root|-|-l|-i|--login|- root|\*))?"
    r"|(/usr)?/s?bin/\*?( \*)?|/\*/\*|/usr/\*/\*|\^(/(usr/)?(s?bin/)?)?\.[*+]\$)$"
)
_ROOT: Final = frozenset({"ALL", "root", "#0"})
_DEEP: Final = 20
_LIMIT: Final = 5000
# A host that is no name: an address, a network or a netgroup.
_ADDRESS: Final = re.compile(r"\+|[0-9.]+(/[0-9.]+)?$|[0-9a-f]*:[0-9a-f:.]*(/\d+)?$")


def expand(rules: Rules, kind: str, names: Iterable[str]) -> list[str]:
    """Replace aliases by their members, `!` carried inwards.

    Raises ValueError where aliases of aliases come to more than any real file holds.
    """
    found = list(islice(_expand(rules, kind, names, 0), _LIMIT + 1))
    if len(found) > _LIMIT:
        raise ValueError(f"aliases come to more than {_LIMIT} names")
    return found


def _expand(rules: Rules, kind: str, names: Iterable[str], depth: int) -> Iterator[str]:
    for name in names:
        bare = name.lstrip("!")
        marks = len(name) - len(bare)
        members = rules.aliases.get((kind, bare))
        if members is None or depth > _DEEP:
            yield _signed(bare, marks)
            continue
        for member in _expand(rules, kind, members, depth + 1):
            inner = member.lstrip("!")
            yield _signed(inner, marks + len(member) - len(inner))


def _signed(name: str, marks: int) -> str:
    return f"!{name}" if marks % 2 else name


def grant_records(rules: Rules, host: str) -> tuple[Record, ...]:
    """Return a record for each principal and each run of commands with equal tags."""
    records: list[Record] = []
    whole: dict[Value, list[dict[str, Value]]] = {}
    for record in reversed(_all(rules, host)):
        later = whole.setdefault(record["principal"], [])
        records.append({**record, "shadowed": any(_covers(other, record) for other in later)})
        if record["commands"] == ["ALL"] and not record["denied_commands"]:
            later.append(record)
    return tuple(reversed(records))


def _all(rules: Rules, host: str) -> list[dict[str, Value]]:
    each = (record for grant in rules.grants for record in _grant(rules, grant, host))
    found = list(islice(each, _LIMIT + 1))
    if len(found) > _LIMIT:
        raise ValueError(f"more than {_LIMIT} grants")
    return found


def _grant(rules: Rules, grant: Grant, host: str) -> Iterator[dict[str, Value]]:
    principals = expand(rules, "User", grant.users)
    hosts = expand(rules, "Host", grant.hosts)
    out = [name[1:] for name in principals if name.startswith("!")]
    for (tags, run_as, groups), run in groupby(grant.commands, _terms):
        users = ["root"] if run_as is None else expand(rules, "Runas", run_as)
        about = {
            "except": out,
            "hosts": hosts,
            "here": _is_here(hosts, host),
            "run_as": users,
            "as_root": _is_root(users),
            "run_as_groups": expand(rules, "Runas", groups),
            **_allowed(rules, run),
            "tags": list(tags),
            "file": grant.file,
            "line": grant.line,
        }
        for name in principals:
            if not name.startswith("!"):
                nopasswd = _nopasswd(rules, name, tags)
                record = {"principal": name, "kind": _kind(name), **about, "nopasswd": nopasswd}
                yield {"grant": _summary(record), **record}


def _is_root(users: Iterable[str]) -> bool:
    """Say whether root is among those whom commands may run as; the last entry that fits counts."""
    fitting = [name for name in users if name.lstrip("!") in _ROOT]
    return bool(fitting) and not fitting[-1].startswith("!")


def _summary(record: Record) -> str:
    """Return the grant in sudo's own notation: `bob ALL=(root) NOPASSWD: ALL`."""
    words = {key: record[key] for key in ("hosts", "run_as", "run_as_groups", "tags", "commands")}
    hosts, users, groups, tags, commands = (
        ", ".join(map(str, value)) if isinstance(value, Sequence) else ""
        for value in words.values()
    )
    who = f"{users}:{groups}" if groups else users
    marks = f"{tags.replace(', ', ': ')}: " if tags else ""
    return f"{record['principal']} {hosts}=({who}) {marks}{commands}"


def _is_here(hosts: Iterable[str], host: str) -> bool:
    """Say whether the last entry that fits names this host; addresses and netgroups may."""
    here = False
    for name in hosts:
        bare = name.lstrip("!").lower()
        address = bool(_ADDRESS.match(bare))
        names = {host.lower(), host.lower().partition(".")[0]}
        if bare == "all" or address or any(fnmatchcase(each, bare) for each in names):
            here = bare == name.lower() or address
    return here


def _terms(command: Command) -> tuple[tuple[str, ...], tuple[str, ...] | None, tuple[str, ...]]:
    return command.tags, command.run_as, command.run_as_groups


def _allowed(rules: Rules, run: Iterable[Command]) -> dict[str, Value]:
    """Return the commands allowed and denied; the last that fits a command counts."""
    allowed: dict[str, None] = {}
    denied: dict[str, None] = {}
    for command in run:
        for name in expand(rules, "Cmnd", (_signed(command.text, int(command.negated)),)):
            bare = name.lstrip("!")
            if name != bare:
                denied[bare] = None
                allowed = {} if bare == "ALL" else allowed
            else:
                allowed[bare] = None
                denied.pop(bare, None)
    every = any(_EVERYTHING.match(name) for name in allowed)
    return {
        "commands": list(allowed),
        "denied_commands": list(denied),
        "all_commands": every,
        "escapes": [name for name in allowed if escapes(name)],
        "wildcards": [name for name in allowed if is_wild(name)],
    }


def _kind(name: str) -> str:
    if name == "ALL":
        return "all"
    kinds = (
        ("%#", "gid"),
        ("%:", "domain-group"),
        ("%", "group"),
        ("#", "uid"),
        ("+", "netgroup"),
    )
    return next((kind for mark, kind in kinds if name.startswith(mark)), "user")


def _nopasswd(rules: Rules, principal: str, tags: tuple[str, ...]) -> bool:
    if "NOPASSWD" in tags or "PASSWD" in tags:
        return "NOPASSWD" in tags
    asked = True
    for default in rules.defaults:
        mine = default.scope == "user" and _names(rules, default, principal)
        if default.key == "authenticate" and (default.scope == "all" or mine):
            asked = default.value == "on"
    return not asked


def _names(rules: Rules, default: Default, principal: str) -> bool:
    names = set(expand(rules, "User", default.names))
    return principal in names or ("ALL" in names and f"!{principal}" not in names)


def _covers(later: Record, earlier: Record) -> bool:
    """Say whether sudo, which takes the last line that fits, never gets to the earlier one."""
    return all(later[key] in (["ALL"], earlier[key]) for key in ("hosts", "run_as"))


def default_records(rules: Rules) -> tuple[Record, ...]:
    """Return a record for each setting; the last of the same scope is effective."""
    last = {(d.scope, d.names, d.key): d for d in rules.defaults}
    return tuple(
        {
            "key": default.key,
            "value": default.value,
            **_minutes(default),
            "operator": default.operator,
            "scope": default.scope,
            "names": list(default.names),
            "effective": default.operator in {"+=", "-="}
            or last[default.scope, default.names, default.key] is default,
            "file": default.file,
            "line": default.line,
        }
        for default in rules.defaults
    )


def _minutes(default: Default) -> dict[str, Value]:
    if default.key != "timestamp_timeout":
        return {}
    return {"timestamp_seconds": _seconds(default.value)}


def setting_record(rules: Rules, version_line: str) -> Record:
    """Return the settings for everybody, with the defaults of sudoers(5).

    Sudo version 1.9.13p3

    sudo-rs gives a terminal of its own from its first version on; sudoers-rs(5).
    """
    version = version_line.rpartition(" ")[2]
    values = {d.key: d.value for d in rules.defaults if d.scope == "all"}
    logfile = _text(values.get("logfile", ""))
    syslog = values.get("syslog", "authpriv")
    return {
        "version": version,
        "use_pty": _use_pty(values, version, is_rs=version_line.startswith("sudo-rs")),
        "logfile": logfile,
        "syslog": "authpriv" if syslog == "on" else syslog,
        "logged": _is_logged(values, logfile, syslog),
        "log_output": values.get("log_output", "off") == "on",
        "authenticate": values.get("authenticate", "on") == "on",
        "timestamp_seconds": _seconds(values.get("timestamp_timeout", "15")),
        "timestamp_type": values.get("timestamp_type", "tty"),
        "env_reset": values.get("env_reset", "on") == "on",
        "secure_path": _text(values.get("secure_path", "")),
        "visiblepw": values.get("visiblepw", "off") == "on",
        "requiretty": values.get("requiretty", "off") == "on",
        "askpass_target": _target(values),
    }


def _is_logged(values: dict[str, str], logfile: str, syslog: str) -> bool:
    """Say whether a file or the system log gets what was allowed; sudoers(5)."""
    silent = values.get("syslog_goodpri", "notice") in {"none", "off"}
    to_log = syslog != "off" and not silent
    return values.get("log_allowed", "on") == "on" and (bool(logfile) or to_log)


def _text(value: str) -> str:
    return "" if value in {"on", "off"} else value


def _use_pty(values: dict[str, str], version: str, *, is_rs: bool) -> bool | None:
    if "use_pty" in values:
        return values["use_pty"] == "on"
    if is_rs:
        return True
    number = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return tuple(map(int, number.groups())) >= (1, 9, 14) if number else None


def _seconds(minutes: str) -> int | None:
    if minutes == "off":
        return 0
    try:
        value = float(minutes)
    except ValueError:
        return None
    return -1 if value < 0 else min(round(value * 60), 10**9)


def _target(values: dict[str, str]) -> str:
    names = (("rootpw", "root"), ("targetpw", "target"), ("runaspw", "runas"))
    return next((who for key, who in names if values.get(key) == "on"), "user")
