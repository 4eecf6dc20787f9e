"""`hipscan frameworks`: what there is, and how each control can be evidenced."""

import json
from typing import Any

import pytest

from hipscan.cli import content
from hipscan.errors import ExitCode
from tests.cli.conftest import Hipscan
from tests.cli.running import PACK

KEYS = [
    *("id", "name", "kind", "family", "summary", "evidence", "how", "under", "maps_to", "rules")
]
IDS = [framework.id for framework in content.frameworks()]


def _of(hipscan: Hipscan, *words: str) -> Any:  # noqa: ANN401  # JSON
    done = hipscan("frameworks", *words, "-p", str(PACK), "-f", "json")
    assert done.status == ExitCode.OK
    return json.loads(done.out)


def test_the_list(hipscan: Hipscan) -> None:
    entries = _of(hipscan)
    rows = hipscan("frameworks").out.splitlines()
    assert [entry["id"] for entry in entries] == [row.split()[0] for row in rows] == IDS
    assert list(entries[0].values()) == ["hipaa", "HIPAA Security Rule", "current", 71]
    assert list(entries[0]) == ["id", "title", "status", "controls"]
    assert {entry["id"]: entry["status"] for entry in entries}["nprm-2025"] == "proposed"


@pytest.mark.parametrize("name", IDS)
def test_one_framework_has_every_field_of_every_control(name: str, hipscan: Hipscan) -> None:
    framework = _of(hipscan, name)
    assert framework["id"] == name
    assert {tuple(control) for control in framework["controls"]} == {tuple(KEYS)}
    text = hipscan("frameworks", name, "-p", str(PACK)).out
    assert [c["id"] for c in framework["controls"] if f"\n{c['id']}  {c['name']}" not in text] == []
    assert ("binds nobody" in text) is (framework["status"] == "proposed")


def test_rules_evidence_controls_directly_and_through_crosswalks(hipscan: Hipscan) -> None:
    direct = {c["id"]: c for c in _of(hipscan, "hipaa")["controls"]}
    derived = {c["id"]: c for c in _of(hipscan, "practices")["controls"]}
    assert "wrong-high" in direct["164.312(a)(1)"]["rules"]
    assert "wrong-high" in derived["access-control"]["rules"]
    assert derived["access-control"]["maps_to"][0] == "164.312(a)(1)"
    assert derived["staff-education"]["rules"] == []


def test_every_report_holds_every_framework(hipscan: Hipscan) -> None:
    report = hipscan("scan", "local", "-p", PACK, "-f", "json").report
    assert [framework["id"] for framework in report["frameworks"]] == IDS
    controls = {c["id"]: c for c in report["frameworks"][0]["controls"]}
    assert controls["164.312(a)(1)"]["status"] == "not-satisfied"
    derived = {c["id"]: c for f in report["frameworks"][1:] for c in f["controls"]}
    assert derived["access-control"]["status"] == "not-satisfied"
    assert "164.312(a)(1): " in derived["access-control"]["reason"]
