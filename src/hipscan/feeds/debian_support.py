"""debian-security-support: packages whose support ends before that of their release.

    # List of packages whose security support ends before the distribution EOL
    dnsdist   1.7.3-2   2025-10-01   No security support upstream

`security-support-ended.deb12` is about Debian 12: source, last version with support, its end, why.
`security-support-limited` has source and why; names are patterns (golang.*). The files bear no
date; they count as of the day of their import. A file's name tells which release it is about,
since nothing inside does.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hipscan.feeds import archive
from hipscan.feeds.base import Feed, Imported, Sample
from hipscan.feeds.build import Build

_ROW: Final = "INSERT OR REPLACE INTO support VALUES (?, ?, ?, ?, ?, ?)"
_ENDED: Final = b"# List of packages whose security support ends"
_LIMITED: Final = b"# List of packages where security support is limited"
_RELEASE: Final = re.compile(r"\.deb([0-9]+)$")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9+.*-]*")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def load(path: Path, build: Build) -> tuple[Imported, ...]:
    """Put the list of one release, or the list of limited support, into the index."""
    text = archive.content(path).decode("utf-8")
    match = _RELEASE.search(path.name)
    release = match[1] if match else ""
    is_limited = text.encode().lstrip().startswith(_LIMITED)
    name = f"support:{'limited' if is_limited else release}"
    build.remove(name)
    feed = build.feed(name)
    rows = list(_limited(feed, text) if is_limited else _ended(feed, release, text))
    build.insert(_ROW, rows)
    return (Imported(name, build.now, len(rows)),)


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip() and line[0] != "#")


def _ended(feed: int, release: str, text: str) -> Iterator[tuple[object, ...]]:
    for line in _lines(text):
        source, version, ended, *why = line.split(maxsplit=3)
        if not _NAME.fullmatch(source) or not _DATE.fullmatch(ended):
            raise ValueError(f"{line[:80]!r} is not: source, version, date")
        yield feed, release, source, version, ended, "".join(why)


def _limited(feed: int, text: str) -> Iterator[tuple[object, ...]]:
    for line in _lines(text):
        source, *why = line.split(maxsplit=1)
        if not _NAME.fullmatch(source):
            raise ValueError(f"{line[:80]!r} is not: source, why")
        yield feed, "", source, "", "", "".join(why)


def _recognises(sample: Sample) -> bool:
    head = sample.head.lstrip()
    return head.startswith(_LIMITED) or (
        head.startswith(_ENDED) and bool(_RELEASE.search(sample.path.name))
    )


FEED: Final = Feed("support", "Debian packages with less support", _recognises, load)
