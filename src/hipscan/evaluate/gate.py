"""The gate: what a run says to a shell (architecture, "Commands")."""

from collections.abc import Iterable
from typing import Final

from hipscan.errors import ExitCode
from hipscan.model.finding import Finding, Outcome, Severity
from hipscan.model.report import TargetResult, TargetStatus

NEVER: Final = "never"
_UNJUDGED: Final = frozenset({Outcome.NOTCHECKED, Outcome.ERROR})


def exit_code(targets: Iterable[TargetResult], fail_on: str) -> ExitCode:
    """Return 1 when something fails the gate, else 3 when something could not be judged, else 0.

    `fail_on` is a severity or "never"; a target that was not scanned is 3 whatever the gate.
    """
    is_incomplete = False
    for target in targets:
        is_incomplete |= target.status is TargetStatus.UNREACHABLE
        for finding in target.findings:
            if breaks_gate(finding, fail_on):
                return ExitCode.GATE
            is_incomplete |= leaves_open(finding, fail_on)
    return ExitCode.INCOMPLETE if is_incomplete else ExitCode.OK


def breaks_gate(finding: Finding, fail_on: str) -> bool:
    """Say whether `finding` has an unwaived observation at or above the gate."""
    if fail_on == NEVER or finding.outcome is not Outcome.FAIL:
        return False
    limit = Severity(fail_on).rank
    return any(item.severity.rank >= limit and not item.waiver for item in finding.observations)


def leaves_open(finding: Finding, fail_on: str) -> bool:
    """Say whether `finding` could have failed the gate, had it been judged."""
    if fail_on == NEVER or finding.outcome not in _UNJUDGED:
        return False
    return finding.severity.rank >= Severity(fail_on).rank
