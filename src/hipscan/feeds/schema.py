"""The tables of the index.

    feed       one row a feed; `newest` is the time that its data bear, `dated` the later one at
               which their publisher still stood by them
    ecosystem  "Debian:12" of the feed "osv:Debian"
    package    a name in an ecosystem; `newest` is the key of the newest version that records list
               of it which know no fix, "" where there are none
    advisory   a record of OSV; `cves` are parted by spaces, `sole` is the CVE that it is about
    affected   one interval of versions: from `introduced` up to before `fixed_key`, or up to
               `last_key`; keys are those of hipscan.versions, "" is before every version

Keys of versions are text whose plain order is the package manager's, so SQL compares them.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

APPLICATION: Final = 0x68697073  # "hips"
VERSION: Final = 2
FILE_NAME: Final = "index.sqlite"

TABLES: Final = """
CREATE TABLE feed(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, dated TEXT NOT NULL,
    newest TEXT NOT NULL DEFAULT '', imported TEXT NOT NULL,
    records INTEGER NOT NULL, source TEXT NOT NULL DEFAULT '');
CREATE TABLE ecosystem(
    id INTEGER PRIMARY KEY, feed INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE(feed, name));
CREATE TABLE package(
    id INTEGER PRIMARY KEY, ecosystem INTEGER NOT NULL, name TEXT NOT NULL,
    newest TEXT NOT NULL DEFAULT '', UNIQUE(ecosystem, name));
CREATE TABLE advisory(
    id INTEGER PRIMARY KEY, feed INTEGER NOT NULL, osv TEXT NOT NULL, modified TEXT NOT NULL,
    published TEXT NOT NULL, cves TEXT NOT NULL, sole TEXT NOT NULL, vector TEXT NOT NULL,
    score REAL, rating TEXT NOT NULL, streams TEXT NOT NULL, UNIQUE(feed, osv));
CREATE INDEX advisory_sole ON advisory(sole) WHERE sole != '';
CREATE TABLE affected(
    package INTEGER NOT NULL, advisory INTEGER NOT NULL, seq INTEGER NOT NULL,
    introduced TEXT NOT NULL, fixed_key TEXT, last_key TEXT, fixed TEXT NOT NULL,
    urgency TEXT NOT NULL, needs TEXT NOT NULL, modular INTEGER NOT NULL, broken TEXT NOT NULL,
    PRIMARY KEY(package, advisory, seq)) WITHOUT ROWID;
CREATE TABLE kev(
    cve TEXT PRIMARY KEY, added TEXT NOT NULL, ransomware INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE epss(cve TEXT PRIMARY KEY, score REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE lifecycle(
    feed INTEGER NOT NULL, product TEXT NOT NULL, cycle TEXT NOT NULL, label TEXT NOT NULL,
    ended TEXT NOT NULL, extended_ended TEXT NOT NULL, latest TEXT NOT NULL,
    identifiers TEXT NOT NULL, PRIMARY KEY(product, cycle, feed)) WITHOUT ROWID;
CREATE TABLE support(
    feed INTEGER NOT NULL, release TEXT NOT NULL, source TEXT NOT NULL, version TEXT NOT NULL,
    ended TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY(release, source, feed)) WITHOUT ROWID;
"""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty database."""
    connection.executescript(
        f"{TABLES}PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION};"
    )


def is_ours(connection: sqlite3.Connection) -> bool:
    """Say whether the database is an index of this version."""
    found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _MARKS]
    return found == [APPLICATION, VERSION]


_MARKS: Final = ("application_id", "user_version")


def is_usable(path: Path) -> bool:
    """Say whether `path` is an index of this version that can be opened."""
    try:
        with closing(connect(path)) as connection:
            return is_ours(connection)
    except sqlite3.Error:
        return False


def connect(path: Path) -> sqlite3.Connection:
    """Open `path` read-only; raise sqlite3.Error."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None)
