"""Lines of redis.conf and of ACL files: how they split, what they include, what an ACL allows.

Sources: redis.conf and the ACL page of the documentation.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from hipscan.probes.allow_list import beside
from hipscan.probes.base import Listing


@dataclass(frozen=True, slots=True)
class Line:
    """One directive: its name in lower case, and its words."""

    key: str
    values: tuple[str, ...]


def split_line(line: str) -> list[Line]:
    """Split a line as the server does: words, or quoted strings."""
    text = line.strip()
    if not text or text.startswith("#"):
        return []
    try:
        key, *values = shlex.split(text)
    except ValueError:
        key, *values = text.split()
    return [Line(key.lower(), tuple(values))]


def read_lines(path: str, read: Listing, depth: int = 0) -> Iterator[Line]:
    """Yield the directives of a file, those of included files where they are named."""
    for line in read.files.get(path, ()):
        for each in split_line(line):
            if each.key != "include" or not each.values:
                yield each
            elif depth < 5:  # noqa: PLR2004  # the server itself has no limit; files do not nest so
                wanted = beside(each.values[0], path)
                for file in sorted(name for name in read.files if fnmatchcase(name, wanted)):
                    yield from read_lines(file, read, depth + 1)


def is_passwordless(rules: Sequence[str]) -> bool:
    """Say whether an ACL lets the user in without a password; it begins with a user that is off."""
    on = free = False
    for rule in rules:
        match rule.lower():
            case "on" | "off" as state:
                on = state == "on"
            case "nopass":
                free = True
            case "resetpass":
                free = False
            case "reset":
                on = free = False
            case text if text[:1] in (">", "#"):
                free = False
    return on and free
