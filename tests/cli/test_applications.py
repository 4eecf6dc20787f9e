"""A scan and the ends of support: by the table that ships, by newer feeds, by a table too old."""

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Hipscan
from tests.feeds import making

RULES = ("--rule", "application-*", "--rule", "release-*", "-f", "json")
_NEVER = ("--set", "lifecycle_days=100000")
_SOFTWARE = (
    {"product": "tomcat", "version": "8.5.100", "path": "/opt/tomcat", "file": "x"},
    {"product": "tomcat", "version": "99.1", "path": "/opt/new", "file": "x"},
)


def _snapshot(folder: Path, *software: dict[str, Any]) -> Path:
    platform = {"id": "debian", "version": "13", "name": "Debian 13"}
    package = making.package({"name": "php8.4-common", "version": "8.4.24-1~deb13u1"})
    facts: dict[str, list[Any]] = {
        "platform": [platform],
        "package": [package],
        "unpackaged_software": [*software],
        "foreign_package": [],
        "repository": [],
    }
    document = {
        "schema": "hipscan-snapshot/1",
        "target": {"name": "web1"},
        "taken": "2026-11-21T00:00:00+00:00",
        "hipscan": "0",
        "script": "",
        "facts": {
            name: {"status": "ok", "records": records, "reason": ""}
            for name, records in facts.items()
        },
    }
    path = folder / "web1.json"
    path.write_text(json.dumps(document))
    return path


def _said(report: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    return {item["rule"]: item for item in report["findings"]}


def test_a_first_scan_judges_by_the_table_that_ships(hipscan: Hipscan, tmp_path: Path) -> None:
    done = hipscan("evaluate", _snapshot(tmp_path, _SOFTWARE[0]), *RULES, *_NEVER)
    finding = _said(done.report)["application-end-of-life"]
    (observation,) = finding["observations"]
    assert (finding["outcome"], observation["subject"]) == ("fail", "tomcat 8.5 /opt/tomcat")
    assert "until 2024-03-31" in observation["observed"]


def test_what_no_table_knows_is_named(hipscan: Hipscan, tmp_path: Path) -> None:
    done = hipscan("evaluate", _snapshot(tmp_path, _SOFTWARE[1]), *RULES, *_NEVER)
    finding = _said(done.report)["application-end-of-life"]
    assert finding["outcome"] == "notchecked"
    assert finding["reason"] == "not known of tomcat 99.1 /opt/new"


def test_an_old_table_fails_and_never_passes(hipscan: Hipscan, tmp_path: Path) -> None:
    old = ("--set", "lifecycle_days=1")
    done = hipscan("evaluate", _snapshot(tmp_path, _SOFTWARE[0]), *RULES, *old)
    said = _said(done.report)
    assert said["application-end-of-life"]["outcome"] == "fail"
    assert said["release-end-of-life"]["outcome"] == "notchecked"
    assert "hipscan feeds update endoflife" in said["release-end-of-life"]["reason"]
    assert done.status == 3


def test_newer_feeds_win_and_the_run_can_be_judged_again(hipscan: Hipscan, tmp_path: Path) -> None:
    answer = {"schema_version": "1.2.0", "generated_at": "2026-11-20T00:00:00Z"}
    tomcat = {"name": "99", "isEol": True, "eolFrom": "2026-01-01", "latest": {"name": "99.2"}}
    debian = {"name": "13", "isEol": True, "eolFrom": "2026-01-01"}
    products = [
        {"name": "tomcat", "releases": [tomcat]},
        {"name": "debian", "releases": [debian]},
    ]
    feed = tmp_path / "full.json"
    feed.write_text(json.dumps({**answer, "result": products}))
    assert hipscan("feeds", "import", feed).status == 0
    snapshot = _snapshot(tmp_path, _SOFTWARE[1])
    first = hipscan("evaluate", snapshot, *RULES, *_NEVER)
    knowledge = next((tmp_path / "state" / "runs").glob("*/knowledge.json"))
    (tmp_path / "state" / "feeds" / "index.sqlite").unlink()
    again = hipscan("evaluate", snapshot, *RULES, *_NEVER, "--knowledge", knowledge)
    for done in (first, again):
        said = _said(done.report)
        assert said["application-end-of-life"]["observations"][0]["subject"] == "tomcat 99 /opt/new"
        assert said["release-end-of-life"]["outcome"] == "fail"
        assert done.status == 1


def test_what_the_distribution_ships_is_not_judged(hipscan: Hipscan, tmp_path: Path) -> None:
    done = hipscan("evaluate", _snapshot(tmp_path), *RULES, *_NEVER)
    assert _said(done.report) == {}
    assert "application-end-of-life" in done.report["targets"][0]["pass"]
