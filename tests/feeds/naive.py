"""A second reading of OSV, as straightforward as can be: every record, every event, in a loop.

It shares nothing with hipscan.feeds: versions are compared by univers.
"""

import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cmp_to_key
from pathlib import Path
from typing import Any, Final

from univers.debian import compare_versions as univers_dpkg
from univers.rpm import compare_rpm_versions as univers_rpm

Compare = Callable[[str, str], int]
_CVE: Final = re.compile(r"CVE-\d+-\d+")


def dpkg(a: str, b: str) -> int:
    """Compare versions of Debian."""
    return int(univers_dpkg(a, b))  # type: ignore[no-untyped-call]  # univers has no types


def rpm(a: str, b: str) -> int:
    """Compare versions of rpm."""
    return int(univers_rpm(a, b))


@dataclass(frozen=True)
class Entry:
    """What one record says of one package of one ecosystem: the ranges, and the CVEs."""

    id: str
    summary: str
    cves: frozenset[str]
    ranges: tuple[tuple[tuple[str, str], ...], ...]

    def is_hit(self, version: str, compare: Compare) -> bool:
        """Say whether the version is in any range."""
        return any(_inside(events, version, compare) for events in self.ranges)

    @property
    def fixes(self) -> list[str]:
        """Return the versions that end a range."""
        return [text for events in self.ranges for kind, text in events if kind == "fixed"]


def _inside(events: tuple[tuple[str, str], ...], version: str, compare: Compare) -> bool:
    inside = False
    order = cmp_to_key(compare)
    lowest = [(kind, "0~~" if text == "0" else text) for kind, text in events]
    for kind, text in sorted(lowest, key=lambda event: order(event[1])):
        if kind == "introduced" and (text == "0~~" or compare(version, text) >= 0):
            inside = True
        if kind == "fixed" and compare(version, text) >= 0:
            inside = False
    return inside


def entries(path: Path, ecosystem: str) -> dict[str, list[Entry]]:
    """Return what the records of a zip say of an ecosystem, by package."""
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for record in records(path):
        names = [record["id"], *record.get("related", []), *record.get("aliases", [])]
        cves = frozenset(name for name in names if _CVE.fullmatch(name))
        ranges: defaultdict[str, list[tuple[tuple[str, str], ...]]] = defaultdict(list)
        for affected in record.get("affected", []):
            if affected["package"]["ecosystem"] == ecosystem:
                ranges[affected["package"]["name"]] += [
                    tuple(next(iter(event.items())) for event in item["events"])
                    for item in affected.get("ranges", [])
                    if item["type"] == "ECOSYSTEM"
                ]
        for package, said in ranges.items():
            entry = Entry(record["id"], record.get("summary", ""), cves, tuple(said))
            found[package].append(entry)
    return dict(found)


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a zip that are not withdrawn."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            record = json.loads(archive.read(name))
            if not record.get("withdrawn"):
                yield record


def debian_cves(found: list[Entry], version: str) -> set[str]:
    """Return the CVEs that a version has: what records of CVEs say, else what advisories say."""
    own = {entry.id: entry.is_hit(version, dpkg) for entry in found if _CVE.fullmatch(entry.id)}
    advised = {
        cve
        for entry in found
        if not _CVE.fullmatch(entry.id) and entry.is_hit(version, dpkg)
        for cve in entry.cves
    }
    return {cve for cve, is_hit in own.items() if is_hit} | (advised - own.keys())
