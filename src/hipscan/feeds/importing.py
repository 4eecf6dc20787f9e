"""Importing what `planning` found in files and folders: each whole or not at all."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hipscan.feeds import osv
from hipscan.feeds.base import FeedError, Imported, OlderError
from hipscan.feeds.build import Build
from hipscan.feeds.planning import Work

_MANY: Final = 1_000  # records: a feed that has as many does not lose half of them


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
class Origin:
    """Where a download came from: its address, what it has to be, and of when it is said to be."""

    url: str
    name: str
    confirmed: str


def run(work: Work, build: Build, origin: Origin | None = None) -> tuple[Imported, ...]:
    """Import one work; raise FeedError, after which the build is as it was."""
    before = build.counts()
    try:
        with build.feed_transaction():
            if work.files:
                found = osv.load_records(work.path, work.files, build)
            else:
                found = work.feed.read(work.path, build)
            if work.files or origin:
                _refuse_fewer(found, before)
            _sign(work, build, found, origin)
            return found
    except FeedError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, sqlite3.IntegrityError) as error:
        why = f"{error} is missing" if isinstance(error, LookupError) else str(error)
        raise FeedError(
            f"{work.path} is not what {work.feed.title} should be: {why}",
            hint="get it again, or tell hipscan's makers when its publisher changed it",
        ) from None


def _refuse_fewer(found: Iterable[Imported], before: Mapping[str, int]) -> None:
    """Raise FeedError where most of a large feed would go.

    A publisher has had an accident, or a folder holds single records and not the whole feed. Only a
    file that the user names is taken at its word.
    """
    for imported in found:
        there = before.get(imported.name, 0)
        if there >= _MANY and imported.records * 2 < there:
            raise FeedError(
                f"{imported.name}: these data hold {imported.records:,} records, those in the"
                f" index {there:,}",
                hint="name files of single records to add them to the feed, or import a whole zip",
            )


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
