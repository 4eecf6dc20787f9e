"""Importing files and folders of feeds: recognised by what is in them, each whole or not at all."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hipscan.errors import UsageError
from hipscan.feeds import osv, table
from hipscan.feeds.base import Feed, FeedError, Imported, OlderError, Sample
from hipscan.feeds.build import Build

_HEAD: Final = 256 * 1024
_MAX_FILES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that nothing was imported from. `is_kept`: because what is there is newer."""

    path: Path
    error: FeedError

    @property
    def is_kept(self) -> bool:
        """Say whether there is nothing wrong with the file but its age."""
        return isinstance(self.error, OlderError)


@dataclass(frozen=True, slots=True)
class Work:
    """Files that are one import: a file of a feed, or a folder's records of OSV."""

    path: Path
    feed: Feed
    files: tuple[Path, ...] = ()


def plan(paths: Iterable[Path]) -> tuple[list[Work], list[Path]]:
    """Return what is to be imported from `paths`, and the files in which nothing was recognised.

    Raises UsageError for a path that is not there.
    """
    works: list[Work] = []
    strange: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} is not there", hint="name a file or a folder of feeds")
        records: defaultdict[Path, list[Path]] = defaultdict(list)
        for file in _files(path):
            feed, is_record = _recognised(file)
            if feed is None:
                strange.append(file)
            elif is_record and file != path:
                records[_top(path, file)].append(file)
            else:
                works.append(Work(file, feed))
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
        if file.is_file() and not file.is_symlink():
            yield file


def _top(folder: Path, file: Path) -> Path:
    """Return the folder right below `folder` in which `file` is, or `folder` itself."""
    parts = file.relative_to(folder).parts
    return folder / parts[0] if len(parts) > 1 else folder


def _recognised(path: Path) -> tuple[Feed | None, bool]:
    """Return (the kind of feed, whether it is a single record of OSV)."""
    try:
        with path.open("rb") as stream:
            sample = Sample(path, stream.read(_HEAD))
    except OSError as error:
        raise FeedError(f"{path} cannot be read: {error.strerror}") from None
    feed = next((feed for feed in table.feeds().values() if feed.recognises(sample)), None)
    return feed, bool(feed and feed.kind == "osv" and not sample.head.startswith(b"PK"))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a download came from: its address, what it has to be, and of when it is said to be."""

    url: str
    name: str
    confirmed: str


def run(work: Work, build: Build, origin: Origin | None = None) -> tuple[Imported, ...]:
    """Import one work; raise FeedError, after which the build is as it was."""
    try:
        with build.feed_transaction():
            if work.files:
                found = osv.load_records(work.path, work.files, build)
            else:
                found = work.feed.read(work.path, build)
            _sign(work, build, found, origin)
            return found
    except FeedError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, sqlite3.IntegrityError) as error:
        raise FeedError(
            f"{work.path} is not what {work.feed.title} should be: {error}",
            hint="get it again, or tell hipscan's makers when its publisher changed it",
        ) from None


def _sign(work: Work, build: Build, found: Iterable[Imported], origin: Origin | None) -> None:
    for imported in found:
        if origin is None:
            build.sign(imported, source=str(work.path))
        elif imported.name != origin.name:
            raise FeedError(f"{origin.url} is not {origin.name}, but {imported.name}")
        else:
            build.sign(imported, source=origin.url, confirmed=origin.confirmed)


def run_all(works: Iterable[Work], build: Build) -> tuple[list[Imported], list[Failure]]:
    """Import all works; one that fails changes nothing and does not keep the others from it."""
    done: list[Imported] = []
    failures: list[Failure] = []
    for work in works:
        try:
            done += run(work, build)
        except FeedError as error:
            failures.append(Failure(work.path, error))
    newest = {imported.name: imported for imported in done}
    return list(newest.values()), failures
