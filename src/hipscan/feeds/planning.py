"""What files and folders hold: each file recognised by its content, the records of a folder as one.

Whatever is not imported is named, with the reason: nothing of a folder is passed over in silence.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hipscan.errors import UsageError
from hipscan.feeds import table
from hipscan.feeds.base import Feed, FeedError, Sample

_HEAD: Final = 256 * 1024
_MAX_FILES: Final = 1_000_000
_ZIP: Final = b"PK"
_GZIP: Final = b"\x1f\x8b"
_UNKNOWN: Final = "is no feed that hipscan knows"
# What looks like a feed and is none: a mark near the beginning, and what it means.
_NO_FEEDS: Final = (
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

    Raises UsageError for a path that is not there.
    """
    works: list[Work] = []
    strange: list[Strange] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} is not there", hint="name a file or a folder of feeds")
        records: defaultdict[Path, list[Path]] = defaultdict(list)
        for file in _files(path):
            found = _recognised(file, is_named=file == path)
            if isinstance(found, Strange):
                strange.append(found)
            elif found.kind == "osv" and file != path and not _begins(file, _ZIP):
                records[_top(path, file)].append(file)
            else:
                works.append(Work(file, found))
        osv_feed = table.feeds()["osv"]
        works += [Work(folder, osv_feed, tuple(found)) for folder, found in records.items()]
    return works, strange


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


def _recognised(path: Path, *, is_named: bool) -> Feed | Strange:
    """Return the kind of feed, or why there is none. What the user names may be a link."""
    if path.is_symlink() and not is_named:
        return Strange(path, "is a link, which is followed only where it is named itself")
    if not path.is_file():
        return Strange(path, "is not a regular file", is_wrong=True)
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        return Strange(path, f"cannot be read: {error.strerror}", is_wrong=True)
    samples = (Sample(path, start) for start in (_unpacked(head), head))
    feeds = table.feeds().values()
    known = (feed for sample in samples for feed in feeds if feed.recognises(sample))
    return next(known, None) or Strange(path, _why(_unpacked(head)))


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
