"""Old package lists take the pass of pending updates away, case by case."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.model.fact import Fact, FactStatus, ok
from hipscan.model.knowledge import Knowledge
from hipscan.probes.packages.doubts import DOUBTS

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "doubts.yaml").read_text())
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_pending_updates(case: dict[str, Any]) -> None:
    before = case.get("before", {"status": "ok", "reason": ""})
    fact = Fact(FactStatus(before["status"]), ({"package": "less"},), before["reason"])
    knowledge = Knowledge(NOON, list_days=case.get("list_days", 7))
    left = DOUBTS["pending_update"](fact, lambda _name: ok(*case["lists"]), knowledge)
    assert (left.status, left.reason) == (case["status"], case.get("reason", ""))
    assert left.records == fact.records
