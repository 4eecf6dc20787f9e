"""What every report for people says alike: order, states, verdict, moments of time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from hipscan.errors import ExitCode
from hipscan.model.advisory import Advisory
from hipscan.model.finding import Finding, Observation, Outcome, Severity
from hipscan.model.report import Report, RuleText, Run, Summary, TargetResult, TargetStatus


class State(StrEnum):
    """How a finding stands for a reader; in reading order. A waived failure is still a failure."""

    FAIL = "fail"
    ERROR = "error"
    NOTCHECKED = "notchecked"
    WAIVED = "waived"


DISCLAIMER: Final = (
    "This report shows technical evidence that was read from hosts at one moment. It is no legal "
    "advice, no certificate, and no proof of HIPAA compliance: most safeguards need people, "
    "contracts and records that no scan can see."
)
_ENDED: Final[Mapping[int, str]] = MappingProxyType(
    {
        ExitCode.BUG: "A bug in hipscan ended this run early; what follows is only a part.",
        ExitCode.INTERRUPTED: "The run was interrupted; what follows is only a part.",
        ExitCode.TERMINATED: "The run was terminated; what follows is only a part.",
    }
)
_OPEN: Final = (
    "The answer is not complete: a target could not be scanned, or a rule that could have failed "
    "the gate could not be judged."
)


def verdict(report: Report) -> str:
    """Return what the run's exit code means, in a sentence or two."""
    run = report.run
    if not report.rules:
        return "Choose rules with -p, --profile or --rule; without any, nothing can be said."
    match run.exit_code:
        case ExitCode.OK if run.fail_on == "never":
            return "Nothing was asked to fail this run; read the counts."
        case ExitCode.OK:
            return f"Everything at the gate ({run.fail_on} and up) was judged, and nothing failed."
        case ExitCode.GATE:
            failed = f"Something failed at the gate ({run.fail_on} and up)."
            return failed if run.complete else f"{failed} {_OPEN}"
        case ExitCode.INCOMPLETE:
            return _OPEN
    return _ENDED.get(run.exit_code, f"The run ended with exit status {run.exit_code}.")


def gate_words(run: Run) -> str:
    """Return how the gate ended, in a few words."""
    if run.fail_on == "never":
        return "none asked for"
    word = {0: "held", 1: "failed"}.get(run.exit_code, "not decided")
    return f"{run.fail_on} and up: {word}" + ("" if run.complete else ", run incomplete")


def state(finding: Finding) -> State:
    """Return how `finding` stands."""
    if finding.outcome is Outcome.FAIL:
        return State.WAIVED if finding.is_waived else State.FAIL
    return State.ERROR if finding.outcome is Outcome.ERROR else State.NOTCHECKED


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return failures by severity, then errors, what was not checked, and what is waived."""
    places = {kind: place for place, kind in enumerate(State)}
    return tuple(sorted(findings, key=lambda f: (places[state(f)], -f.severity.rank, f.rule)))


def observations(finding: Finding) -> tuple[Observation, ...]:
    """Return the observations of `finding`: unwaived first, the most severe first."""
    key = lambda item: (item.waiver is not None, -item.severity.rank)  # noqa: E731  # one line
    return tuple(sorted(finding.observations, key=key))


def is_uniform(items: Sequence[Observation]) -> bool:
    """Say whether several unwaived observations differ only in subject and in what was observed."""
    kinds = {(item.expected, item.severity, item.waiver) for item in items}
    return len(items) > 1 and len(kinds) == 1 and items[0].waiver is None


def unjudged(target: TargetResult) -> Mapping[str, tuple[Finding, ...]]:
    """Return what was not judged on `target`, grouped by the reason, the largest group first."""
    groups: dict[str, list[Finding]] = {}
    for finding in ordered(target.findings):
        if state(finding) in {State.ERROR, State.NOTCHECKED}:
            groups.setdefault(finding.reason, []).append(finding)
    items = sorted(groups.items(), key=lambda item: -len(item[1]))
    return {reason: tuple(findings) for reason, findings in items}


def severities(target: TargetResult) -> Mapping[Severity, int]:
    """Return how many unwaived observations of each severity `target` has."""
    counts = dict.fromkeys(Severity, 0)
    for finding in target.findings:
        for item in finding.observations:
            counts[item.severity] += item.waiver is None
    return counts


def not_affected(target: TargetResult) -> tuple[Advisory, ...]:
    """Return what statements say does not affect `target`: first what attackers use."""
    return tuple(sorted(target.not_affected, key=_weight))


def _weight(item: Advisory) -> tuple[bool, int, str, str]:
    rank = item.severity.rank if item.severity else -1
    return not item.kev, -rank, item.source, item.cve


def rule_text(report: Report, rule: str) -> RuleText:
    """Return the texts of `rule`; bare ones when the run holds none."""
    return report.rules.get(rule) or RuleText(rule, rule, Severity.INFO, (), "", "", "")


def headline(report: Report) -> str:
    """Return what matters most in one line: failures, and as loudly what is not known."""
    summary, parts = report.summary, []
    failed, missing = summary.outcomes.get(Outcome.FAIL, 0), open_count(summary)
    unreached = summary.targets.get(TargetStatus.UNREACHABLE, 0)
    if not report.rules:
        return "No rule was selected: nothing was judged"
    if failed or not (missing or unreached):
        parts.append(counted(failed, "failure", "failures") if failed else "No failures")
    if missing:
        parts.append(f"{counted(missing, 'check', 'checks')} could not be made")
    if unreached:
        parts.append(
            f"{unreached} of {counted(target_count(summary), 'target', 'targets')} not reached"
        )
    return ", ".join(parts)


def counted(count: int, one: str, many: str) -> str:
    """Return `count` with the word for it."""
    return f"{count} {one if count == 1 else many}"


def target_count(summary: Summary) -> int:
    """Return how many targets the run has."""
    return sum(summary.targets.values())


def open_rules(report: Report) -> frozenset[str]:
    """Return the rules that failed, or were not judged, on any target."""
    return frozenset(found.rule for target in report.targets() for found in target.findings)


def open_count(summary: Summary) -> int:
    """Return how many verdicts are missing: not checked, and errors of hipscan."""
    return summary.outcomes.get(Outcome.NOTCHECKED, 0) + summary.outcomes.get(Outcome.ERROR, 0)


def moment(text: str) -> str:
    """Return an ISO 8601 moment as a person reads it, in UTC; anything else as it is."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if found.tzinfo else text
