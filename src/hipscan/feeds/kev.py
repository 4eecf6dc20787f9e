"""CISA's list of vulnerabilities that are known to be exploited (Known Exploited Vulnerabilities).

{"catalogVersion": "2025.08.25", "dateReleased": "2025-08-25T17:04:19Z", "count": 1404,
 "vulnerabilities": [{"cveID": "CVE-2025-48384", "dateAdded": "2025-08-25",
                      "knownRansomwareCampaignUse": "Unknown"}]}

kev.schema.json is the shape that the list has to have; no entry of it ships with hipscan.
"""

from pathlib import Path
from typing import Any, Final

from hipscan.feeds import archive, shape
from hipscan.feeds.base import Feed, FeedError, Imported, Sample
from hipscan.feeds.build import Build
from hipscan.feeds.times import moment

_NAME: Final = "kev"
_ROW: Final = "INSERT OR REPLACE INTO kev(cve, added, ransomware) VALUES (?, ?, ?)"


def load(path: Path, build: Build) -> tuple[Imported, ...]:
    """Put the list into the index, in the place of the one that is there."""
    data = archive.parse(path.name, archive.content(path))
    _check(path, data)
    entries, dated = data["vulnerabilities"], moment(data["dateReleased"])
    rows = [(entry["cveID"], moment(entry["dateAdded"])[:10], _is_used(entry)) for entry in entries]
    build.refuse_older(_NAME, dated)
    build.connection.execute("DELETE FROM kev")
    build.insert(_ROW, rows)
    return (Imported(_NAME, dated, len(rows)),)


def _check(path: Path, data: Any) -> None:  # noqa: ANN401  # JSON
    """Refuse what has not the shape of the list, or not all of it."""
    wrong = shape.mistake(shape.schema("kev.schema.json"), data)
    if not wrong and data["count"] != len(data["vulnerabilities"]):
        wrong = f"it has {len(data['vulnerabilities'])} entries and counts {data['count']}"
    if wrong:
        raise FeedError(
            f"{path} is not CISA's list of exploited vulnerabilities: {wrong}",
            hint="get known_exploited_vulnerabilities.json again; what was known before is kept",
        )


def _is_used(entry: dict[str, object]) -> bool:
    return str(entry.get("knownRansomwareCampaignUse", "")).lower() == "known"


def _recognises(sample: Sample) -> bool:
    return sample.head.lstrip().startswith(b"{") and b'"catalogVersion": "' in _spaced(sample.head)


def _spaced(head: bytes) -> bytes:
    return head.replace(b'":"', b'": "')


FEED: Final = Feed("kev", "vulnerabilities that are exploited (CISA)", _recognises, load)
