"""What files and folders hold: each file recognised by its content, the records of a folder as one.

Whatever is not imported is named, with the reason: nothing of a folder is passed over in silence.
"""

import os
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hipscan.errors import UsageError
from hipscan.feeds import ecosystems, table
from hipscan.feeds.base import Feed, FeedError, Sample

_HEAD: Final = 256 * 1024
_MAX_FILES: Final = 1_000_000
_ZIP: Final = b"PK"
_GZIP: Final = b"\x1f\x8b"
_ECOSYSTEM: Final = re.compile(rb'"ecosystem"\s*:\s*"([^":]*)')
_UNKNOWN: Final = "is no feed that hipscan knows"
# What looks like a feed and is none: a mark near the beginning, and what it means.
_NO_FEEDS: Final = (
    (b"openvex.dev/ns", "has statements of OpenVEX, which hipscan takes with --vex"),
    (b"cveID,vendorProject,", "is CISA's list as CSV; get known_exploited_vulnerabilities.json"),
    (b'"cycle":', "is of version 0 of endoflife.date's API; get /api/v1/products/full"),
    (b'"$schema"', "describes a feed, it is none"),
    (
        b"# List of packages whose security support ends",
        "does not tell in its name of which release it is; security-support-ended.deb12 does",
    ),
)


@dataclass(frozen=True, slots=True)
class Work:
    """Files that are one import: a file of a feed, or a folder's records of OSV."""

    path: Path
    feed: Feed
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Strange:
    """A file that is not imported, and why. `is_wrong`: it might be a feed, but was not read."""

    path: Path
    why: str
    is_wrong: bool = False


def plan(paths: Iterable[Path]) -> tuple[list[Work], list[Strange]]:
    """Return what is to be imported from `paths`, and the files of which nothing is.

    Of several zips of one feed the largest comes last and stays: beside `Debian/all.zip`, older
    copies of osv.dev's bucket have one of each release. Raises UsageError for a path that is not
    there.
    """
    works: list[Work] = []
    strange: list[Strange] = []
    folders: defaultdict[Path, _Records] = defaultdict(_Records)
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} is not there", hint="name a file or a folder of feeds")
        for file in _files(path):
            found, head = _recognised(file, is_named=file == path)
            if isinstance(found, Strange):
                strange.append(found)
            elif found.kind == "osv" and file != path and not _begins(file, _ZIP):
                folders[_top(path, file)].add(file, head)
            else:
                works.append(Work(file, found))
    works.sort(key=_weight)
    osv_feed = table.feeds()["osv"]
    for folder, records in _of_one_feed(folders):
        if records.bases:
            works.append(Work(folder, osv_feed, tuple(records.files)))
        else:
            strange.append(Strange(folder, "holds no record of an ecosystem that hipscan judges"))
    return works, strange


@dataclass(slots=True)
class _Records:
    """Files with a record of OSV each, and the ecosystems that they are about."""

    files: list[Path] = field(default_factory=list)
    bases: set[str] = field(default_factory=set)

    def add(self, file: Path, head: bytes) -> None:
        """Take a file that begins with `head`."""
        self.files.append(file)
        named = (match.decode("utf-8", "replace") for match in _ECOSYSTEM.findall(head))
        self.bases.update(name for name in named if name in ecosystems.SCHEMES)


def _of_one_feed(folders: Mapping[Path, _Records]) -> Iterator[tuple[Path, _Records]]:
    """Yield the folders; as one those that are about the same ecosystem, be it by year or release.

    Each takes the place of the whole feed: alone, the next would take away what one has brought.
    """
    found: list[tuple[Path, _Records]] = []
    for folder, records in folders.items():
        near = [other for other in found if other[1].bases & records.bases]
        found = [other for other in found if other not in near]
        together = [*near, (folder, records)]
        merged = _Records(
            [file for _, part in together for file in part.files],
            {base for _, part in together for base in part.bases},
        )
        found.append((Path(os.path.commonpath([place for place, _ in together])), merged))
    yield from found


def _weight(work: Work) -> int:
    """Return the size of a zip, 0 of all that only one file brings."""
    return work.path.stat().st_size if work.feed.kind == "osv" and _begins(work.path, _ZIP) else 0


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for count, file in enumerate(sorted(path.rglob("*"))):
        if count > _MAX_FILES:
            raise FeedError(f"{path} holds more files than hipscan takes")
        if file.is_symlink() or not file.is_dir():
            yield file


def _top(folder: Path, file: Path) -> Path:
    """Return the folder right below `folder` in which `file` is, or `folder` itself."""
    parts = file.relative_to(folder).parts
    return folder / parts[0] if len(parts) > 1 else folder


def _recognised(path: Path, *, is_named: bool) -> tuple[Feed | Strange, bytes]:
    """Return the kind of feed, or why there is none, and how the file begins, unpacked.

    What the user names may be a link.
    """
    if path.is_symlink() and not is_named:
        return Strange(path, "is a link, which is followed only where it is named itself"), b""
    if not path.is_file():
        return Strange(path, "is not a regular file", is_wrong=True), b""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        return Strange(path, f"cannot be read: {error.strerror}", is_wrong=True), b""
    start = _unpacked(head)
    samples = (Sample(path, each) for each in (start, head))
    feeds = table.feeds().values()
    known = (feed for sample in samples for feed in feeds if feed.recognises(sample))
    return next(known, None) or Strange(path, _why(start)), start


def _unpacked(head: bytes) -> bytes:
    """Return the beginning of what is in gzip; what is damaged stays as it is."""
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, _HEAD) or head
    except zlib.error:
        return head


def _begins(path: Path, mark: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(mark)) == mark


def _why(head: bytes) -> str:
    start = head[:4096]
    return next((why for mark, why in _NO_FEEDS if mark in start), _UNKNOWN)
