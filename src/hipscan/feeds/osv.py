"""OSV: what osv.dev publishes of an ecosystem (all.zip), or the same records in a folder.

A zip or folder is the whole of its ecosystem and takes the place of what the index had of it. A
single record is added to it; a withdrawn one takes its older version away. The feed is named by
its content: "osv:Debian" where every record is about Debian.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hipscan.feeds import archive, ecosystems, osv_ids, osv_streams
from hipscan.feeds.base import Feed, FeedError, Imported, Sample
from hipscan.feeds.build import Build
from hipscan.feeds.osv_record import Record, read

_STAGED: Final = "new:"
_KEY: Final = re.compile(rb'"(?:schema_version|affected)"\s*:')
# What vendors keep beside their records: statements of OpenVEX, which are no feed.
_STATEMENTS: Final = b"https://openvex.dev/ns"
_HEAD: Final = 1024
_TOLERATED: Final = 100  # one record in so many may be of a wrong shape
_AFFECTED: Final = "INSERT INTO affected VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_NEWEST: Final = "UPDATE package SET newest = max(newest, ?) WHERE id = ?"
_ADVISORY: Final = """INSERT INTO advisory(feed, osv, modified, published, cves, sole, vector,
    score, rating, streams) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass(slots=True)
class _Filling:
    """Puts records into staged feeds, one for each ecosystem that they are about."""

    build: Build
    prefix: str
    feeds: dict[str, int] = field(default_factory=dict)
    packages: dict[tuple[str, str], int] = field(default_factory=dict)
    ecosystems: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    newest: dict[str, str] = field(default_factory=dict)
    listed: dict[int, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    links: osv_ids.Links = field(default_factory=osv_ids.Links)
    records: int = 0
    skipped: int = 0

    def add(self, record: Record) -> None:
        """Put in a record, unless a later version of it is there."""
        if record.modified < self.seen.get(record.id, ""):
            return
        if record.id in self.seen:
            self._remove(record.id)
        self.seen[record.id] = record.modified
        if record.withdrawn or not record.affected:
            return
        self.records += 1
        self.links.add(record)
        for base in sorted({ecosystems.base(item.ecosystem) for item in record.affected}):
            self._insert(base, record)

    def _insert(self, base: str, record: Record) -> None:
        if base not in self.feeds:
            self.feeds[base] = self.build.feed(f"{self.prefix}osv:{base}")
        feed = self.feeds[base]
        self.counts[base] += 1
        self.newest[base] = max(self.newest.get(base, ""), record.modified)
        cursor = self.build.connection.execute(_ADVISORY, _advisory_row(feed, record))
        advisory = int(cursor.lastrowid or 0)
        self.build.insert(_AFFECTED, self._affected_rows(base, advisory, record))

    def _affected_rows(
        self, base: str, advisory: int, record: Record
    ) -> Iterator[tuple[object, ...]]:
        for seq, item in enumerate(record.affected):
            if ecosystems.base(item.ecosystem) != base:
                continue
            found = item.interval
            package = self._package(base, item.ecosystem, item.name)
            if item.newest:
                self.listed[package] = max(item.newest, self.listed.get(package, ""))
            yield (
                package,
                advisory,
                seq,
                found.introduced,
                found.fixed_key,
                found.last_key,
                found.fixed,
                item.urgency,
                item.needs,
                item.modular,
                found.broken,
            )

    def _package(self, base: str, ecosystem: str, name: str) -> int:
        key = (ecosystem, name)
        if key not in self.packages:
            if ecosystem not in self.ecosystems:
                self.ecosystems[ecosystem] = self._number(
                    "ecosystem", "feed", self.feeds[base], ecosystem
                )
            self.packages[key] = self._number(
                "package", "ecosystem", self.ecosystems[ecosystem], name
            )
        return self.packages[key]

    def _number(self, table: str, parent: str, number: int, name: str) -> int:
        """Return the number of a name below its parent; it is made where it is not there."""
        connection = self.build.connection
        row = connection.execute(
            f"SELECT id FROM {table} WHERE {parent} = ? AND name = ?",  # noqa: S608  # own names
            (number, name),
        ).fetchone()
        if row:
            return int(row[0])
        statement = f"INSERT INTO {table}({parent}, name) VALUES (?, ?)"  # noqa: S608  # the same
        return int(connection.execute(statement, (number, name)).lastrowid or 0)

    def _remove(self, identity: str) -> None:
        connection, found = self.build.connection, False
        for base, feed in self.feeds.items():
            row = connection.execute(
                "SELECT id FROM advisory WHERE feed = ? AND osv = ?", (feed, identity)
            ).fetchone()
            if row:
                _forget(connection, row[0])
                self.counts[base] -= 1
                found = True
        self.records -= found

    def end(self) -> None:
        """Write what only all records together tell."""
        self.links.write(self.build, self.feeds.values())
        osv_streams.write(self.build, self.feeds.values())
        self.build.insert(_NEWEST, [(newest, package) for package, newest in self.listed.items()])


def _forget(connection: sqlite3.Connection, advisory: int) -> None:
    # `affected` is ordered by package, so the packages are asked first.
    packages = connection.execute(
        "SELECT DISTINCT package FROM affected WHERE advisory = ?", (advisory,)
    ).fetchall()
    connection.executemany(
        "DELETE FROM affected WHERE package = ? AND advisory = ?",
        [(package, advisory) for (package,) in packages],
    )
    connection.execute("DELETE FROM advisory WHERE id = ?", (advisory,))


def _advisory_row(feed: int, record: Record) -> tuple[object, ...]:
    return (
        feed,
        record.id,
        record.modified,
        record.published,
        " ".join(record.cves),
        record.sole,
        record.vector,
        record.score,
        record.rating,
        record.streams,
    )


def load(path: Path, build: Build) -> tuple[Imported, ...]:
    """Put a zip of records into the index, in the place of its ecosystems' feeds; or one record."""
    if not _is_zip(path):
        return _add_one(path, build)
    return _load_whole(str(path), archive.documents(path), build)


def load_records(folder: Path, files: Sequence[Path], build: Build) -> tuple[Imported, ...]:
    """Put the records in `files`, all below `folder`, into the index as a zip would be."""
    return _load_whole(str(folder), archive.files(folder, files), build)


def _load_whole(
    where: str, documents: Iterable[tuple[str, bytes]], build: Build
) -> tuple[Imported, ...]:
    filling = _Filling(build, _STAGED)
    _fill(filling, where, documents)
    if not filling.feeds:
        raise FeedError(f"{where} holds no record of an ecosystem that hipscan judges")
    filling.end()
    return tuple(_finish(filling, base) for base in _kept(filling))


def _is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"PK"


def _fill(filling: _Filling, where: str, documents: Iterable[tuple[str, bytes]]) -> None:
    for name, text in documents:
        if _STATEMENTS in text[:_HEAD]:
            continue
        try:
            record = read(archive.parse(name, text))
        except ValueError:
            filling.skipped += 1
            continue
        if record is not None:
            filling.add(record)
    if filling.skipped * _TOLERATED > filling.skipped + filling.records:
        raise FeedError(
            f"{where}: {filling.skipped} of its documents are not records of OSV",
            hint="is it a feed of another kind?",
        )


def _kept(filling: _Filling) -> list[str]:
    """Return the ecosystems that the file is the whole of; what else is in it is left out.

    Records of one ecosystem mention others. A file in which no ecosystem is in all records is
    that of all ecosystems.
    """
    whole = [base for base, count in filling.counts.items() if count == filling.records]
    kept = sorted(whole or filling.feeds)
    for base in filling.feeds.keys() - set(kept):
        filling.build.remove(f"{_STAGED}osv:{base}")
    return kept


def _finish(filling: _Filling, base: str) -> Imported:
    name = f"osv:{base}"
    dated = filling.newest[base]
    filling.build.refuse_older(name, dated)
    filling.build.rename(f"{_STAGED}{name}", name)
    return Imported(name, dated, filling.counts[base], filling.skipped)


def _add_one(path: Path, build: Build) -> tuple[Imported, ...]:
    record = read(archive.parse(path.name, archive.content(path)))
    if record is None:
        raise FeedError(f"{path} is a record about no package")
    filling = _Filling(build, "")
    bases = sorted({ecosystems.base(item.ecosystem) for item in record.affected})
    bases = bases or _bases_with(build, record.id)
    if not bases:
        raise FeedError(f"{path} is about no ecosystem that hipscan judges")
    filling.feeds = {base: build.feed(f"osv:{base}") for base in bases}
    filling.seen[record.id] = _modified(build, record.id)
    filling.add(record)
    filling.end()
    return tuple(_counted(build, base, record.modified) for base in bases)


def _bases_with(build: Build, identity: str) -> list[str]:
    rows = build.connection.execute(
        "SELECT feed.name FROM advisory JOIN feed ON feed.id = advisory.feed WHERE osv = ?",
        (identity,),
    )
    return sorted(str(name).removeprefix("osv:") for (name,) in rows)


def _modified(build: Build, identity: str) -> str:
    row = build.connection.execute(
        "SELECT max(modified) FROM advisory WHERE osv = ?", (identity,)
    ).fetchone()
    return str(row[0] or "")


def _counted(build: Build, base: str, modified: str) -> Imported:
    name = f"osv:{base}"
    count = build.connection.execute(
        "SELECT count(*) FROM advisory WHERE feed = ?", (build.feed(name),)
    ).fetchone()[0]
    return Imported(name, max(build.newest(name), modified), int(count))


def _recognises(sample: Sample) -> bool:
    if sample.head.startswith(b"PK"):
        return True
    return sample.head.lstrip().startswith(b"{") and _KEY.search(sample.head) is not None


FEED: Final = Feed("osv", "known vulnerabilities (osv.dev)", _recognises, load)
