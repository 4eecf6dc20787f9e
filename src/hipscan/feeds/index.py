"""Reading the index: what it knows of what is installed. Never writes."""

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from hipscan.feeds import schema
from hipscan.feeds.stock import Item
from hipscan.model.advisory import FeedState

# What is installed, once for each ecosystem that it is looked up in.
_WANTED: Final = """
CREATE TEMP TABLE IF NOT EXISTS wanted(
    n INTEGER, ecosystem INTEGER, name TEXT, key TEXT, PRIMARY KEY(n, ecosystem)) WITHOUT ROWID;
CREATE TEMP TABLE IF NOT EXISTS doubted(n INTEGER, cve TEXT);
CREATE TEMP TABLE IF NOT EXISTS asked(cve TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_IN_INTERVAL: Final = """affected.introduced <= wanted.key
    AND (affected.fixed_key IS NULL OR wanted.key < affected.fixed_key)
    AND (affected.last_key IS NULL OR wanted.key <= affected.last_key)"""
_HITS: Final = f"""
SELECT wanted.n, wanted.ecosystem, advisory.osv, advisory.modified, advisory.published,
    advisory.cves, advisory.sole, advisory.vector, advisory.score, advisory.rating,
    advisory.streams, affected.fixed, affected.fixed_key, affected.urgency, affected.needs,
    affected.modular, affected.broken
FROM wanted
CROSS JOIN package ON package.ecosystem = wanted.ecosystem AND package.name = wanted.name
CROSS JOIN affected ON affected.package = package.id
CROSS JOIN advisory ON advisory.id = affected.advisory
WHERE {_IN_INTERVAL}"""  # noqa: S608  # no value in it
# Written as EXISTS and IN, so that SQLite searches by index: of a join with a table of its own that
# it knows no size of, it makes a filter first, for which it reads all that there is.
_SETTLED: Final = f"""
SELECT DISTINCT doubted.n, wanted.ecosystem, doubted.cve
FROM doubted JOIN wanted ON wanted.n = doubted.n
WHERE EXISTS (
    SELECT 1 FROM advisory
    CROSS JOIN package ON package.ecosystem = wanted.ecosystem AND package.name = wanted.name
    CROSS JOIN affected ON affected.package = package.id AND affected.advisory = advisory.id
    WHERE advisory.sole = doubted.cve AND advisory.sole != ''
    AND affected.fixed_key IS NOT NULL AND NOT ({_IN_INTERVAL}))"""  # noqa: S608  # the same
_PAST: Final = f"""
SELECT DISTINCT wanted.n, wanted.ecosystem, advisory.cves FROM wanted
CROSS JOIN package ON package.ecosystem = wanted.ecosystem AND package.name = wanted.name
CROSS JOIN affected ON affected.package = package.id
CROSS JOIN advisory ON advisory.id = affected.advisory
WHERE affected.fixed_key IS NOT NULL AND NOT affected.modular
AND NOT ({_IN_INTERVAL})"""  # noqa: S608  # the same
_KNOWN: Final = """
SELECT DISTINCT doubted.n, wanted.ecosystem, wanted.key, package.newest, (
    SELECT max(coalesce(fixed_key, last_key, introduced)) FROM affected
    WHERE affected.package = package.id)
FROM doubted JOIN wanted ON wanted.n = doubted.n
CROSS JOIN package ON package.ecosystem = wanted.ecosystem AND package.name = wanted.name"""
_SCORES: Final = """
SELECT sole, max(score), vector FROM advisory
WHERE sole != '' AND sole IN (SELECT cve FROM asked) AND score IS NOT NULL GROUP BY sole"""


class Hit(NamedTuple):
    """A record that an installed item falls into; `n` is the place of the item in its stock."""

    n: int
    ecosystem: str
    osv: str
    modified: str
    published: str
    cves: tuple[str, ...]
    sole: str
    vector: str
    score: float | None
    rating: str
    streams: tuple[str, ...]
    fixed: str
    fixed_key: str
    urgency: str
    needs: str
    modular: bool
    broken: str


@dataclass(frozen=True, slots=True)
class Index:
    """An open index. It belongs to the thread that opened it."""

    connection: sqlite3.Connection

    def feeds(self) -> tuple[FeedState, ...]:
        """Return the feeds that are in it, by name."""
        rows = self.connection.execute(
            """SELECT name, dated, imported, records, source FROM feed
            WHERE dated != '' ORDER BY name"""
        )
        return tuple(FeedState(*row) for row in rows)

    def support(self, release: str) -> tuple[tuple[str, str, str], ...] | None:
        """Return (pattern of source names, day, why) of Debian's packages whose support ends early.

        None where the index has no list for the release.
        """
        if not any(feed.name == f"support:{release}" for feed in self.feeds()):
            return None
        rows = self.connection.execute(
            "SELECT source, ended, why FROM support WHERE release = ? ORDER BY source", (release,)
        )
        return tuple(rows.fetchall())

    def cycles(self, product: str, feed: str) -> tuple[tuple[str, str, str, str], ...]:
        """Return (release, end of support, end of extended support, latest) of a product.

        An end is an ISO date, "past", or "" where it is not known. The feed `endoflife` has its
        own names of products; `releases:debian` and `releases:ubuntu` have the distribution's.
        """
        rows = self.connection.execute(
            """SELECT cycle, ended, extended_ended, latest FROM lifecycle
            WHERE product = ? AND feed = (SELECT id FROM feed WHERE name = ?) ORDER BY cycle""",
            (product, feed),
        )
        return tuple(rows.fetchall())

    def ecosystems(self, pattern: str) -> dict[int, str]:
        """Return the ecosystems whose whole name matches `pattern`, by their number."""
        rows = self.connection.execute("SELECT id, name FROM ecosystem").fetchall()
        return {number: name for number, name in rows if re.fullmatch(pattern, name)}

    def hits(
        self, ecosystems: dict[int, str], items: Sequence[tuple[int, Item, str]]
    ) -> Iterator[Hit]:
        """Yield the records that (place, item, key of its version) fall into."""
        self.connection.execute("DELETE FROM wanted")
        self.connection.executemany(
            "INSERT INTO wanted VALUES (?, ?, ?, ?)",
            [(n, eco, item.name, key) for n, item, key in items for eco in ecosystems],
        )
        for n, eco, osv, modified, published, cves, *rest in self.connection.execute(_HITS):
            sole, vector, score, rating, streams, fixed, fixed_key, *last = rest
            urgency, needs, modular, broken = last
            yield Hit(
                n=n,
                ecosystem=ecosystems[eco],
                osv=osv,
                modified=modified,
                published=published,
                cves=tuple(cves.split()),
                sole=sole,
                vector=vector,
                score=score,
                rating=rating,
                streams=tuple(streams.split()),
                fixed=fixed,
                fixed_key=fixed_key or "",
                urgency=urgency,
                needs=needs,
                modular=bool(modular),
                broken=broken,
            )

    def settled(
        self, ecosystems: dict[int, str], doubted: Iterable[tuple[int, str]]
    ) -> set[tuple[int, str, str]]:
        """Return (place, ecosystem, CVE) where the record of the CVE itself says it is fixed.

        Only of `doubted` (place, CVE), among the items of the last call of `hits`.
        """
        self._doubt(doubted)
        rows = self.connection.execute(_SETTLED)
        return {(n, ecosystems[number], cve) for n, number, cve in rows}

    def past(self, ecosystems: Collection[int]) -> set[tuple[int, str]]:
        """Return (place, CVE) of which a record in one of `ecosystems` has a fix that is there.

        Among the items of the last call of `hits`, and not of modules.
        """
        rows = self.connection.execute(_PAST) if ecosystems else ()
        return {
            (n, cve) for n, number, cves in rows if number in ecosystems for cve in cves.split()
        }

    def ahead(self, ecosystems: dict[int, str], places: Iterable[int]) -> set[tuple[int, str]]:
        """Return (place, ecosystem) of what is newer than every version that the index knows of it.

        Only of items at `places`, among those of the last call of `hits`.
        """
        self._doubt((n, "") for n in places)
        return {
            (n, ecosystems[number])
            for n, number, version, listed, ranged in self.connection.execute(_KNOWN)
            if version > max(listed, ranged) > ""
        }

    def _doubt(self, rows: Iterable[tuple[int, str]]) -> None:
        self.connection.execute("DELETE FROM doubted")
        self.connection.executemany("INSERT INTO doubted VALUES (?, ?)", rows)

    def ask(self, cves: Iterable[str]) -> None:
        """Say which CVEs the next questions are about."""
        self.connection.execute("DELETE FROM asked")
        self.connection.executemany(
            "INSERT OR IGNORE INTO asked VALUES (?)", [(cve,) for cve in cves]
        )

    def scores(self) -> dict[str, tuple[float, str]]:
        """Return (CVSS score, vector) of the CVEs asked for, from any feed that has one."""
        return {cve: (score, vector) for cve, score, vector in self.connection.execute(_SCORES)}

    def exploited(self) -> dict[str, tuple[str, bool]]:
        """Return (day, used by ransomware) of the CVEs asked for that are known exploited."""
        rows = self.connection.execute(
            "SELECT cve, added, ransomware FROM kev WHERE cve IN (SELECT cve FROM asked)"
        )
        return {cve: (added, bool(ransomware)) for cve, added, ransomware in rows}

    def likelihoods(self) -> dict[str, float]:
        """Return the EPSS of the CVEs asked for."""
        rows = self.connection.execute(
            "SELECT cve, score FROM epss WHERE cve IN (SELECT cve FROM asked)"
        )
        return dict(rows.fetchall())


@contextmanager
def opened(folder: Path) -> Iterator[Index | None]:
    """Lend the index in `folder`, None where there is no usable one."""
    path = folder / schema.FILE_NAME
    if not path.is_file() or not schema.is_usable(path):
        yield None
        return
    with closing(schema.connect(path)) as connection:
        connection.executescript(f"PRAGMA temp_store=MEMORY; {_WANTED}")
        yield Index(connection)
