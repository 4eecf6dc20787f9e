"""Module streams of records whose summary names none, told from the records around them.

    ALSA-2024:4499  ruby security update        ruby 2.5.9-112.module_el8.10.0+3871+342e2c2f
    ALSA-2022:6447  ruby:2.5 security update    ruby 2.5.9-110.module_el8.6.0+3187+a21e9a3d

A module's packages keep their versions for many advisories, and other streams have others. So each
package of a record is a vote for the streams that fixed it in the same version; a stream counts
that has at least twice the votes of every other. Left out one by one, 541 of 557 records of
AlmaLinux that do name their stream have it among those with most votes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

from hipscan.feeds.build import Build

_CLEAR: Final = 2
_NAMELESS: Final = """SELECT advisory.id, affected.package, affected.fixed
FROM affected JOIN advisory ON advisory.id = affected.advisory
WHERE affected.modular AND advisory.feed = ? AND advisory.streams = ''"""
_NAMED: Final = """SELECT affected.fixed, advisory.streams
FROM affected JOIN advisory ON advisory.id = affected.advisory
WHERE affected.package = ? AND affected.modular AND advisory.streams != ''"""


def write(build: Build, feeds: Iterable[int]) -> None:
    """Write into the index which stream each record of `feeds` is about that names none."""
    for feed in feeds:
        builds: defaultdict[int, set[tuple[int, str]]] = defaultdict(set)
        for advisory, package, fixed in build.connection.execute(_NAMELESS, (feed,)):
            builds[advisory].add((package, _upstream(fixed)))
        rows = [(_elected(build, found), advisory) for advisory, found in builds.items()]
        build.insert("UPDATE advisory SET streams = ? WHERE id = ?", rows)


def _elected(build: Build, builds: Iterable[tuple[int, str]]) -> str:
    votes: Counter[str] = Counter()
    for package, upstream in builds:
        rows = build.connection.execute(_NAMED, (package,))
        same = [streams for fixed, streams in rows if _upstream(fixed) == upstream]
        votes.update(set(" ".join(same).split()))
    (first, most), (_, next_most) = [*votes.most_common(2), ("", 0), ("", 0)][:2]
    return first if most >= _CLEAR * next_most else ""


def _upstream(version: str) -> str:
    """Return 1:2.5.9 of 1:2.5.9-112.module_el8.10.0+3871+342e2c2f."""
    return version.rpartition("-")[0]
