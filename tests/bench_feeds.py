"""`make bench`, the part about feeds: import, match and memory, in a process of their own.

    python -m tests.bench_feeds             runs the measurement in a child and prints its rows
    python -m tests.bench_feeds FOLDER      the measurement itself

100,000 made-up records in the shape and size of Debian's are imported; 2,000 packages are matched,
of which each has fifty records. Times are of the processor; memory is the peak of the process.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Final

from hipscan.feeds import osv
from hipscan.feeds.build import building
from hipscan.feeds.index import opened
from hipscan.feeds.match import match
from hipscan.feeds.stock import Item, Stock
from hipscan.versions import Scheme

RECORDS: Final = 100_000
PACKAGES: Final = 2_000
ROUNDS: Final = 5
_DETAILS: Final = "A flaw was found in the way in which the program reads its input. " * 12
_RELEASES: Final = ("11", "12", "13")


def _record(number: int) -> dict[str, object]:
    name = f"package-{number % PACKAGES}"
    events = [{"introduced": "0"}, {"fixed": f"1.{number // PACKAGES}-1+deb12u1"}]
    return {
        "schema_version": "1.7.0",
        "id": f"DEBIAN-CVE-2024-{10_000 + number}",
        "modified": "2026-11-20T00:00:00Z",
        "published": "2024-11-20T00:00:00Z",
        "upstream": [f"CVE-2024-{10_000 + number}"],
        "details": _DETAILS,
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H"}],
        "affected": [
            {
                "package": {"ecosystem": f"Debian:{release}", "name": name},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
                "versions": [f"1.{step}-1" for step in range(10)],
            }
            for release in _RELEASES
        ],
    }


def _write(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(RECORDS):
            archive.writestr(f"{number}.json", json.dumps(_record(number)))


def _import(folder: Path, path: Path) -> float:
    begun = time.process_time()
    with building(folder) as build, build.feed_transaction():
        for imported in osv.load(path, build):
            build.sign(imported)
    return time.process_time() - begun


def _match(folder: Path, *, every: int) -> tuple[float, int]:
    """Match a host on which one package in `every` is two fixes behind."""
    newest = RECORDS // PACKAGES - 1
    versions = [f"1.{newest - (0 if n % every else 2)}-1+deb12u1" for n in range(PACKAGES)]
    items = tuple(Item(f"package-{n}", text, f"package-{n}") for n, text in enumerate(versions))
    stock = Stock("Debian:12", "osv:Debian", "Debian:12", Scheme.DPKG, items)
    begun = time.process_time()
    with opened(folder) as index:
        if index is None:
            raise RuntimeError("there is no index")
        found = match(index, [stock]).advisories
    return time.process_time() - begun, len(found)


def measure(folder: Path) -> None:
    """Measure, and print a row for each figure."""
    path = folder / "all.zip"
    first = _import(folder / "feeds", path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    size = (folder / "feeds" / "index.sqlite").stat().st_size // 2**20
    _row(f"import of {RECORDS:,} records", f"{first:.1f} s", "at most 30 s")
    _row("  its peak of memory", f"{peak} MiB", "at most 300 MiB")
    _row("  the index", f"{size} MiB")
    for every, aim in ((PACKAGES, ""), (10, "at most 100 ms"), (1, "")):
        rounds = [_match(folder / "feeds", every=every) for _ in range(ROUNDS)]
        milliseconds = statistics.median(seconds for seconds, _ in rounds) * 1000
        what = f"match of {PACKAGES:,} packages, {rounds[0][1]:,} found"
        _row(what, f"{milliseconds:.0f} ms", aim)


def _row(what: str, figure: str, aim: str = "") -> None:
    print(f"{what:40} {figure:>14}   {aim}")  # noqa: T201  # this is a command


def main() -> None:
    """Write the records here, measure in a child, so that its memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder) / "all.zip")
        words = [sys.executable, "-m", "tests.bench_feeds", folder]
        subprocess.run(words, check=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        main()
