"""The matrix: what a run can say of each control of a framework, and why.

A technical check never turns an administrative safeguard green: a control that needs an
attestation is at best partial, and one that only people can attest is not assessed by a scan.
A standard is no better than the specifications beneath it, and a control of a crosswalk no
better than those it rests on (hipscan.frameworks.resting).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hipscan.frameworks.catalogue import Control, Evidence, Framework, supporters
from hipscan.frameworks.resting import HOSTS_PART, Verdict, derived, with_specifications
from hipscan.model.finding import Outcome
from hipscan.model.report import (
    ControlResult,
    ControlStatus,
    FrameworkResult,
    TargetResult,
    TargetStatus,
)

_MOST: Final = 4


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


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that evidence each control: those of the run, and those left out of it."""

    judged: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def by_control(rules: Iterable[tuple[str, Iterable[str]]]) -> dict[str, tuple[str, ...]]:
    """Return rule ids by control, from pairs of a rule's id and the controls it evidences."""
    found: dict[str, list[str]] = defaultdict(list)
    for rule, controls in rules:
        for control in controls:
            found[control].append(rule)
    return {control: tuple(names) for control, names in found.items()}


def assess(
    frameworks: Sequence[Framework], rules: Rules, tally: Tally
) -> tuple[FrameworkResult, ...]:
    """Return the matrix of every framework; the first is the catalogue, the others rest on it."""
    catalogue, *crosswalks = frameworks
    own = {control.id: _own(control, rules, tally) for control in catalogue.controls}
    whole = {control.id: own[control.id] for control in catalogue.controls}
    for control in catalogue.controls:
        beneath = [(c, own[c.id][0]) for c in catalogue.controls if control.id in c.under]
        if beneath:
            whole[control.id] = with_specifications(control, own[control.id], beneath)
    results = [_result(catalogue, whole, rules)]
    for crosswalk in crosswalks:
        verdicts = {control.id: derived(control, whole) for control in crosswalk.controls}
        results.append(_result(crosswalk, verdicts, rules))
    return tuple(results)


def _result(framework: Framework, verdicts: Mapping[str, Verdict], rules: Rules) -> FrameworkResult:
    controls = tuple(
        _control(control, verdicts[control.id], rules) for control in framework.controls
    )
    return FrameworkResult(
        framework.id, framework.title, controls, framework.status, framework.source
    )


def _control(control: Control, verdict: Verdict, rules: Rules) -> ControlResult:
    status, reason = verdict
    return ControlResult(
        id=control.id,
        name=control.name,
        kind=control.kind,
        evidence=control.evidence,
        status=status,
        reason=reason,
        rules=supporters(control, rules.judged),
        family=control.family,
        how=control.how,
        summary=control.summary,
        under=control.under,
        maps_to=control.maps_to,
    )


def _own(control: Control, rules: Rules, tally: Tally) -> Verdict:
    """Return what the rules that name `control` say of it."""
    if control.evidence is Evidence.ATTESTATION:
        return ControlStatus.NOT_ASSESSED, "only people can attest it; no host can show it"
    judged = rules.judged.get(control.id, ())
    left_out = rules.left_out.get(control.id, ())
    if not judged:
        missing = f"{_named(left_out)} of the pack, not in this run, would evidence it"
        return ControlStatus.NOT_ASSESSED, missing if left_out else "no rule evidences it"
    counts = {rule: tally.outcomes.get(rule, Counter()) for rule in judged}
    return _of_rules(control, counts, _gaps(counts, left_out, tally))


def _gaps(counts: Mapping[str, Counter[Outcome]], left_out: Sequence[str], tally: Tally) -> str:
    """Return what keeps a control from being known whole, or ""."""
    unread = [r for r, c in counts.items() if c[Outcome.NOTCHECKED] or c[Outcome.ERROR]]
    if unread:
        return f"{_named(unread)} could not be checked"
    if tally.unreachable:
        word = "target" if tally.unreachable == 1 else "targets"
        return f"{tally.unreachable} {word} could not be scanned"
    return f"{_named(left_out)} that would evidence it not in this run" if left_out else ""


def _of_rules(control: Control, counts: Mapping[str, Counter[Outcome]], gaps: str) -> Verdict:
    failing = [rule for rule, count in counts.items() if count[Outcome.FAIL]]
    passing = [rule for rule, count in counts.items() if count[Outcome.PASS]]
    if failing:
        return ControlStatus.NOT_SATISFIED, f"{_named(failing)} failed{_some(failing)}"
    if not passing:
        return ControlStatus.NOT_ASSESSED, gaps or "no rule applied"
    if gaps or control.needs_people:
        return ControlStatus.PARTIAL, gaps or HOSTS_PART
    return ControlStatus.SATISFIED, f"{_named(passing)} passed on every target they apply to"


def _some(names: Sequence[str]) -> str:
    """Return which ones, as far as a reader wants to know at once; "" for a single one."""
    if len(names) == 1:
        return ""
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f": {', '.join(names[:_MOST])}{more}"


def _named(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} rules"
