"""Findings: waivers, severities, what does not apply, and the gate over all of them."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from hipscan.errors import ExitCode
from hipscan.evaluate.evaluator import evaluate
from hipscan.evaluate.gate import Gate
from hipscan.model.fact import Fact, FactStatus, Record, ok
from hipscan.model.finding import Finding, Observation, Outcome, Severity, Waiver
from hipscan.model.knowledge import Knowledge
from hipscan.model.report import TargetResult, TargetStatus
from hipscan.model.rule import Check, Fix, Matcher, Require, Rule
from hipscan.model.snapshot import Snapshot, TargetData
from hipscan.probes import inventory_data
from hipscan.probes.base import FactSpec, Field, FieldType

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SPEC = FactSpec(
    "thing",
    "A thing.",
    ("name",),
    {name: Field(FieldType.TEXT, name) for name in ("name", "grade", "bad")},
)
RULE = Rule(
    id="thing-bad",
    title="A thing is bad",
    severity=Severity.HIGH,
    controls=("164.312(d)",),
    why="It is.",
    check=Check("thing", {"bad": Matcher("equals", "yes")}, Require.NONE),
    fix=Fix("Mend it."),
)


def judged(*records: Record, rule: Rule = RULE, waivers: tuple[Waiver, ...] = ()) -> Finding:
    """Return the finding of `rule` where the things are `records`."""
    snapshot = Snapshot(TargetData("web1"), NOW.isoformat(), "0", "", {"thing": ok(*records)})
    knowledge = Knowledge(NOW, waivers=waivers)
    return evaluate(snapshot, [rule], knowledge, specs={"thing": SPEC}, variables={}).findings[0]


def waiver(until: str, **globs: str) -> Waiver:
    """Return a waiver of the rule until a day."""
    return replace(Waiver("thing-*", "a reason", "an owner", until), **globs)


def test_one_of_two_can_be_waived() -> None:
    found = judged(
        {"name": "a", "bad": "yes"},
        {"name": "b", "bad": "yes"},
        waivers=(waiver("2026-12-31", subject="a"),),
    )
    assert [item.waiver is not None for item in found.observations] == [True, False]
    assert not found.is_waived


@pytest.mark.parametrize(
    ("until", "target", "is_waived"),
    [
        ("2026-11-21", "*", True),
        ("2026-11-20", "*", False),
        ("2027-01-01", "db*", False),
        ("2027-01-01", "web?", True),
    ],
)
def test_a_waiver_ends_with_its_last_day(until: str, target: str, *, is_waived: bool) -> None:
    found = judged({"name": "a", "bad": "yes"}, waivers=(waiver(until, target=target),))
    assert found.is_waived is is_waived


@pytest.mark.parametrize(
    ("grade", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("info", Severity.INFO),
        ("fail", Severity.HIGH),
        ("warn", Severity.MEDIUM),
        ("unheard of", Severity.HIGH),
    ],
)
def test_severity_comes_from_the_record(grade: str, severity: Severity) -> None:
    rule = replace(RULE, severity_by="grade")
    assert judged({"name": "a", "bad": "yes", "grade": grade}, rule=rule).severity is severity


_PHI = TargetData("web1", phi=True)
_PHI_PATHS = TargetData("web1", phi_paths=("/srv/dicom",))
_GRADED = replace(RULE, severity_by="grade", severity_with_phi=Severity.CRITICAL)


@pytest.mark.parametrize(
    ("target", "grade", "severity"),
    [
        (TargetData("web1"), "fail", Severity.HIGH),
        (_PHI, "fail", Severity.CRITICAL),
        (_PHI_PATHS, "fail", Severity.CRITICAL),
        (_PHI, "warn", Severity.HIGH),
        (_PHI, "low", Severity.LOW),
    ],
)
def test_severity_follows_patient_data(target: TargetData, grade: str, severity: Severity) -> None:
    fact = ok({"name": "a", "bad": "yes", "grade": grade})
    assert _on(target, fact, _GRADED).severity is severity


def test_what_was_not_checked_weighs_as_much_where_patient_data_lives() -> None:
    found = _on(_PHI, Fact(FactStatus.DENIED), _GRADED)
    assert (found.outcome, found.severity) == (Outcome.NOTCHECKED, Severity.CRITICAL)


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        (TargetData("web1"), Outcome.NOTAPPLICABLE),
        (_PHI, Outcome.PASS),
        (_PHI_PATHS, Outcome.PASS),
    ],
)
def test_a_rule_can_be_about_targets_with_patient_data(
    target: TargetData, outcome: Outcome
) -> None:
    applies = Check("target", {"phi": Matcher("equals", operand=True)}, Require.SOME)
    assert _on(target, ok(), replace(RULE, applies=applies)).outcome is outcome


def _on(target: TargetData, fact: Fact, rule: Rule) -> Finding:
    snapshot = Snapshot(target, "", "0", "", {"thing": fact})
    specs = {"thing": SPEC, "target": inventory_data.SPEC}
    return evaluate(snapshot, [rule], Knowledge(NOW), specs=specs, variables={}).findings[0]


def test_the_highest_unwaived_severity_is_the_findings() -> None:
    rule = replace(RULE, severity_by="grade")
    records: list[Record] = [
        {"name": "a", "bad": "yes", "grade": "critical"},
        {"name": "b", "bad": "yes", "grade": "low"},
    ]
    waived = judged(*records, rule=rule, waivers=(waiver("2027-01-01", subject="a"),))
    assert judged(*records, rule=rule).severity is Severity.CRITICAL
    assert waived.severity is Severity.LOW


def test_fingerprints_do_not_depend_on_what_was_observed() -> None:
    first = judged({"name": "a", "bad": "yes", "grade": "x"}).observations[0]
    second = judged({"name": "z", "bad": "yes"}, {"name": "a", "bad": "yes"}).observations[1]
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize(
    ("fact", "outcome"),
    [
        (ok({"name": "b", "bad": "no"}), Outcome.PASS),
        (ok(), Outcome.NOTAPPLICABLE),
        (Fact(FactStatus.ABSENT, reason="no things here"), Outcome.NOTAPPLICABLE),
        (Fact(FactStatus.DENIED), Outcome.NOTCHECKED),
        (Fact(FactStatus.GARBLED), Outcome.NOTCHECKED),
    ],
)
def test_whether_a_rule_applies_is_decided_first(fact: Fact, outcome: Outcome) -> None:
    condition = Check("thing", {"name": Matcher("equals", "b")}, Require.SOME)
    rule = replace(RULE, applies=condition)
    snapshot = Snapshot(TargetData("web1"), "", "0", "", {"thing": fact})
    found = evaluate(snapshot, [rule], Knowledge(NOW), specs={"thing": SPEC}, variables={})
    assert found.findings[0].outcome is outcome
    assert found.findings[0].reason or outcome is Outcome.PASS


def test_an_unknown_variable_is_an_error_not_a_pass() -> None:
    rule = replace(RULE, check=Check("thing", expect={"grade": Matcher("equals", "$nothing")}))
    found = judged({"name": "a", "grade": "x"}, rule=rule)
    assert found.outcome is Outcome.ERROR
    assert "nothing" in found.reason


def _result(outcome: Outcome, severity: Severity, *, waived: bool = False) -> TargetResult:
    reason = waiver("2027-01-01") if waived else None
    seen = (Observation("a", "bad", "good", severity, "f", reason),)
    finding = Finding("r", "t", outcome, severity, "", seen if outcome is Outcome.FAIL else ())
    return TargetResult("t", "t", TargetStatus.SCANNED, findings=(finding,))


@pytest.mark.parametrize(("severity", "level"), list(product(Severity, (*Severity, "never"))))
def test_gate_is_the_documented_table(severity: Severity, level: str) -> None:
    is_reached = level != "never" and severity.rank >= Severity(level).rank
    for outcome, code in [
        (Outcome.FAIL, ExitCode.GATE),
        (Outcome.NOTCHECKED, ExitCode.INCOMPLETE),
        (Outcome.ERROR, ExitCode.INCOMPLETE),
    ]:
        gate = Gate(level)
        gate.add(_result(outcome, severity))
        assert gate.exit_code is (code if is_reached else ExitCode.OK)


def test_what_is_waived_does_not_break_the_gate() -> None:
    gate = Gate("low")
    gate.add(_result(Outcome.FAIL, Severity.CRITICAL, waived=True))
    assert gate.exit_code is ExitCode.OK


def test_an_unreachable_target_is_incomplete_whatever_the_gate() -> None:
    gate = Gate("never")
    gate.add(TargetResult("t", "t", TargetStatus.UNREACHABLE))
    assert gate.exit_code is ExitCode.INCOMPLETE


def test_a_fail_goes_before_what_was_not_judged() -> None:
    gate = Gate("high")
    gate.add(TargetResult("t", "t", TargetStatus.UNREACHABLE))
    gate.add(_result(Outcome.FAIL, Severity.HIGH))
    assert gate.exit_code is ExitCode.GATE
