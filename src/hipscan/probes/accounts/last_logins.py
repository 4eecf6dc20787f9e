"""When accounts logged in last: lastlog as text or file, lastlog2 and wtmpdb as SQLite files.

Debian 12 has lastlog(8) to say it; where SSSD is a source of accounts, as on RHEL from the start,
the file is read instead, since lastlog(8) would ask the directory. Debian 13 has not, but its
sshd still writes /var/log/lastlog, and sessions to /var/lib/wtmpdb/wtmp.db (wtmpdb(8)); with
pam_lastlog2 last logins also stand in /var/lib/lastlog/lastlog2.db (liblastlog2). All of them know
of logins with a terminal only. The target sends the small files whole; SQLite reads them here from
memory, with limits of steps and sizes: a file from a host may be anything.
"""

import base64
import binascii
import re
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from typing import Final, Literal

_WHEN: Final = re.compile(r"(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d [+-]\d{4} \d{4})$", re.ASCII)
_STEPS: Final = 2_000_000  # of SQLite's machine; a table of 10,000 accounts takes 200,000
_LENGTH: Final = 1_000_000  # of one value
_MICROSECONDS: Final = 1_000_000
_FIRST: Final = 1000  # the account with which the part of lastlog begins that the target sends
_ENTRY: Final = 292
_ORDERS: Final[tuple[Literal["little", "big"], ...]] = ("little", "big")
_PLAUSIBLE: Final = range(946_684_800, 4_102_444_800)  # this century

Logins = Mapping[str, int | None]

# Each table, and how its times become seconds since 1970.
_QUESTIONS: Final = (
    ("Lastlog2", "SELECT Name, MAX(Time) FROM Lastlog2 GROUP BY Name", 1),
    ("wtmp", "SELECT User, MAX(Login) FROM wtmp WHERE Type = 3 GROUP BY User", _MICROSECONDS),
)


def by_lastlog(lines: Iterable[str]) -> dict[str, int | None]:
    """Return the last login of each name by lastlog(8), None for never.

    ann              pts/0    10.0.0.1         Fri Sep 19 07:57:22 +0000 2025
    bob                                        **Never logged in**
    """
    found: dict[str, int | None] = {}
    for line in lines:
        when = _WHEN.search(line)
        if when:
            moment = datetime.strptime(when[1], "%a %b %d %H:%M:%S %z %Y")
            found[line.split()[0]] = int(moment.timestamp())
        elif line.endswith("**Never logged in**"):
            found[line.split()[0]] = None
    return found


def by_database(text: str) -> tuple[str, dict[str, int]] | None:
    """Return a database's table and the last login of each name in it; None: not readable.

    `text` is base64.

    A Python whose SQLite cannot open a file from memory lacks `deserialize`.
    """
    try:
        content = bytearray(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        return None
    if len(content) < 100:  # noqa: PLR2004  # the header alone (SQLite file format, 1.3)
        return None
    content[18:20] = b"\x01\x01"  # a write-ahead log is not here: read without it
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            return _ask(database, bytes(content))
    except (sqlite3.Error, sqlite3.Warning, AttributeError, MemoryError, OverflowError):
        return None


def _ask(database: sqlite3.Connection, content: bytes) -> tuple[str, dict[str, int]] | None:
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LENGTH)
    database.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, _LENGTH)
    database.setlimit(sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100)
    database.deserialize(content)
    database.set_progress_handler(lambda: 1, _STEPS)  # a result of 1 ends the query
    database.execute("PRAGMA trusted_schema = OFF")
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    names = {name for (name,) in tables}
    for table, question, unit in _QUESTIONS:
        if table in names:
            rows = database.execute(question).fetchall()
            return table, {
                name: time // unit
                for name, time in rows
                if isinstance(name, str) and isinstance(time, int) and time > 0
            }
    return None


def by_file(text: str, numbers: Mapping[str, int]) -> dict[str, int]:
    """Return the last login of each name from the end of /var/log/lastlog, base64.

    The file is an array by number of account, here from 1000 on: four bytes of time, 32 of
    terminal, 256 of host (lastlog(5)). A time of 0 says nothing: only sshd writes it there.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return {}
    found = {}
    for name, number in numbers.items():
        at = (number - _FIRST) * _ENTRY
        if 0 <= at <= len(content) - 4:
            times = (int.from_bytes(content[at : at + 4], order) for order in _ORDERS)
            when = next((time for time in times if time in _PLAUSIBLE), 0)
            if when:
                found[name] = when
    return found


def last_logins(
    lines: Iterable[str], databases: Iterable[str], others: Mapping[str, int]
) -> tuple[Logins, bool] | None:
    """Return the last login of each name and whether a name without one never logged in.

    `others` are times that some names have beside. None where nothing keeps a record that could
    be read. Of wtmpdb old sessions are moved away, so that who is not in it may have logged in
    before.
    """
    text = list(lines)
    read = [found for each in databases if (found := by_database(each)) is not None]
    if not text and not read and not others:
        return None
    known: dict[str, int | None] = by_lastlog(text)
    for logins in (others, *(logins for _, logins in read)):
        for name, when in logins.items():
            known[name] = max(when, known.get(name) or 0)
    return known, any(table == "Lastlog2" for table, _ in read)
