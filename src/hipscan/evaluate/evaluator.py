"""The evaluator: a snapshot, rules and knowledge become findings. A pure function.

No clock, no network, no environment: the same three give the same findings for ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from fnmatch import fnmatchcase
from typing import Final

from hipscan.evaluate.derived import AllFacts
from hipscan.evaluate.index import Index
from hipscan.evaluate.judge import Bench, Verdict, Wrong, judge
from hipscan.evidence import vouching
from hipscan.model.advisory import Advisory, State
from hipscan.model.finding import Finding, Observation, Outcome, Severity, Waiver, fingerprint
from hipscan.model.knowledge import Knowledge
from hipscan.model.rule import Condition, Rule
from hipscan.model.snapshot import Snapshot, TargetData
from hipscan.probes.base import FactSpec
from hipscan.rules.matchers import Scope

# How a grade moves the severity of the rule that reads it (`severity_by`).
_WARNINGS: Final = frozenset({"warn"})
_MAX_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings of one target, whatever their outcome, in the order of the rules.

    `not_affected` are vulnerabilities that statements say are none here, where a rule asked.
    """

    findings: tuple[Finding, ...]
    not_affected: tuple[Advisory, ...] = ()


def evaluate(
    snapshot: Snapshot,
    rules: Sequence[Rule],
    knowledge: Knowledge,
    *,
    specs: Mapping[str, FactSpec],
    variables: Mapping[str, object],
) -> Judgement:
    """Judge `snapshot` by `rules`; `variables` are those of packs, profile and flags.

    The target's own variables win over them.
    """
    target = snapshot.target
    own = {"phi_paths": target.phi_paths, "groups": target.groups, "phi": target.holds_phi}
    values = {**variables, **target.variables, **own, "target": target.name}
    scope = Scope(values, knowledge.now.timestamp())
    facts = AllFacts(snapshot, vouching.applied(_with_limits(knowledge, values), snapshot))
    bench = Bench(facts.get, specs.__getitem__, scope, Index(facts.get))
    conditions = _Conditions(bench)
    verdicts = ((rule, conditions.verdict(rule)) for rule in rules)
    findings = tuple(_finding(rule, verdict, target, knowledge) for rule, verdict in verdicts)
    return Judgement(findings, _not_affected(facts))


def _not_affected(facts: AllFacts) -> tuple[Advisory, ...]:
    matched = facts.knowledge.target.matched
    if matched is None or "vulnerability" not in facts.derived:
        return ()
    return tuple(item for item in matched.advisories if item.state is State.NOT_AFFECTED)


def _with_limits(knowledge: Knowledge, values: Mapping[str, object]) -> Knowledge:
    """Return the knowledge with the limits of age that the rules' variables set."""
    feeds, lists = values.get("feed_days"), values.get("package_list_days")
    ends = values.get("lifecycle_days")
    return replace(
        knowledge,
        lifecycle_days=ends if isinstance(ends, int) else knowledge.lifecycle_days,
        feed_days=feeds if isinstance(feeds, int) else knowledge.feed_days,
        list_days=lists if isinstance(lists, int) else knowledge.list_days,
    )


def _finding(rule: Rule, verdict: Verdict, target: TargetData, knowledge: Knowledge) -> Finding:
    own = rule.severity_on(phi=target.holds_phi)
    observations = tuple(
        _observation(rule, target.name, wrong, _severity(rule, wrong, own), knowledge)
        for wrong in verdict.wrong
    )
    if verdict.outcome is Outcome.FAIL:
        open_ones = [item.severity for item in observations if not item.waiver]
        every = [item.severity for item in observations]
        severity = max(open_ones or every, key=lambda item: item.rank)
    else:
        severity = own
    return Finding(rule.id, target.name, verdict.outcome, severity, verdict.reason, observations)


@dataclass(slots=True)
class _Conditions:
    """Judges rules; what a rule applies to is judged once for all rules that share it."""

    bench: Bench
    known: dict[str, Verdict] = field(default_factory=dict)

    def verdict(self, rule: Rule) -> Verdict:
        if rule.applies is None:
            return judge(rule.check, self.bench)
        condition = self._condition(rule.applies)
        match condition.outcome:
            case Outcome.PASS:
                return judge(rule.check, self.bench)
            case Outcome.FAIL | Outcome.NOTAPPLICABLE:
                return Verdict(Outcome.NOTAPPLICABLE, (), _why_not(condition))
            case outcome:
                return Verdict(outcome, (), f"whether it applies: {condition.reason}")

    def _condition(self, condition: Condition) -> Verdict:
        key = repr(condition)
        if key not in self.known:
            self.known[key] = judge(condition, self.bench)
        return self.known[key]


def _why_not(condition: Verdict) -> str:
    wanted = dict.fromkeys(wrong.expected for wrong in condition.wrong)
    return condition.reason or f"it needs {'; '.join(wanted)}"


def _observation(
    rule: Rule, target: str, wrong: Wrong, severity: Severity, knowledge: Knowledge
) -> Observation:
    return Observation(
        subject=_short(wrong.subject),
        observed=_short(wrong.observed),
        expected=_short(wrong.expected),
        severity=severity,
        fingerprint=fingerprint(rule.id, target, wrong.subject),
        waiver=_waiver(rule.id, target, wrong.subject, knowledge),
    )


def _short(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."


def _severity(rule: Rule, wrong: Wrong, own: Severity) -> Severity:
    """Return the record's severity where the rule asks for it: a severity's name, or a grade.

    A grade `fail` is `own`, the rule's severity on this target; `warn` one step below it.
    """
    said = wrong.record.get(rule.severity_by) if rule.severity_by else None
    if said in _WARNINGS:
        return _one_below(own)
    return Severity(said) if said in list(Severity) else own


def _one_below(severity: Severity) -> Severity:
    below = [item for item in Severity if item.rank < severity.rank]
    return max(below, key=lambda item: item.rank, default=severity)


def _waiver(rule: str, target: str, subject: str, knowledge: Knowledge) -> Waiver | None:
    for waiver in knowledge.waivers:
        pairs = ((rule, waiver.rule), (target, waiver.target), (subject, waiver.subject))
        is_meant = all(fnmatchcase(name, glob) for name, glob in pairs)
        if is_meant and knowledge.now <= _end_of(waiver.until):
            return waiver
    return None


def _end_of(day: str) -> datetime:
    """Return the last moment of an ISO date in UTC: a waiver holds on its last day."""
    return datetime.combine(datetime.fromisoformat(day).date(), time.max, UTC)
