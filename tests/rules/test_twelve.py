"""The twelve checks of the architecture can be written, pass and fail as they should."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml as plain_yaml

from hipscan.documents import yaml
from hipscan.documents.schema import check
from hipscan.evaluate.evaluator import evaluate
from hipscan.model.fact import ok
from hipscan.model.finding import Outcome
from hipscan.model.knowledge import Knowledge
from hipscan.model.snapshot import Snapshot, TargetData
from hipscan.probes.base import FactSpec, Field, FieldType
from hipscan.rules.convert import to_rule
from hipscan.rules.meaning import rule_mistakes
from hipscan.rules.schema import TopicModel
from hipscan.rules.vocabulary import Vocabulary

_HERE = Path(__file__).parent
_RECORDS: dict[str, Any] = plain_yaml.safe_load((_HERE / "twelve_records.yaml").read_text("utf-8"))
_NOW = datetime(2026, 11, 21, tzinfo=UTC)
_KINDS = {bool: FieldType.BOOLEAN, int: FieldType.TIME, list: FieldType.LIST, str: FieldType.TEXT}


def _spec(name: str) -> FactSpec:
    """Return a specification with the fields that the records of a fact have."""
    records = [
        r for item in _RECORDS.values() if item["fact"] == name for r in item["bad"] + item["good"]
    ]
    fields = {key: Field(_KINDS[type(value)], key) for r in records for key, value in r.items()}
    return FactSpec(name, "A fact.", tuple(fields)[:1], fields)


SPECS = {name: _spec(name) for name in {item["fact"] for item in _RECORDS.values()}}
DOCUMENT = yaml.load((_HERE / "twelve.yaml").read_bytes(), name="twelve.yaml")
MODELS = check(DOCUMENT, TopicModel).root


def test_there_are_twelve_and_they_mean_something() -> None:
    controls = frozenset(control for model in MODELS for control in model.controls)
    vocabulary = Vocabulary(SPECS, controls)
    variables = frozenset({"max_update_age_days"})
    mistakes = [
        str(mistake)
        for index, model in enumerate(MODELS)
        for mistake in rule_mistakes(DOCUMENT, index, model, vocabulary, variables)
    ]
    assert mistakes == []
    assert len(MODELS) == 12


@pytest.mark.parametrize("index", range(12), ids=lambda index: MODELS[index].id)
@pytest.mark.parametrize(("kind", "outcome"), [("bad", Outcome.FAIL), ("good", Outcome.PASS)])
def test_each_fails_and_passes(index: int, kind: str, outcome: Outcome) -> None:
    rule = to_rule(MODELS[index], pack="test", topic="twelve", where="twelve.yaml:1:1")
    case = _RECORDS[rule.id]
    facts = {case["fact"]: ok(*case[kind])}
    snapshot = Snapshot(TargetData("host"), _NOW.isoformat(), "0", "", facts)
    variables = {"max_update_age_days": 15}
    found = evaluate(snapshot, [rule], Knowledge(_NOW), specs=SPECS, variables=variables)
    assert found.findings[0].outcome is outcome, found
