"""Files as people bring them: mirrored buckets, odd names, packed or not, links, and no feeds."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hipscan.feeds import planning
from hipscan.feeds.base import FeedError
from hipscan.feeds.index import opened
from tests.feeds import making
from tests.feeds.test_index import record

SCORES = "cve,epss,percentile\nCVE-2024-1000,0.00042,0.9\nCVE-2024-1001,1e-05,0.01\n"
DATED = "#model_version:v2025.03.14,score_date:2026-08-25T12:55:00Z\n"
KEV = {
    "catalogVersion": "2026.01.01",
    "dateReleased": "2026-01-01T00:00:00.1234Z",
    "count": 1,
    "vulnerabilities": [{"cveID": "CVE-2024-1000", "dateAdded": "2024-01-01"}],
}
PRODUCT = {
    "name": "postgresql",
    "releases": [{"name": "17", "isEol": False, "eolFrom": "2029-11-08"}],
}
ANSWER = {"schema_version": "1.2.0", "generated_at": "2026-09-02T00:00:00+00:00"}
SUPPORT = "# List of packages whose security support ends before the distribution EOL\n"
Write = Callable[[Path], object]


def _json(value: object) -> Write:
    return lambda path: path.write_text(json.dumps(value))


def _packed(text: str) -> Write:
    return lambda path: path.write_bytes(gzip.compress(text.encode()))


SHAPES: list[tuple[str, Write, list[str]]] = [
    ("all.zip", lambda path: making.write_zip(path, [record("CVE-2024-1000")]), ["osv:Debian"]),
    ("no name at all", _json(making.filled(record("CVE-2024-1000"))), ["osv:Debian"]),
    ("r.json.gz", _packed(json.dumps(making.filled(record("CVE-2024-1000")))), ["osv:Debian"]),
    ("epss.csv", lambda path: path.write_text(DATED + SCORES), ["epss"]),
    ("undated.csv", lambda path: path.write_text(SCORES), ["epss"]),
    ("of-windows.csv", lambda path: path.write_text(SCORES, newline="\r\n"), ["epss"]),
    ("epss_scores-current.csv.gz", _packed(DATED + SCORES), ["epss"]),
    ("kev.json", _json(KEV), ["kev"]),
    ("kev", lambda path: path.write_text(json.dumps(KEV, separators=(",", ":"))), ["kev"]),
    ("kev.json.gz", _packed(json.dumps(KEV)), ["kev"]),
    ("full", _json({**ANSWER, "total": 1, "result": [PRODUCT]}), ["endoflife"]),
    ("postgresql.json", _json({**ANSWER, "result": PRODUCT}), ["endoflife"]),
    (
        "front-matter.json",
        _json({"x": {"versionCommand": "x", "releases": [{"releaseCycle": "1", "eol": True}]}}),
        ["endoflife"],
    ),
    (
        "a.txt",
        lambda path: path.write_text(
            "version,codename,series,created,release,eol,eol-lts\n12,B,b,2021-01-01,2023-01-01,\n"
        ),
        ["releases:debian"],
    ),
    (
        "security-support-ended.deb13",
        lambda path: path.write_text(f"{SUPPORT}dnsdist 1.7.3-2 2025-10-01 none\n"),
        ["support:13"],
    ),
]


@pytest.mark.parametrize(("name", "write", "feeds"), SHAPES, ids=[shape[0] for shape in SHAPES])
def test_is_recognised_by_its_content(
    tmp_path: Path, name: str, write: Write, feeds: list[str]
) -> None:
    write(tmp_path / name)
    assert making.import_into(tmp_path / "feeds", tmp_path / name) == feeds


def test_a_mirrored_bucket_is_a_feed_of_each_folder(tmp_path: Path) -> None:
    bucket = tmp_path / "bucket"
    ecosystems = {"Debian": "Debian:12", "Rocky Linux": "Rocky Linux:9", "PyPI": "PyPI"}
    for number, (name, ecosystem) in enumerate(ecosystems.items()):
        (bucket / name).mkdir(parents=True)
        records = [record(f"CVE-2024-{1000 + number}", ecosystem=ecosystem)]
        making.write_zip(bucket / name / "all.zip", records)
        (bucket / name / "modified_id.csv").write_text("2026-11-20T00:00:00Z,CVE-2024-1000\n")
    works, strange = planning.plan([bucket])
    assert sorted(work.path.parent.name for work in works) == sorted(ecosystems)
    assert {item.path.name for item in strange} == {"modified_id.csv"}
    assert sorted(making.import_into(tmp_path / "feeds", bucket)) == [
        f"osv:{name}" for name in sorted(ecosystems)
    ]


def test_folders_of_years_and_releases_are_one_feed(tmp_path: Path) -> None:
    repository = tmp_path / "osv-database"
    for release in (8, 9):
        folder = repository / "advisories" / f"almalinux{release}"
        folder.mkdir(parents=True)
        one = making.filled(record(f"ALSA-2024:{release}", ecosystem=f"AlmaLinux:{release}"))
        (folder / "one.json").write_text(json.dumps(one))
    other = repository / "advisories" / "unreviewed"
    other.mkdir()
    (other / "one.json").write_text(json.dumps(making.filled({"id": "GHSA-x", "affected": []})))
    works, strange = planning.plan([repository / "advisories"])
    assert [(work.path.name, len(work.files)) for work in works] == [("advisories", 2)]
    assert [(item.path.name, item.is_wrong) for item in strange] == [("unreviewed", False)]
    making.import_into(tmp_path / "feeds", *(repository / "advisories").glob("alma*"))
    assert _count(tmp_path / "feeds") == 2


def test_the_zip_of_one_release_does_not_take_the_place_of_all(tmp_path: Path) -> None:
    bucket = tmp_path / "bucket"
    for name, count in (("Debian", 3), ("Debian:11", 2)):
        (bucket / name).mkdir(parents=True)
        records = [record(f"CVE-2024-{1000 + number}") for number in range(count)]
        making.write_zip(bucket / name / "all.zip", records)
    making.import_into(tmp_path / "feeds", bucket)
    assert _count(tmp_path / "feeds") == 3


def test_what_is_not_imported_is_named_with_the_reason(tmp_path: Path) -> None:
    making.write_zip(tmp_path / "all.zip", [record("CVE-2024-1000")])
    (tmp_path / "link.zip").symlink_to("all.zip")
    (tmp_path / "notes.md").write_text("# Feeds of November\n")
    vex = {"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{"status": "affected"}]}
    (tmp_path / "vex.json").write_text(json.dumps(vex))
    (tmp_path / "kev_schema.json").write_text('{"$schema": "http://json-schema.org/", "x": {}}')
    (tmp_path / "security-support-ended").write_text(SUPPORT)
    works, strange = planning.plan([tmp_path])
    assert [work.path.name for work in works] == ["all.zip"]
    assert {item.path.name: item.why.split(",")[0] for item in strange} == {
        "kev_schema.json": "describes a feed",
        "link.zip": "is a link",
        "notes.md": "is no feed that hipscan knows",
        "vex.json": "has statements of OpenVEX",
        "security-support-ended": "does not tell in its name of which release it is; "
        "security-support-ended.deb12 does",
    }
    assert [work.path.name for work in planning.plan([tmp_path / "link.zip"])[0]] == ["link.zip"]


def test_single_records_do_not_take_the_place_of_a_large_feed(tmp_path: Path) -> None:
    def zipped(name: str, count: int, day: str) -> Path:
        ids = range(1000, 1000 + count)
        records = [record(f"CVE-2024-{n}", modified=f"{day}T00:00:00Z") for n in ids]
        return making.write_zip(tmp_path / name, records)

    folder, loose = tmp_path / "feeds", tmp_path / "loose"
    making.import_into(folder, zipped("old.zip", 1500, "2026-11-01"))
    loose.mkdir()
    one = making.filled(record("CVE-2024-9999", modified="2026-11-02T00:00:00Z"))
    (loose / "one.json").write_text(json.dumps(one))
    with pytest.raises(FeedError, match="hold 1 records, those in the index 1,500"):
        making.import_into(folder, loose)
    making.import_into(folder, loose / "one.json")
    assert _count(folder) == 1501
    making.import_into(folder, zipped("new.zip", 3, "2026-11-03"))
    assert _count(folder) == 3


def _count(folder: Path) -> int:
    with opened(folder) as index:
        assert index is not None
        return sum(feed.records for feed in index.feeds())
