"""`make bench`, the part about feeds: import, match and memory, each set in a process of its own.

    python -m tests.bench_feeds             made-up records
    python -m tests.bench_feeds FOLDER      and the real feeds in FOLDER (make bench FEEDS=FOLDER)

The made-up set: 100,000 records in the shape and size of Debian's, scores of EPSS for 250,000 CVEs.
2,000 packages are matched, of which each has fifty records. Of real feeds, 2,000 packages of a
release with the newest fix that it knows for each. Times are of the processor; memory is the peak
of the process.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hipscan.feeds import importing, planning
from hipscan.feeds.build import building
from hipscan.feeds.index import opened
from hipscan.feeds.match import match
from hipscan.feeds.stock import Item, Stock
from hipscan.versions import Scheme

RECORDS: Final = 100_000
SCORES: Final = 250_000
PACKAGES: Final = 2_000
ROUNDS: Final = 5
_DETAILS: Final = "A flaw was found in the way in which the program reads its input. " * 12
_RELEASES: Final = ("11", "12", "13")
_REAL: Final = {"Debian:12": Scheme.DPKG, "AlmaLinux:8": Scheme.RPM, "AlmaLinux:9": Scheme.RPM}
_NEWEST: Final = """SELECT package.name, affected.fixed, max(affected.fixed_key), affected.modular,
    advisory.streams
FROM ecosystem JOIN package ON package.ecosystem = ecosystem.id
JOIN affected ON affected.package = package.id JOIN advisory ON advisory.id = affected.advisory
WHERE ecosystem.name = ? AND affected.fixed != '' GROUP BY package.id
ORDER BY count(*) DESC LIMIT ?"""


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


def _write(folder: Path) -> None:
    with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(RECORDS):
            archive.writestr(f"{number}.json", json.dumps(_record(number)))
    head = "#model_version:v2025.03.14,score_date:2026-11-20T12:55:00Z\ncve,epss,percentile\n"
    scores = (f"CVE-2024-{10_000 + number},0.00042,0.05\n" for number in range(SCORES))
    (folder / "epss.csv").write_text(head + "".join(scores))


def _import(index: Path, *paths: Path) -> tuple[float, int]:
    """Import `paths` as `hipscan feeds import` does; return (seconds, records)."""
    begun = time.process_time()
    works, _ = planning.plan(paths)
    with building(index) as build:
        done, _ = importing.run_all(works, build)
    return time.process_time() - begun, sum(imported.records for imported in done)


def _match(index: Path, stock: Stock) -> tuple[float, int]:
    begun = time.process_time()
    with opened(index) as found:
        if found is None:
            raise RuntimeError("there is no index")
        advisories = match(found, [stock]).advisories
    return time.process_time() - begun, len(advisories)


def _median(index: Path, stock: Stock) -> tuple[str, int]:
    rounds = [_match(index, stock) for _ in range(ROUNDS)]
    milliseconds = statistics.median(seconds for seconds, _ in rounds) * 1000
    return f"{milliseconds:.0f} ms", rounds[0][1]


def _behind(every: int) -> Stock:
    """Return a host on which one package in `every` is two fixes behind."""
    newest = RECORDS // PACKAGES - 1
    versions = [f"1.{newest - (0 if n % every else 2)}-1+deb12u1" for n in range(PACKAGES)]
    items = tuple(Item(f"package-{n}", text, f"package-{n}") for n, text in enumerate(versions))
    return Stock("Debian:12", "osv:Debian", "Debian:12", Scheme.DPKG, items)


def _newest(index: Path, ecosystem: str) -> Stock:
    """Return a host with the newest fix of the packages that an ecosystem says most of."""
    with opened(index) as found:
        rows = found.connection.execute(_NEWEST, (ecosystem, PACKAGES)).fetchall() if found else []
    items = tuple(
        Item(name, version, name, module=streams.partition(" ")[0], is_modular=bool(modular))
        for name, version, _, modular, streams in rows
    )
    return Stock(ecosystem, "", ecosystem, _REAL[ecosystem], items)


def _row(what: str, figure: str, aim: str = "") -> None:
    print(f"{what:50} {figure:>14}   {aim}")  # noqa: T201  # this is a command


def _imported(index: Path, *paths: Path) -> None:
    seconds, records = _import(index, *paths)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    size = (index / "index.sqlite").stat().st_size // 2**20
    _row(f"import of {records:,} records", f"{seconds:.1f} s", "100,000: at most 30 s")
    _row("  its peak of memory", f"{peak} MiB", "at most 300 MiB")
    _row("  the index", f"{size} MiB")


def measure_made_up(folder: Path) -> None:
    """Measure with the records in `folder`, and print a row for each figure."""
    index = folder / "feeds"
    _imported(index, folder / "all.zip")
    _import(index, folder / "epss.csv")
    for every, aim in ((PACKAGES, ""), (10, "at most 100 ms"), (1, "")):
        figure, found = _median(index, _behind(every))
        _row(f"match of {PACKAGES:,} packages, {found:,} found", figure, aim)


def measure_real(folder: Path, feeds: Path) -> None:
    """Measure with the real feeds in `feeds`; the index is made in `folder`."""
    index = folder / "real"
    _imported(index, feeds)
    for ecosystem in _REAL:
        stock = _newest(index, ecosystem)
        figure, found = _median(index, stock)
        what = f"match of {len(stock.items):,} packages of {ecosystem}, {found:,} found"
        _row(what, figure, "at most 100 ms")


def main(words: Sequence[str]) -> None:
    """Write the records here, measure in children, so that their memory is their own."""
    match words:
        case ["--made-up", folder]:
            measure_made_up(Path(folder))
        case ["--real", folder, feeds]:
            measure_real(Path(folder), Path(feeds))
        case _:
            with tempfile.TemporaryDirectory() as folder:
                _write(Path(folder))
                _again("--made-up", folder)
                for feeds in words:
                    _again("--real", folder, feeds)


def _again(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "tests.bench_feeds", *words], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
