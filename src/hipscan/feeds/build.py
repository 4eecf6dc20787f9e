"""How the next index is made: aside, checked, then put in the place of the last one.

A build starts from a copy of the last good index, so that a feed that is not imported keeps its
data. Whatever happens until the rename, a kill included, the last good index stays.
"""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hipscan.errors import OutputError
from hipscan.feeds import schema
from hipscan.feeds.base import FeedError, Imported, OlderError

_NEW: Final = f"{schema.FILE_NAME}.new"
_LOCK: Final = "lock"
_WORTH_PACKING: Final = 4  # a quarter of the pages is free

# What belongs to a feed, in the order in which it is taken away.
_REMOVE: Final = (
    """DELETE FROM affected WHERE package IN (SELECT package.id FROM package
    JOIN ecosystem ON ecosystem.id = package.ecosystem WHERE ecosystem.feed = ?)""",
    "DELETE FROM package WHERE ecosystem IN (SELECT id FROM ecosystem WHERE feed = ?)",
    "DELETE FROM ecosystem WHERE feed = ?",
    "DELETE FROM advisory WHERE feed = ?",
    "DELETE FROM lifecycle WHERE feed = ?",
    "DELETE FROM support WHERE feed = ?",
    "DELETE FROM feed WHERE id = ?",
)


@dataclass(slots=True)
class Build:
    """An index in the making; `connection` is inside a transaction of each feed's own."""

    connection: sqlite3.Connection
    now: str
    changed: bool = False
    known: dict[str, int] = field(default_factory=dict)

    def feed(self, name: str) -> int:
        """Return the number of the feed called `name`, made where it is not there."""
        row = self.connection.execute("SELECT id FROM feed WHERE name = ?", (name,)).fetchone()
        if row:
            return int(row[0])
        found = self.connection.execute(
            "INSERT INTO feed(name, dated, imported, records) VALUES (?, '', ?, 0)",
            (name, self.now),
        )
        return int(found.lastrowid or 0)

    def newest(self, name: str) -> str:
        """Return the time that the data of the feed bear, "" where there are none."""
        row = self.connection.execute("SELECT newest FROM feed WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def remove(self, name: str) -> None:
        """Take a feed and all that belongs to it out of the index."""
        row = self.connection.execute("SELECT id FROM feed WHERE name = ?", (name,)).fetchone()
        if row:
            for statement in _REMOVE:
                self.connection.execute(statement, row)

    def rename(self, name: str, new: str) -> None:
        """Put the feed `name` in the place of the feed `new`."""
        self.remove(new)
        self.connection.execute("UPDATE feed SET name = ? WHERE name = ?", (new, name))

    def sign(self, imported: Imported, *, source: str = "", confirmed: str = "") -> None:
        """Write what was imported into the row of its feed.

        `confirmed` is the time at which the publisher says that the data were the newest. What is
        of a day to come counts as of now: one such record would keep a feed young for ever.
        """
        newest = min(imported.dated, self.now)
        dated = max(newest, min(confirmed, self.now))
        self.connection.execute(
            """UPDATE feed SET dated = ?, newest = ?, imported = ?, records = ?, source = ?
            WHERE id = ?""",
            (dated, newest, self.now, imported.records, source, self.feed(imported.name)),
        )

    def refuse_older(self, name: str, dated: str) -> None:
        """Raise OlderError for data older than those that are there: nobody rolls a feed back."""
        there = self.newest(name)
        if min(dated, self.now) < there:
            raise OlderError(
                f"{name}: these data are of {dated[:10]}, those in the index of {there[:10]}",
                hint="nothing to do; the newer ones are kept",
            )

    def counts(self) -> dict[str, int]:
        """Return how many records each feed has."""
        return dict(self.connection.execute("SELECT name, records FROM feed").fetchall())

    @contextmanager
    def feed_transaction(self) -> Iterator[None]:
        """Let what happens inside happen whole or not at all."""
        self.connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        self.changed = True

    def insert(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Run `statement` with each of `rows`."""
        self.connection.executemany(statement, rows)


@contextmanager
def building(folder: Path) -> Iterator[Build]:
    """Lend a build on the index in `folder`; what it changed is in place when the block ends.

    Raises FeedError when somebody else builds, OutputError when it cannot be written.
    """
    try:
        make_folder(folder)
        with _lock(folder):
            yield from _building(folder)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(
            f"the index of feeds in {folder} could not be written: {reason}",
            hint="the last good one, if any, is untouched; is the disk full?",
        ) from None


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, closed to everybody else; raise OSError."""
    for parent in reversed((folder, *folder.parents)):
        if not parent.exists():
            parent.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FeedError(
                f"another hipscan is working on the feeds in {folder}",
                hint="wait until it has ended",
            ) from None
        yield
    finally:
        os.close(descriptor)


def _building(folder: Path) -> Iterator[Build]:
    new, good = folder / _NEW, folder / schema.FILE_NAME
    _discard(new)
    try:
        build = _begin(new, good)
        try:
            yield build
            if build.changed:
                _finish(build.connection)
        finally:
            build.connection.close()
        if build.changed:
            _replace(new, good)
    finally:
        _discard(new)


def _discard(new: Path) -> None:
    """Remove what an earlier build left; its journal must never be played into another file."""
    for path in (new, new.with_name(f"{new.name}-journal")):
        with suppress(FileNotFoundError):
            path.unlink()


def _begin(new: Path, good: Path) -> Build:
    is_copy = schema.is_usable(good)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    if is_copy:
        shutil.copyfile(good, new)
    connection = sqlite3.connect(new, isolation_level=None)
    # A crash throws the file away, so nothing has to reach the disk before the end.
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-32768")
    connection.execute("PRAGMA temp_store=FILE")
    if not is_copy:
        schema.create(connection)
    return Build(connection, datetime.now(UTC).isoformat(timespec="seconds"))


def _finish(connection: sqlite3.Connection) -> None:
    free, pages = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("freelist_count", "page_count")
    )
    if free * _WORTH_PACKING > pages:
        connection.execute("VACUUM")
    connection.execute("ANALYZE")
    answer = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if answer != "ok":
        raise sqlite3.DatabaseError(f"the new index is damaged: {answer}")


def _replace(new: Path, good: Path) -> None:
    _sync(new, os.O_RDONLY)
    new.replace(good)
    _sync(good.parent, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
