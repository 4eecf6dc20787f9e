"""Module streams of records whose summary names none, told from the records around them.

    ALSA-2024:4499  ruby security update        ruby 2.5.9-112.module_el8.10.0+3871+342e2c2f
    ALSA-2022:6447  ruby:2.5 security update    ruby 2.5.9-110.module_el8.6.0+3187+a21e9a3d

A module's packages keep their versions for many advisories, and other streams have others. So each
package of a record is a vote for the streams that fixed it in the same version. One is elected by
half of the packages, with twice the votes of every other. Of AlmaLinux's 708 records that name
their stream, left out one by one, that gives 402 the same stream, one another, and 305 none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hipscan.feeds.build import Build

_CLEAR: Final = 2
_NAMELESS: Final = """SELECT advisory.id, affected.package, affected.fixed
FROM affected JOIN advisory ON advisory.id = affected.advisory
WHERE affected.modular AND advisory.feed = ? AND advisory.streams = ''"""
_NAMED: Final = """SELECT affected.fixed, advisory.streams
FROM affected JOIN advisory ON advisory.id = affected.advisory
WHERE affected.package = ? AND affected.modular AND advisory.streams != ''"""

_Version = tuple[int, str]  # of a package, without its release


def write(build: Build, feeds: Iterable[int]) -> None:
    """Write into the index which stream each record of `feeds` is about that names none."""
    for feed in feeds:
        versions: defaultdict[int, set[_Version]] = defaultdict(set)
        for advisory, package, fixed in build.connection.execute(_NAMELESS, (feed,)):
            versions[advisory].add((package, _upstream(fixed)))
        packages = {package for found in versions.values() for package, _ in found}
        named = _named(build, packages)
        rows = [
            (_elected([named.get(version, set()) for version in found]), advisory)
            for advisory, found in versions.items()
        ]
        build.insert("UPDATE advisory SET streams = ? WHERE id = ?", rows)


def _named(build: Build, packages: Iterable[int]) -> Mapping[_Version, set[str]]:
    """Return the streams that are named by records with each version of `packages`."""
    streams: defaultdict[_Version, set[str]] = defaultdict(set)
    for package in packages:
        for fixed, said in build.connection.execute(_NAMED, (package,)):
            streams[package, _upstream(fixed)].update(said.split())
    return streams


def _elected(ballots: Sequence[Iterable[str]]) -> str:
    votes = Counter(stream for ballot in ballots for stream in ballot)
    (first, most), (_, next_most) = [*votes.most_common(2), ("", 0), ("", 0)][:2]
    return first if _CLEAR * most >= len(ballots) and most >= _CLEAR * next_most else ""


def _upstream(version: str) -> str:
    """Return 1:2.5.9 of 1:2.5.9-112.module_el8.10.0+3871+342e2c2f."""
    return version.rpartition("-")[0]
