"""CISA's list of vulnerabilities that are known to be exploited (Known Exploited Vulnerabilities).

{"catalogVersion": "2025.08.25", "dateReleased": "2025-08-25T17:04:19Z", "count": 1404,
 "vulnerabilities": [{"cveID": "CVE-2025-48384", "dateAdded": "2025-08-25",
                      "knownRansomwareCampaignUse": "Unknown"}]}
"""

from pathlib import Path
from typing import Final

from hipscan.feeds import archive
from hipscan.feeds.base import Feed, FeedError, Imported, Sample
from hipscan.feeds.build import Build
from hipscan.feeds.osv_record import cve_of
from hipscan.feeds.times import moment

_NAME: Final = "kev"
_ROW: Final = "INSERT OR REPLACE INTO kev(cve, added, ransomware) VALUES (?, ?, ?)"


def load(path: Path, build: Build) -> tuple[Imported, ...]:
    """Put the list into the index, in the place of the one that is there."""
    data = archive.parse(path.name, archive.content(path))
    entries, dated = data["vulnerabilities"], moment(data["dateReleased"])
    rows = [
        (str(entry["cveID"]), moment(entry["dateAdded"])[:10], _is_used(entry)) for entry in entries
    ]
    if not rows or not all(cve_of(row[0]) for row in rows) or data.get("count") != len(rows):
        raise FeedError(f"{path} is not the whole list of exploited vulnerabilities")
    build.refuse_older(_NAME, dated)
    build.connection.execute("DELETE FROM kev")
    build.insert(_ROW, rows)
    return (Imported(_NAME, dated, len(rows)),)


def _is_used(entry: dict[str, object]) -> bool:
    return str(entry.get("knownRansomwareCampaignUse", "")).lower() == "known"


def _recognises(sample: Sample) -> bool:
    return sample.head.lstrip().startswith(b"{") and b'"catalogVersion": "' in _spaced(sample.head)


def _spaced(head: bytes) -> bytes:
    return head.replace(b'":"', b'": "')


FEED: Final = Feed("kev", "vulnerabilities that are exploited (CISA)", _recognises, load)
