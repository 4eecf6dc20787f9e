"""distro-info-data: the releases of Debian and Ubuntu, and until when each is supported.

    version,codename,series,created,release,eol,eol-lts,eol-elts
    12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-06-10,2028-06-30,2033-06-30

Debian's file has eol-lts and eol-elts, Ubuntu's eol-server, eol-esm and eol-legacy. The files bear
no date; they count as of the day of their import.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hipscan.feeds import archive
from hipscan.feeds.base import Feed, FeedError, Imported, Sample
from hipscan.feeds.build import Build

_ROW: Final = "INSERT OR REPLACE INTO lifecycle VALUES (?, ?, ?, ?, ?, ?, '', '')"
_HEAD: Final = "version,codename,series,created,release,eol"
_EXTENDED: Final = {"debian": "eol-lts", "ubuntu": "eol-esm"}


def load(path: Path, build: Build) -> tuple[Imported, ...]:
    """Put the releases of one distribution into the index."""
    lines = archive.content(path).decode("utf-8").splitlines()
    if not lines or not lines[0].startswith(_HEAD):
        raise FeedError(f"{path} is not a list of releases")
    system = "ubuntu" if "eol-esm" in lines[0] else "debian"
    name = f"releases:{system}"
    build.remove(name)
    rows = list(_rows(build.feed(name), system, lines))
    if not rows:
        raise FeedError(f"{path} lists no release")
    build.insert(_ROW, rows)
    return (Imported(name, build.now, len(rows)),)


def _rows(feed: int, system: str, lines: list[str]) -> Iterator[tuple[object, ...]]:
    for row in csv.DictReader(lines):
        if not row["version"]:
            continue  # sid and experimental
        version = row["version"].removesuffix(" LTS")
        label = f"{version} ({row['codename']})"
        extended = row.get(_EXTENDED[system]) or ""
        yield feed, system, version, label, row["eol"] or "", extended


def _recognises(sample: Sample) -> bool:
    return sample.head.startswith(_HEAD.encode())


FEED: Final = Feed("releases", "releases of Debian and Ubuntu", _recognises, load)
