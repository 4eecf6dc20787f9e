"""apt's sources, in the one-line form and in deb822 (sources.list(5))."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Final

from hipscan.model.fact import Record

# A cdrom's address holds its label in brackets, spaces and all.
_ONE_LINE: Final = re.compile(
    r"\s*deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>(?:\[[^\]]*\]|[^\s\[#])+)\s+(?P<suite>[^\s#]+)"
)
_TRUE: Final = ("1", "yes", "true", "with", "on", "enable")


def apt_repositories(path: str, lines: Sequence[str]) -> list[Record]:
    """Return the repositories of binary packages that a file names.

    deb [arch=amd64 trusted=yes] http://deb.debian.org/debian bookworm main

    Types: deb
    URIs: http://deb.debian.org/debian
    Suites: bookworm bookworm-updates
    Trusted: yes
    """
    found = _stanzas(lines) if path.endswith(".sources") else _one_lines(lines)
    return [record for line, options in found for record in _records(path, line, options)]


Options = Mapping[str, str]


def _one_lines(lines: Iterable[str]) -> Iterator[tuple[int, Options]]:
    for number, line in enumerate(lines, 1):
        match = _ONE_LINE.match(line)
        if match:
            pairs = [option.partition("=") for option in (match["options"] or "").split()]
            options = {name.rstrip("+-").lower(): value for name, _, value in pairs}
            yield number, options | {"uris": match["uri"], "suites": match["suite"]}


def _stanzas(lines: Sequence[str]) -> Iterator[tuple[int, Options]]:
    stanza: dict[str, str] = {}
    start, name = 1, ""
    for number, line in enumerate([*lines, ""], 1):
        if not line.strip():
            if stanza and "deb" in stanza.get("types", "").split():
                yield start, stanza
            stanza, name = {}, ""
        elif line.startswith("#"):
            continue
        elif line[0] in " \t" and name:
            stanza[name] += " " + line.strip()
        else:
            start = start if stanza else number
            name, _, value = line.partition(":")
            name = name.strip().lower()
            stanza[name] = value.strip()


def _records(path: str, line: int, options: Options) -> Iterator[Record]:
    trusted = _flag(options, "trusted")
    insecure = _flag(options, "allow-insecure") or _flag(options, "allow-downgrade-to-insecure")
    for uri, suite in _pairs(options):
        yield {
            "manager": "apt",
            "uri": uri,
            "suite": suite,
            "scheme": uri.partition(":")[0],
            "enabled": _flag(options, "enabled", default="yes"),
            "verified": not (trusted or insecure),
            "trusted": trusted,
            "allow_insecure": insecure,
            "file": path,
            "line": line,
        }


def _pairs(options: Options) -> Iterable[tuple[str, str]]:
    uris, suites = options.get("uris", ""), options.get("suites", "")
    if uris.startswith("cdrom:"):
        return [(uris, suites)]
    return product(uris.split(), suites.split())


def _flag(options: Options, name: str, *, default: str = "no") -> bool:
    return options.get(name, default).lower() in _TRUE
