"""`hipscan feeds`, and what a scan makes of it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Hipscan
from tests.feeds import making
from tests.feeds.server import serving
from tests.feeds.test_index import record

RULES = ("--rule", "vulnerabilities-*", "-f", "json")


def _snapshot(folder: Path) -> Path:
    package = {
        "manager": "dpkg",
        "name": "less",
        "version": "1",
        "source": "less",
        "source_version": "1",
        "installed": True,
    }
    facts = {
        "platform": {"id": "debian", "version": "12", "name": "Debian 12"},
        "package": package,
    }
    path = folder / "web1.json"
    path.write_text(
        json.dumps(
            {
                "schema": "hipscan-snapshot/1",
                "target": {"name": "web1"},
                "taken": "2026-11-21T00:00:00+00:00",
                "hipscan": "0",
                "script": "",
                "facts": {
                    name: {"status": "ok", "records": [fields], "reason": ""}
                    for name, fields in facts.items()
                },
            }
        )
    )
    return path


def _kev(folder: Path, cve: str) -> Path:
    entry = {"cveID": cve, "dateAdded": "2026-01-01", "knownRansomwareCampaignUse": "Known"}
    path = folder / "list.json"
    head = {"catalogVersion": "2026.11.20", "dateReleased": "2026-11-20T00:00:00Z", "count": 1}
    path.write_text(json.dumps({**head, "vulnerabilities": [entry]}))
    return path


def test_without_feeds_the_rules_are_not_checked(hipscan: Hipscan, tmp_path: Path) -> None:
    done = hipscan("evaluate", _snapshot(tmp_path), *RULES)
    outcomes = {item["outcome"] for item in done.report["findings"]}
    assert (done.status, outcomes) == (3, {"notchecked"})
    assert "hipscan feeds update gets them" in done.out


def test_with_feeds_they_are_and_the_run_can_be_judged_again(
    hipscan: Hipscan, tmp_path: Path
) -> None:
    zipped = making.write_zip(tmp_path / "x.zip", [record("DEBIAN-CVE-2024-1001")])
    assert hipscan("feeds", "import", zipped, _kev(tmp_path, "CVE-2024-1001")).status == 0
    first = hipscan("evaluate", _snapshot(tmp_path), *RULES, "--set", "feed_days=100000")
    failed = {item["rule"] for item in first.report["findings"] if item["outcome"] == "fail"}
    assert (first.status, failed) == (1, {"vulnerabilities-exploited"})
    knowledge = next((tmp_path / "state" / "runs").glob("*/knowledge.json"))
    (tmp_path / "state" / "feeds" / "index.sqlite").unlink()
    again = hipscan(
        "evaluate",
        _snapshot(tmp_path),
        *RULES,
        "--knowledge",
        knowledge,
        "--set",
        "feed_days=100000",
    )
    assert again.report["findings"] == first.report["findings"]


def test_old_feeds_fail_but_never_pass(hipscan: Hipscan, tmp_path: Path) -> None:
    old = record("DEBIAN-CVE-2024-1001", modified="2020-01-01T00:00:00Z")
    hipscan("feeds", "import", making.write_zip(tmp_path / "x.zip", [old]))
    done = hipscan("evaluate", _snapshot(tmp_path), *RULES)
    outcomes = {item["outcome"] for item in done.report["findings"]}
    assert (done.status, outcomes) == (3, {"notchecked"})
    assert "osv:Debian is of 2020-01-01" in done.out


def test_status_as_a_table_and_as_json(hipscan: Hipscan, tmp_path: Path) -> None:
    assert hipscan("feeds", "status").err.startswith("hipscan: no feed was imported")
    hipscan("feeds", "import", _kev(tmp_path, "CVE-2024-1001"))
    assert hipscan("feeds", "status").out.startswith("kev ")
    (entry,) = json.loads(hipscan("feeds", "status", "-f", "json").out)
    assert (entry["name"], entry["records"], entry["dated"][:10]) == ("kev", 1, "2026-11-20")
    assert hipscan("feeds", "status", "-f", "xml").status == 2


@pytest.mark.parametrize(("content", "status"), [("no feed", 3), ('{"catalogVersion": "1"', 3)])
def test_a_file_that_is_no_feed(
    hipscan: Hipscan, tmp_path: Path, content: str, status: int
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    assert hipscan("feeds", "import", path).status == status
    assert hipscan("feeds", "import", tmp_path / "nothing").status == 2


def test_update_from_a_mirror_of_the_configuration(hipscan: Hipscan, tmp_path: Path) -> None:
    with serving(_kev(tmp_path, "CVE-2024-1001").read_bytes()) as served:
        (tmp_path / "hipscan.yaml").write_text(f'feeds: {{kev: "{served.url}/good"}}\n')
        first, again = hipscan("feeds", "update", "kev"), hipscan("feeds", "update", "kev", "-q")
        (tmp_path / "hipscan.yaml").write_text(f'feeds: {{kev: "{served.url}/missing"}}\n')
        gone = hipscan("feeds", "update", "kev")
    assert (first.status, again.status, gone.status) == (0, 0, 3)
    assert "has not changed" in again.out
    assert "answered 404" in gone.err
    assert hipscan("feeds", "update", "kve").status == 2
