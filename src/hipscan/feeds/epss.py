"""EPSS: how likely a vulnerability is to be exploited within 30 days (FIRST).

    #model_version:v2023.03.01,score_date:2023-03-07T00:00:00+0000      since 2022
    cve,epss,percentile                                                 percentile since 2021
    CVE-2020-5902,0.97567,0.99995

A file without the first line does not say of which day it is: its data count as of 2021, the last
year in which there were such files.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hipscan.feeds import archive
from hipscan.feeds.base import Feed, FeedError, Imported, Sample
from hipscan.feeds.build import Build
from hipscan.feeds.osv_record import cve_of
from hipscan.feeds.times import moment

_NAME: Final = "epss"
_DATE: Final = re.compile(r"score_date:([0-9T:+-]+)")
_UNDATED: Final = "2021-12-31T00:00:00+00:00"
_GZIP: Final = b"\x1f\x8b"
_ROW: Final = "INSERT OR REPLACE INTO epss(cve, score) VALUES (?, ?)"


def load(path: Path, build: Build) -> tuple[Imported, ...]:
    """Put the scores into the index, in the place of those that are there."""
    lines = archive.content(path).decode("ascii").splitlines()
    dated = _UNDATED
    if lines[:1] and lines[0].startswith("#"):
        dated = _dated(lines.pop(0))
    build.refuse_older(_NAME, dated)
    build.connection.execute("DELETE FROM epss")
    build.insert(_ROW, _rows(path, lines))
    count = build.connection.execute("SELECT count(*) FROM epss").fetchone()[0]
    if not count:
        raise FeedError(f"{path} holds no scores")
    return (Imported(_NAME, dated, int(count)),)


def _dated(line: str) -> str:
    match = _DATE.search(line)
    if not match:
        raise ValueError("the first line has no score_date")
    return moment(match[1])


def _rows(path: Path, lines: list[str]) -> Iterator[tuple[str, float]]:
    for row in csv.DictReader(lines):
        score = float(row["epss"])
        if not cve_of(row["cve"]) or not 0 <= score <= 1:
            raise FeedError(f"{path}: {str(row)[:80]} is no score of a CVE")
        yield row["cve"], score


def _recognises(sample: Sample) -> bool:
    head = sample.head
    # Nothing else comes as gzip: what is damaged is taken for it.
    return head.startswith((b"#model_version:", b"cve,epss", _GZIP))


FEED: Final = Feed("epss", "how likely exploitation is (FIRST)", _recognises, load)
