"""How long logrotate keeps what (logrotate(8)): the global settings and those of each log. Pure.

/var/log/syslog
/var/log/mail.log
{
    rotate 4
    weekly
    maxage 30
}
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hipscan.model.fact import Record
from hipscan.probes.base import Field, FieldType
from hipscan.probes.gathering import by_precedence

MAINS: Final = ("/etc/logrotate.conf", "/usr/etc/logrotate.conf")
FOLDERS: Final = ("/etc/logrotate.d", "/usr/etc/logrotate.d")
FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the log, as the file names it; patterns are left as they are"),
    "days": Field(FieldType.INTEGER, "how many days of it stay; left out where size alone decides"),
    "rotations": Field(FieldType.INTEGER, "how many old ones are kept; -1 for all"),
    "file": Field(FieldType.TEXT, "the file that says so"),
}
_DAYS: Final = {"hourly": 0, "daily": 1, "weekly": 7, "monthly": 30, "yearly": 365}
_SCRIPTS: Final = ("postrotate", "prerotate", "firstaction", "lastaction", "preremove")
# Ends of names that it passes over (tabooext).
_TABOO: Final = (
    *(".bak", ".cfsaved", ".disabled", ".dpkg-bak", ".dpkg-del", ".dpkg-dist", ".dpkg-new"),
    *(".dpkg-old", ".dpkg-tmp", ".new", ".old", ".orig", ".rpmnew", ".rpmorig", ".rpmsave"),
    *(".swp", ".ucf-dist", ".ucf-new", ".ucf-old", ",v", "~"),
)
_FOREVER: Final = 36500


def read(files: Mapping[str, Sequence[str]]) -> Iterator[Record]:
    """Yield a record for each log of each block."""
    main = next((path for path in MAINS if path in files), "")
    if not main:
        return
    base: dict[str, int] = {}
    yield from _file(main, files[main], base)
    for path in by_precedence(files, FOLDERS):
        if path.endswith(_TABOO):
            continue
        yield from _file(path, files[path], dict(base))


def _file(path: str, lines: Sequence[str], base: dict[str, int]) -> Iterator[Record]:
    """Read one file; what stands outside of blocks goes into `base`."""
    names: list[str] = []
    block: dict[str, int] | None = None
    in_script = False
    for raw in lines:
        line = raw.partition("#")[0].strip()
        if in_script or line.startswith(_SCRIPTS):
            in_script = line != "endscript"
            continue
        for word in re.findall(r"[{}]|[^{}]+", line):
            part = word.strip()
            if part == "{":
                block = dict(base)
            elif part == "}" and block is not None:
                yield from (_record(name, block, path) for name in names)
                names, block = [], None
            elif part.startswith(("/", '"/')) and block is None:
                names += [name.strip('"') for name in re.findall(r'"[^"]+"|\S+', part)]
            elif part:
                _setting(part, base if block is None else block)


def _setting(text: str, made: dict[str, int]) -> None:
    key, *rest = text.replace("=", " ").split(None, 1) or ("",)
    number = "".join(rest).strip()
    if key in _DAYS:
        made["every"] = _DAYS[key]
        made.pop("size", None)
    elif key in {"rotate", "maxage"} and re.fullmatch(r"-?\d+", number):
        made[key] = int(number)
    elif key == "size":
        made["size"] = 1


def _record(name: str, made: Mapping[str, int], path: str) -> Record:
    rotations = made.get("rotate", 0)
    record: dict[str, str | int] = {"path": name, "rotations": rotations, "file": path}
    if "size" in made or "every" not in made:
        return record
    days = _FOREVER if rotations < 0 else made["every"] * (rotations + 1)
    return {**record, "days": min(days, made.get("maxage", _FOREVER))}
