"""How lines of key-value files are read: one small reader for each dialect, all pure.

A reader takes the lines of one file and yields what they set, with the line it stands on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One assignment of a file."""

    section: str
    key: str
    value: str
    line: int


Reader = Callable[[Sequence[str]], Iterator[Setting]]


def continued(lines: Sequence[str], comments: str = "") -> Iterator[tuple[int, str]]:
    """Yield (number of the first line, text) with lines that end in a backslash joined.

    A comment inside a continued line is passed over, as systemd does (systemd.syntax(7)).
    """
    start, held = 0, ""
    for number, line in enumerate(lines, 1):
        if held and comments and line.lstrip()[:1] in tuple(comments):
            continue
        start = start or number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        yield start, held + line
        start, held = 0, ""
    if held:
        yield start, held


def ini(lines: Sequence[str]) -> Iterator[Setting]:
    """Read systemd's dialect.

    [Journal]
    # a comment
    Storage=persistent
    """
    section = ""
    for number, raw in continued(lines, "#;"):
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif line and line[0] not in "#;" and "=" in line:
            key, _, value = line.partition("=")
            yield Setting(section, key.strip(), value.strip(), number)


def ini_section(lines: Sequence[str], section: str) -> Iterator[Setting]:
    """Read the settings of one section; systemd passes over those before any section."""
    return (setting for setting in ini(lines) if setting.section == section)


def equals(lines: Sequence[str]) -> Iterator[Setting]:
    """Read `minlen = 12`, and flags that stand alone (pwquality.conf, faillock.conf).

    minlen = 12   # a comment
    enforce_for_root
    """
    for number, raw in enumerate(lines, 1):
        line = raw.partition("#")[0].strip()
        if line:
            key, _, value = line.partition("=")
            yield Setting("", key.strip(), value.strip(), number)


def spaced(lines: Sequence[str]) -> Iterator[Setting]:
    """Read `key value` (login.defs, chrony.conf); the value may be quoted.

    UMASK           022
    makestep 1.0 3
    """
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if line and line[0] not in "#!;%":
            key, *rest = line.split(None, 1)
            yield Setting("", key, rest[0] if rest else "", number)


def connections(lines: Sequence[str]) -> Iterator[Setting]:
    """Read ipsec.conf(5): the connection is the section.

    conn lab-partner
        right=192.0.2.7
    """
    section = ""
    for number, raw in enumerate(lines, 1):
        line = raw.partition("#")[0].rstrip()
        words = line.split()
        if line[:1].strip() and len(words) == 2:  # noqa: PLR2004  # conn NAME
            section = words[1] if words[0] == "conn" else ""
        elif section and "=" in line:
            key, _, value = line.strip().partition("=")
            yield Setting(section, key.strip(), value.strip(), number)


def limits(lines: Sequence[str]) -> Iterator[Setting]:
    """Read limits.conf(5): the domain is the section, `hard core` the key; `-` sets both.

    *  hard  core  0
    """
    for number, raw in enumerate(lines, 1):
        match raw.partition("#")[0].split():
            case [domain, kind, item, value]:
                for each in ("soft", "hard") if kind == "-" else (kind,):
                    yield Setting(domain, f"{each} {item}", value, number)
            case _:
                pass
