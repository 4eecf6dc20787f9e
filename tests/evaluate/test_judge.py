"""Judging: every case of judge.yaml, and what no fact that was not read may do."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.evaluate.index import Index
from hipscan.evaluate.judge import Bench, Verdict, judge
from hipscan.model.fact import DECIDED, Fact, FactStatus
from hipscan.model.finding import Outcome
from hipscan.model.rule import Matcher, Require
from hipscan.probes.base import FactSpec, Field, FieldType
from hipscan.rules.convert import to_condition
from hipscan.rules.matchers import Scope, select
from hipscan.rules.schema import CheckModel

_NOW = datetime(2026, 11, 21, tzinfo=UTC)
_FIELDS = {
    "name": FieldType.TEXT,
    "level": FieldType.INTEGER,
    "words": FieldType.LIST,
    "mode": FieldType.MODE,
    "when": FieldType.TIME,
}
SPEC = FactSpec(
    "thing", "A thing.", ("name",), {name: Field(kind, name) for name, kind in _FIELDS.items()}
)
CASES = yaml.safe_load((Path(__file__).parent / "judge.yaml").read_text("utf-8"))


def verdict(check: dict[str, Any], fact: Fact) -> Verdict:
    """Judge `check` where `thing` is `fact` and nothing else is known."""
    unknown = Fact(FactStatus.NOTCOLLECTED)
    facts = {"thing": fact}

    def fact_of(name: str) -> Fact:
        return facts.get(name, unknown)

    scope = Scope({}, _NOW.timestamp())
    bench = Bench(fact_of, lambda _name: SPEC, scope, Index(fact_of))
    return judge(to_condition(CheckModel.model_validate(check)), bench)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    fact = Fact(FactStatus(case.get("status", "ok")), tuple(case.get("records", ())))
    found = verdict(case["check"], fact)
    assert found.outcome == case["outcome"], found
    assert [item.subject for item in found.wrong] == case.get("wrong", [])
    assert found.reason or found.wrong or found.outcome is Outcome.PASS


RECORDS = st.lists(
    st.fixed_dictionaries(
        {"name": st.text(max_size=3)}, optional={"level": st.none() | st.integers()}
    ),
    max_size=4,
)


@given(
    records=RECORDS,
    status=st.sampled_from([item for item in FactStatus if item not in DECIDED]),
    require=st.sampled_from(Require),
    limit=st.integers(-2, 2),
)
def test_what_was_not_read_never_passes(
    records: list[dict[str, Any]], status: FactStatus, require: Require, limit: int
) -> None:
    check = {"fact": "thing", "require": require, "expect": {"level": {"at_least": limit}}}
    found = verdict(check, Fact(status, tuple(records)))
    assert found.outcome in {Outcome.FAIL, Outcome.NOTCHECKED}


@given(records=RECORDS, require=st.sampled_from(Require))
def test_an_unknown_value_never_decides_for_good(
    records: list[dict[str, Any]], require: Require
) -> None:
    """Whatever an unknown level turns out to be, a pass or a fail stays what it is."""
    check = {"fact": "thing", "require": require, "expect": {"level": {"at_least": 0}}}
    found = verdict(check, Fact(FactStatus.OK, tuple(records)))
    if found.outcome not in {Outcome.PASS, Outcome.FAIL}:
        return
    for level in (-1, 1):
        known = [
            {**item, "level": level} if item.get("level", 0) is None else item for item in records
        ]
        assert verdict(check, Fact(FactStatus.OK, tuple(known))).outcome is found.outcome


VALUES = st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(["", "a", "b"])
ITEMS = st.lists(st.dictionaries(st.sampled_from(["name", "level"]), VALUES), max_size=6)


@given(
    records=ITEMS,
    operand=VALUES.filter(lambda value: value is not None),
    others=st.lists(VALUES.filter(lambda value: value is not None), max_size=3),
)
def test_the_index_loses_no_record_that_matches_or_may(
    records: list[dict[str, Any]], operand: object, others: list[object]
) -> None:
    index = Index(lambda _name: Fact(FactStatus.OK, tuple(records)))
    scope = Scope({}, 0.0)
    for matcher in (Matcher("equals", operand), Matcher("in", (operand, *others))):
        where = {"level": matcher}
        found = list(index.candidates("thing", where))
        expected = [record for record in records if select(where, record, scope) is not False]
        kept = [record for record in found if select(where, record, scope) is not False]
        assert sorted(map(repr, kept)) == sorted(map(repr, expected))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1792702555, "2026-10-22 20:55 UTC"), (-(10**18), "-1000000000000000000")],
)
def test_times_are_shown_as_a_person_writes_them(seconds: int, text: str) -> None:
    check = {"fact": "thing", "expect": {"when": {"age_at_most_days": 1}, "name": {"equals": "b"}}}
    found = verdict(check, Fact(FactStatus.OK, ({"name": "a", "when": seconds},)))
    assert f"when {text}" in found.wrong[0].observed
