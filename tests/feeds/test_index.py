"""The index: whatever is imported, the last good one stays until the next is whole."""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hipscan.errors import UsageError
from hipscan.feeds import archive, importing, planning, schema
from hipscan.feeds.base import FeedError, OlderError
from hipscan.feeds.build import building
from hipscan.feeds.index import opened
from hipscan.model.advisory import FeedState
from tests.feeds import making


def record(identity: str, *, ecosystem: str = "Debian:12", **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    """Return a record about the package less."""
    package = {"ecosystem": ecosystem, "name": "less"}
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]
    return {"id": identity, "affected": [{"package": package, "ranges": ranges}], **fields}


def feeds(folder: Path) -> dict[str, FeedState]:
    with opened(folder) as index:
        return {feed.name: feed for feed in index.feeds()} if index else {}


def cves(folder: Path) -> list[str]:
    host = {"id": "debian", "version": "12"}
    found = making.matched(folder, host, [{"name": "less", "version": "1"}])
    return [advisory.cve for advisory in found.advisories]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of an index that has two records about Debian."""
    records = [record("DEBIAN-CVE-2024-1001"), record("DEBIAN-CVE-2024-1002")]
    making.import_into(tmp_path / "feeds", making.write_zip(tmp_path / "good.zip", records))
    return tmp_path / "feeds"


def _truncated(path: Path) -> None:
    good = making.write_zip(path, [record(f"DEBIAN-CVE-2025-{n}") for n in range(1000, 1200)])
    good.write_bytes(good.read_bytes()[:-3000])


def _cut_in_a_member(path: Path) -> None:
    content = bytearray(making.write_zip(path, [record("DEBIAN-CVE-2025-1000")]).read_bytes())
    content[80] ^= 0xFF
    path.write_bytes(content)


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as bomb:
        bomb.writestr("DEBIAN-CVE-2025-1000.json", b" " * 50_000_000)


def _many_bombs(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        for number in range(40):
            bomb.writestr(f"{number}.json", b" " * 5_000_000)


def _deep(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as deep:
        deep.writestr("DEBIAN-CVE-2025-1000.json", "[" * 200_000)


def _other_schema(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as other:
        for number in range(10):
            other.writestr(f"{number}.json", json.dumps({"cve": number}))


def _mostly_wrong(path: Path) -> None:
    wrong = [{"id": f"DEBIAN-CVE-2025-{n}", "affected": "all"} for n in range(1000, 1010)]
    making.write_zip(path, [*wrong, record("DEBIAN-CVE-2025-2000")])


def _no_records(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("readme.txt", "nothing")


def _other_ecosystem(path: Path) -> None:
    making.write_zip(path, [record("GO-2025-1000", ecosystem="Go")])


def _huge_number(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("x.json", '{"id": ' + "9" * 10_000 + "}")


def _half_a_list(path: Path) -> None:
    entry = {"cveID": "CVE-2024-1000", "dateAdded": "2024-01-01"}
    path.write_text(
        json.dumps(
            {
                "catalogVersion": "2026.01.01",
                "dateReleased": "2026-01-01T00:00:00Z",
                "count": 2,
                "vulnerabilities": [entry],
            }
        )
    )


def _cut_gzip(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03KN\x06")


def _no_scores(path: Path) -> None:
    path.write_text("cve,epss\nCVE-2024-1000,high\n")


HOSTILE: list[Callable[[Path], None]] = [
    _truncated,
    _cut_in_a_member,
    _bomb,
    _many_bombs,
    _deep,
    _other_schema,
    _mostly_wrong,
    _no_records,
    _other_ecosystem,
    _huge_number,
    _half_a_list,
    _cut_gzip,
    _no_scores,
]


@pytest.mark.parametrize("write", HOSTILE)
def test_keeps_the_last_good_index(
    folder: Path, tmp_path: Path, write: Callable[[Path], None]
) -> None:
    write(tmp_path / "bad")
    before = hashlib.sha256((folder / schema.FILE_NAME).read_bytes()).digest()
    with pytest.raises(FeedError):
        making.import_into(folder, tmp_path / "bad")
    assert hashlib.sha256((folder / schema.FILE_NAME).read_bytes()).digest() == before
    assert sorted(path.name for path in folder.iterdir()) == [schema.FILE_NAME, "lock"]


def test_a_member_may_not_be_larger_than_the_limit(tmp_path: Path) -> None:
    path = making.write_zip(tmp_path / "x.zip", [record("DEBIAN-CVE-2024-1001")])
    for limits in (archive.Limits(member=10), archive.Limits(members=0), archive.Limits(archive=9)):
        with pytest.raises(FeedError):
            list(archive.documents(path, limits))


def test_a_zip_takes_the_place_of_its_feed_and_keeps_the_others(
    folder: Path, tmp_path: Path
) -> None:
    other = [record("ALSA-2024:1", ecosystem="AlmaLinux:9", related=["CVE-2024-1003"])]
    making.import_into(folder, making.write_zip(tmp_path / "a.zip", other))
    newer = [record("DEBIAN-CVE-2024-1009", modified="2026-11-21T00:00:00Z")]
    making.import_into(folder, making.write_zip(tmp_path / "b.zip", newer))
    assert {name: feed.records for name, feed in feeds(folder).items()} == {
        "osv:AlmaLinux": 1,
        "osv:Debian": 1,
    }
    assert cves(folder) == ["CVE-2024-1009"]


def test_data_that_are_older_are_kept_out(folder: Path, tmp_path: Path) -> None:
    old = [record("DEBIAN-CVE-2024-1009", modified="2020-01-01T00:00:00Z")]
    with pytest.raises(OlderError):
        making.import_into(folder, making.write_zip(tmp_path / "b.zip", old))
    assert cves(folder) == ["CVE-2024-1001", "CVE-2024-1002"]


def test_a_single_record_is_added_or_takes_one_away(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(making.filled(record("DEBIAN-CVE-2024-1003"))))
    making.import_into(folder, path)
    assert cves(folder) == ["CVE-2024-1001", "CVE-2024-1002", "CVE-2024-1003"]
    later = {"withdrawn": "2026-11-21T00:00:00Z", "modified": "2026-11-21T00:00:00Z"}
    path.write_text(json.dumps(record("DEBIAN-CVE-2024-1001", **later)))
    making.import_into(folder, path)
    assert cves(folder) == ["CVE-2024-1002", "CVE-2024-1003"]
    assert feeds(folder)["osv:Debian"].records == 2


def test_half_a_character_costs_its_record_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(1000, 1202):
            content = json.dumps(making.filled(record(f"DEBIAN-CVE-2024-{number}")))
            name = {1200: "\\ud83d", 1201: "\\ud83d\\ude00"}.get(number, "less")
            archive.writestr(f"{number}.json", content.replace("less", name))
    making.import_into(tmp_path / "feeds", path)
    with opened(tmp_path / "feeds") as index:
        assert index is not None
        assert [feed.records for feed in index.feeds()] == [201]


def test_a_zip64_is_read_and_what_is_no_record_in_it_is_left(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        content = json.dumps(making.filled(record("DEBIAN-CVE-2024-1001")))
        archive.writestr("osv/DEBIAN-CVE-2024-1001.json", content)
        archive.writestr("vex/1.json", '{"@context": "https://openvex.dev/ns/v0.2.0"}')
        archive.writestr("__MACOSX/osv/._DEBIAN-CVE-2024-1001.json", b"\0\5\x16\7")
        for number in range(65_535):
            archive.writestr(f"{number}.txt", b"")
    content_of_all = bytearray(path.read_bytes())
    # As Go's archive/zip does it, with which osv.dev writes: every value stands in the large end.
    content_of_all[-14:-2] = b"\xff" * 12
    path.write_bytes(content_of_all)
    assert making.import_into(tmp_path / "feeds", path) == ["osv:Debian"]


def test_a_record_of_a_day_to_come_keeps_no_feed_young(tmp_path: Path) -> None:
    folder, name = tmp_path / "feeds", "DEBIAN-CVE-2024-1001"
    early = [record(name, modified="2999-01-01T00:00:00Z")]
    making.import_into(folder, making.write_zip(tmp_path / "early.zip", early))
    with opened(folder) as index:
        assert index is not None
        (feed,) = index.feeds()
    assert feed.dated < "2999"


def test_what_is_in_no_whole_ecosystem_is_left_out(tmp_path: Path) -> None:
    both = record("CVE-2024-1001")
    both["affected"] += record("x", ecosystem="Alpine:v3.20")["affected"]
    path = making.write_zip(tmp_path / "x.zip", [both, record("CVE-2024-1002")])
    assert making.import_into(tmp_path / "feeds", path) == ["osv:Debian"]


def test_a_zip_of_all_ecosystems_makes_a_feed_of_each(tmp_path: Path) -> None:
    records = [
        record("DEBIAN-CVE-2024-1001"),
        record("ALPINE-CVE-2024-1001", ecosystem="Alpine:v3"),
    ]
    path = making.write_zip(tmp_path / "x.zip", records)
    assert sorted(making.import_into(tmp_path / "feeds", path)) == ["osv:Alpine", "osv:Debian"]


def test_records_about_one_problem_share_its_name(tmp_path: Path) -> None:
    records = [
        record("PYSEC-2024-1", ecosystem="PyPI", aliases=["GHSA-aaaa"]),
        record("GHSA-aaaa", ecosystem="PyPI", aliases=["GHSA-bbbb"]),
        record("GHSA-bbbb", ecosystem="PyPI", aliases=["CVE-2024-1001"]),
        record("PYSEC-2024-2", ecosystem="PyPI", aliases=["GHSA-cccc"]),
        record("GHSA-cccc", ecosystem="PyPI"),
        record("PYSEC-2024-3", ecosystem="PyPI", upstream=["PYSEC-2024-1"]),
    ]
    making.import_into(tmp_path / "feeds", making.write_zip(tmp_path / "x.zip", records))
    with opened(tmp_path / "feeds") as index:
        assert index is not None
        names = dict(index.connection.execute("SELECT osv, cves FROM advisory").fetchall())
    assert names == {
        "PYSEC-2024-1": "CVE-2024-1001",
        "GHSA-aaaa": "CVE-2024-1001",
        "GHSA-bbbb": "CVE-2024-1001",
        "PYSEC-2024-2": "GHSA-cccc",
        "GHSA-cccc": "GHSA-cccc",
        "PYSEC-2024-3": "CVE-2024-1001",
    }


def test_two_imports_at_a_time_are_one_too_many(folder: Path, tmp_path: Path) -> None:
    with (
        building(folder),
        pytest.raises(FeedError, match="another hipscan"),
    ):
        making.import_into(folder, tmp_path / "good.zip")


def test_an_index_that_is_damaged_or_of_another_version_is_made_anew(
    folder: Path, tmp_path: Path
) -> None:
    (folder / schema.FILE_NAME).write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with opened(folder) as index:
        assert index is None
    making.import_into(folder, tmp_path / "good.zip")
    assert cves(folder) == ["CVE-2024-1001", "CVE-2024-1002"]


def test_files_are_closed_to_others(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / schema.FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_path_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        planning.plan([tmp_path / "nothing"])


def test_a_hundred_kills_leave_a_whole_index(tmp_path: Path) -> None:
    def write(name: str, ecosystem: str, prefix: str) -> Path:
        records = [record(f"{prefix}-CVE-2024-{n}", ecosystem=ecosystem) for n in range(1000, 1800)]
        return making.write_zip(tmp_path / name, records)

    zips = (write("d.zip", "Debian:12", "DEBIAN"), write("u.zip", "Ubuntu:24.04", "UBUNTU"))
    done = subprocess.run(
        [sys.executable, "-m", "tests.feeds.killing", tmp_path / "feeds", *zips, "100"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_all_real_feeds_import(tmp_path: Path) -> None:
    making.shared("README.md")
    works, strange = planning.plan([making.SHARED])
    with building(tmp_path / "feeds") as build:
        done, failures = importing.run_all(works, build)
    expected = {
        "osv:Debian": 11_943,
        "osv:AlmaLinux": 4_440,
        "osv:Ubuntu": 2,
        "kev": 1_404,
        "epss": 2,
        "endoflife": 465,
        "releases:debian": 20,
        "releases:ubuntu": 44,
        "support:12": 16,
        "support:limited": 32,
    }
    found = {imported.name: imported.records for imported in done}
    assert {name: found.get(name) for name in expected} == expected
    assert [failure.path.name for failure in failures] == ["api-v1-products-full.sample.json"]
    assert all(failure.is_kept for failure in failures)
    assert {item.path.name: item.why.partition(" ")[0] for item in strange} == {
        "README.md": "is",
        "known_exploited_vulnerabilities_schema.json": "describes",
        "security-support-ended": "does",
    }
