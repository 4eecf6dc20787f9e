r"""The dialect of smb.conf(5), which rsyncd.conf(5) shares: sections, synonyms, inheritance.

Blanks and case do not matter in names, the last setting wins. What [global] says of a parameter of
shares is the default of the shares that come after it.

    [Global]                          ->  global   maptoguest  Bad User
    Map To Guest = Bad User
    [scans]                           ->  scans    guestok     yes
    public = yes
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

# Other names of parameters that mean the same.
SYNONYMS: Final[Mapping[str, str]] = {
    "public": "guestok",
    "onlyguest": "guestonly",
    "smbencrypt": "serversmbencrypt",
    "minprotocol": "serverminprotocol",
    "directory": "path",
    "allowhosts": "hostsallow",
    "denyhosts": "hostsdeny",
    "vfsobject": "vfsobjects",
    "printok": "printable",
    "unixextensions": "smb1unixextensions",
}
# Other names of readonly, with the opposite value.
_OPPOSITE: Final = frozenset({"writeable", "writable", "writeok"})
_YES: Final = frozenset({"yes", "true", "1", "on"})


@dataclass(slots=True)
class Section:
    """A share or module: its name as written, and what holds for it, defaults included.

    `own` are the names that it sets itself, which a copy of another section leaves as they are.
    """

    name: str
    held: dict[str, str] = field(default_factory=dict)
    file: str = ""
    own: set[str] = field(default_factory=set)

    def put(self, key: str, value: str) -> None:
        """Set a parameter; of two the last one holds."""
        self.held[key] = value
        self.own.add(key)

    def copy(self, other: "Section") -> None:
        """Take over all of another section, its defaults included, but for what this one sets."""
        kept = {key: self.held[key] for key in self.own if key in self.held}
        self.held = {**other.held, **kept}


@dataclass(slots=True)
class Sections:
    """What was read so far: the global settings, and the sections in order."""

    glob: Section = field(default_factory=lambda: Section("global"))
    sections: dict[str, Section] = field(default_factory=dict)

    def enter(self, name: str, file: str) -> Section:
        """Return the section that `[name]` opens; a new one starts with the defaults."""
        key = name.lower()
        if key in ("global", "globals"):
            return self.glob
        if key not in self.sections:
            self.sections[key] = Section(name, dict(self.glob.held), file)
        return self.sections[key]


def is_yes(held: Mapping[str, str], key: str, *, default: bool = False) -> bool:
    """Return a switch."""
    value = held.get(key, "").lower()
    return value in _YES if value else default


def settings(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (`[`, name of a section) and (name, value), the name as `normal` has it."""
    for line in lines:
        text = line.strip()
        if text.startswith("["):
            yield "[", re.sub(r"\s+", " ", text[1:].partition("]")[0].strip())
        elif "=" in text and text[0] not in "#;":
            key, _, value = text.partition("=")
            yield normal(key, value.strip())


def normal(key: str, value: str) -> tuple[str, str]:
    """Return a parameter by its first name; writable = yes becomes readonly = no."""
    plain = re.sub(r"\s+", "", key).lower()
    if plain in _OPPOSITE:
        return "readonly", "no" if value.lower() in _YES else "yes"
    return SYNONYMS.get(plain, plain), value
