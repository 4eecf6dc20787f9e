"""Kill imports at random points and look at the index each time.

    python -m tests.feeds.killing FOLDER ZIP ZIP COUNT

Imports the zips in turn, each in a child of its own that is killed by its process id. Prints how
many were killed before they ended; fails when the index is not whole or lost another feed.
"""

import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from hipscan.feeds import osv, schema
from hipscan.feeds.build import building


def _import(folder: Path, path: Path) -> None:
    with building(folder) as build, build.feed_transaction():
        for imported in osv.load(path, build):
            build.sign(imported)


def _child(folder: Path, path: Path) -> int:
    """Start an import in a child; return its process id."""
    pid = os.fork()
    if pid == 0:
        _import(folder, path)
        os._exit(0)
    return pid


def _look(folder: Path) -> None:
    with closing(sqlite3.connect(folder / schema.FILE_NAME)) as connection:
        answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
        feeds = connection.execute("SELECT count(*) FROM feed WHERE records > 0").fetchone()[0]
        rows = connection.execute("SELECT count(*) FROM advisory").fetchone()[0]
        said = connection.execute("SELECT sum(records) FROM feed").fetchone()[0]
    if answer != "ok" or feeds != 2 or rows != said:
        raise SystemExit(f"the index is not whole: {answer}, {feeds} feeds, {rows} of {said} rows")


def main(folder: Path, paths: list[Path], count: int) -> None:
    """Do it."""
    for path in paths:
        _import(folder, path)
    begun = time.monotonic()
    _import(folder, paths[0])
    longest = time.monotonic() - begun
    chance = random.Random(5)  # noqa: S311  # nothing secret
    killed = 0
    for turn in range(count):
        pid = _child(folder, paths[turn % len(paths)])
        time.sleep(chance.random() * longest * 1.1)
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        was_killed = os.WIFSIGNALED(status)
        killed += was_killed
        # Aim within the import, however busy the machine is at the moment.
        longest *= 1.1 if was_killed else 0.8
        _look(folder)
    print(killed)  # noqa: T201  # this is a command


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(word) for word in sys.argv[2:-1]], int(sys.argv[-1]))
