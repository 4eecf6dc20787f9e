"""Who offers what is installed: packages that come from others than the distribution.

A package of Debian's does not say who built it, and one of another vendor only seldom. Where it
can be had tells: `apt-cache policy` names the repositories of the installed version.

    base http://deb.debian.org/debian bookworm/main
    served http://packages.ward.example/debian stable/main|nginx nginx-module-njs
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Record
from hipscan.probes.packages.apt_lists import place_of

# Debian, Debian Backports, Ubuntu, UbuntuESM: all built by the distribution.
_DISTRIBUTIONS: Final = ("Debian", "Ubuntu")

Source = tuple[str, str]
"""URI and suite of a repository."""


@dataclass(slots=True)
class Offers:
    """Who offers base-files, and who the packages that are not of the most common repository."""

    base: list[Source] = field(default_factory=list)
    served: list[tuple[list[Source], list[str]]] = field(default_factory=list)

    def take(self, word: str, rest: str) -> None:
        """Read a line, `base` or `served`; raise ValueError for another one."""
        sources, _, names = rest.partition("|")
        if word == "base":
            self.base = _sources(sources.split(" "))
        else:
            self.served.append((_sources(sources.split(" ")), names.split(" ")))

    def foreign(self, lists: Mapping[str, Record]) -> Iterator[Record]:
        """Yield the packages that only others offer than who offers the distribution's base.

        `lists` are the records of the package lists, by place. Whoever has a mirror under a name
        of their own offers base-files too; what has no name is theirs where it is on their host.
        """
        own = {_origin(source, lists) for source in self.base}
        hosts = {place_of(*source).partition("/")[0] for source in self.base}
        for sources, names in self.served if own - {""} else ():
            origins = {_origin(source, lists) for source in sources} - {""}
            nameless = {place_of(*source) for source in sources if not _origin(source, lists)}
            is_own = any(origin.startswith((*_DISTRIBUTIONS, *own - {""})) for origin in origins)
            if is_own or hosts & {place.partition("/")[0] for place in nameless}:
                continue
            for name in names:
                yield {"manager": "apt", "package": name, "origin": min(origins or nameless)}


def _sources(words: Sequence[str]) -> list[Source]:
    """Return the sources in URI SUITE/COMPONENT URI SUITE/COMPONENT ..."""
    pairs = zip(words[::2], words[1::2], strict=True)
    return [(uri, suite.rpartition("/")[0]) for uri, suite in pairs]


def _origin(source: Source, lists: Mapping[str, Record]) -> str:
    """Return the Origin of a repository's Release file, "" where it has none."""
    return str(lists.get(place_of(*source), {}).get("origin") or "")
