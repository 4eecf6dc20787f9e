"""GNOME's settings that an administrator made for everybody: dconf's key files, locks, databases.

dconf reads system databases that a profile names (dconf(7)); they are compiled from the key files
of /etc/dconf/db/NAME.d, of which the last by name wins, by `dconf update`. A key named in locks/
cannot be changed by users. Debian's login screen also takes /etc/gdm3/greeter.dconf-defaults.
"""

import re
from collections.abc import Iterator, Mapping
from posixpath import basename, dirname
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, absent, missing
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Listing,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.files.config_syntax import ini

GREETER: Final = "/etc/gdm3/greeter.dconf-defaults"

SCRIPT: Final = rf"""
set --
for path in /etc/dconf/profile/* /usr/share/dconf/profile/* {GREETER}; do
  [ ! -f "$path" ] || set -- "$@" "$path"
done
for folder in /etc/dconf/db/*.d; do
  [ -d "$folder" ] || continue
  {{ [ -r "$folder" ] && [ -x "$folder" ]; }} || {{ note denied "$folder"; continue; }}
  base=${{folder%.d}}
  state=current
  [ -e "$base" ] || state=none
  for path in "$folder"/* "$folder"/locks/*; do
    [ -f "$path" ] || continue
    set -- "$@" "$path"
    if [ "$state" = current ] && [ "$path" -nt "$base" ]; then state=old; fi
  done
  printf 'db %s %s\n' "${{base##*/}}" "$state"
done
[ -d /etc/dconf ] || note_missing /etc/dconf
[ $# -eq 0 ] || files "$@"
printf 'end\n'
"""

SETTING_FIELDS: Final = {
    "key": Field(FieldType.TEXT, "the key with its path: /org/gnome/desktop/session/idle-delay"),
    "database": Field(FieldType.TEXT, "the database: local, gdm, ..."),
    "value": Field(FieldType.TEXT, "the value as written, without quotes"),
    "number": Field(FieldType.INTEGER, "the value, where it is a number: uint32 300 is 300"),
    "locked": Field(FieldType.BOOLEAN, "whether users are kept from changing it"),
    "used": Field(
        FieldType.BOOLEAN,
        "whether it is the one that holds: in a database that the profile of"
        " users names (of gdm for the login screen), hidden by no other",
    ),
    "file": Field(FieldType.TEXT, "the key file"),
    "line": Field(FieldType.INTEGER, "the line of the file"),
}
DATABASE_FIELDS: Final = {
    "name": Field(FieldType.TEXT, "the database"),
    "state": Field(FieldType.TEXT, "current; old: a key file is newer; none: never compiled"),
    "used": Field(FieldType.BOOLEAN, "whether a profile names it"),
}

_GREETER_NAME: Final = ""  # Debian's file is the last database of the login screen's profile
_NUMBER: Final = re.compile(r"^(?:u?int(?:16|32|64) )?(-?\d{1,15})$")


def parse(text: str, _status: int) -> Facts:
    """Parse profiles, key files, locks, and whether the databases are newer than these.

    db local old
    F/etc/dconf/profile/user
    :user-db:user
    :system-db:local
    F/etc/dconf/db/local.d/00-screen
    :[org/gnome/desktop/session]
    :idle-delay=uint32 300
    F/etc/dconf/db/local.d/locks/00-screen
    :/org/gnome/desktop/session/idle-delay
    end
    """
    seen = listing(text)
    notes = [note for note in seen.notes if note.kind != "absent"]
    if "end" not in seen.plain:
        raise ValueError("the answer has no end")
    if not seen.files and not notes and not any(line[:3] == "db " for line in seen.plain):
        gone = absent("dconf has no settings of an administrator")
        return {"dconf_setting": gone, "dconf_database": gone}
    return {
        "dconf_setting": judge_notes(notes, list(_settings(seen))),
        "dconf_database": _databases(seen, denied=bool(notes)),
    }


def _profiles(seen: Listing) -> dict[str, list[str]]:
    """Return the system databases that each profile names, the strongest first.

    A profile in /etc takes the place of one of that name below /usr/share (dconf(7)).
    """
    made: dict[str, list[str]] = {}
    for path in sorted((path for path in seen.files if "/dconf/profile/" in path), reverse=True):
        words = [line.partition("#")[0].strip() for line in seen.files[path]]
        made[basename(path)] = [word[10:] for word in words if word.startswith("system-db:")]
    return made


def _used(seen: Listing) -> set[str]:
    return {name for names in _profiles(seen).values() for name in names}


def _orders(profiles: Mapping[str, list[str]], key: str) -> list[list[str]]:
    """Return the databases of each profile that counts: the login screen has one of its own."""
    if key.startswith("/org/gnome/login-screen/"):
        return [[*profiles.get("gdm", ()), _GREETER_NAME]]
    return [names for profile, names in profiles.items() if profile != "gdm"]


def _database(path: str) -> tuple[str, bool]:
    """Return the database that a file belongs to, and whether it is a file of locks."""
    folder = dirname(path)
    is_lock = basename(folder) == "locks"
    if is_lock:
        folder = dirname(folder)
    return basename(folder).removesuffix(".d") if folder.endswith(".d") else "", is_lock


def _settings(seen: Listing) -> Iterator[Record]:
    locks = {
        (name, line.strip())
        for path, lines in seen.files.items()
        for name, is_lock in (_database(path),)
        if is_lock
        for line in lines
    }
    last: dict[tuple[str, str], Record] = {}
    for path in sorted(seen.files, key=basename):
        name, is_lock = (_GREETER_NAME, False) if path == GREETER else _database(path)
        if is_lock or (not name and path != GREETER):
            continue
        for setting in ini(seen.files[path]):
            key = f"/{setting.section}/{setting.key}"
            record: dict[str, Value] = {
                "key": key,
                "database": "gdm" if path == GREETER else name,
                "value": setting.value.strip("'\""),
                "file": path,
                "line": setting.line,
            }
            number = _NUMBER.match(setting.value)
            last[name, key] = {**record, "number": int(number[1])} if number else record
    profiles = _profiles(seen)
    for (name, key), made in last.items():
        holds = False
        locked = False
        for order in _orders(profiles, key):
            locking = [at for at, each in enumerate(order) if (each, key) in locks]
            # A lock in a database also hides what the databases before it say.
            deciding = [each for each in order[max(locking, default=0) :] if (each, key) in last]
            if deciding[:1] == [name]:
                holds, locked = True, locked or bool(locking)
        yield {**made, "locked": locked or (not holds and (name, key) in locks), "used": holds}


def _databases(seen: Listing, *, denied: bool) -> Fact:
    used = _used(seen)
    records: list[Record] = []
    for line in seen.plain:
        match line.split(" "):
            case ["db", name, state]:
                records.append({"name": name, "state": state, "used": name in used})
            case _:
                pass
    if denied:
        return missing(FactStatus.DENIED, "a folder of dconf may not be read")
    return judge_notes((), records)


PROBE: Final = Probe(
    name="dconf",
    facts=(
        FactSpec(
            "dconf_setting",
            "A setting of GNOME that an administrator made for everybody.",
            ("key", "database"),
            SETTING_FIELDS,
        ),
        FactSpec("dconf_database", "A system database of dconf.", ("name",), DATABASE_FIELDS),
    ),
    script=SCRIPT,
    parse=parse,
)
