"""The matrix: what a run can say of each control of a framework, and why.

A technical check never turns an administrative safeguard green: a control that needs an
attestation is at best partial, and one that only people can attest is not assessed by a scan.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hipscan.frameworks.catalogue import Control, Evidence, Framework
from hipscan.model.finding import Outcome
from hipscan.model.report import (
    ControlResult,
    ControlStatus,
    FrameworkResult,
    TargetResult,
    TargetStatus,
)


@dataclass(slots=True)
class Tally:
    """Outcomes by rule over all targets, filled target by target."""

    outcomes: dict[str, Counter[Outcome]] = field(default_factory=lambda: defaultdict(Counter))
    unreachable: int = 0

    def add(self, target: TargetResult) -> None:
        """Count the findings of one target; a waived fail counts as a fail."""
        self.unreachable += target.status is TargetStatus.UNREACHABLE
        for finding in target.findings:
            self.outcomes[finding.rule][finding.outcome] += 1
        for rule in target.passed:
            self.outcomes[rule][Outcome.PASS] += 1
        for rule in target.notapplicable:
            self.outcomes[rule][Outcome.NOTAPPLICABLE] += 1


def assess(
    framework: Framework, rules: Mapping[str, Iterable[str]], tally: Tally
) -> FrameworkResult:
    """Return the status of every control; `rules` maps rule ids to the controls they evidence."""
    by_control: dict[str, list[str]] = defaultdict(list)
    for rule, controls in rules.items():
        for control in controls:
            by_control[control].append(rule)
    results = tuple(
        _assess(control, tuple(by_control[control.id]), tally) for control in framework.controls
    )
    return FrameworkResult(framework.id, framework.title, results)


def _assess(control: Control, rules: tuple[str, ...], tally: Tally) -> ControlResult:
    status, reason = _status(control.evidence, rules, tally)
    return ControlResult(
        id=control.id,
        name=control.name,
        kind=control.kind,
        evidence=control.evidence,
        status=status,
        reason=reason,
        rules=rules,
        family=control.family,
        how=control.how,
    )


def _status(evidence: Evidence, rules: tuple[str, ...], tally: Tally) -> tuple[ControlStatus, str]:
    if evidence is Evidence.ATTESTATION:
        return ControlStatus.NOT_ASSESSED, "only people can attest it; no host can show it"
    if not rules:
        return ControlStatus.NOT_ASSESSED, "no rule of this run evidences it"
    return _of_rules(evidence, {rule: tally.outcomes.get(rule, Counter()) for rule in rules}, tally)


def _of_rules(
    evidence: Evidence, counts: Mapping[str, Counter[Outcome]], tally: Tally
) -> tuple[ControlStatus, str]:
    failing = [rule for rule, count in counts.items() if count[Outcome.FAIL]]
    passing = [rule for rule, count in counts.items() if count[Outcome.PASS]]
    open_ones = [r for r, c in counts.items() if c[Outcome.NOTCHECKED] or c[Outcome.ERROR]]
    unread = f"{_rules(open_ones)} could not be checked" if open_ones else ""
    if failing:
        return ControlStatus.NOT_SATISFIED, f"{_rules(failing)} failed"
    if not passing:
        return ControlStatus.NOT_ASSESSED, unread or "no rule applied"
    if tally.unreachable and not unread:
        unread = f"{tally.unreachable} targets could not be scanned"
    if unread or evidence is Evidence.BOTH:
        rest = "the hosts' part holds; the rest needs an attestation"
        return ControlStatus.PARTIAL, unread or rest
    return ControlStatus.SATISFIED, f"{_rules(passing)} passed on every target they apply to"


def _rules(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} rules"
