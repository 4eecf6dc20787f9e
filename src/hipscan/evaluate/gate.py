"""The gate: what a run says to a shell (architecture, "Commands")."""

from dataclasses import dataclass
from typing import Final

from hipscan.errors import ExitCode
from hipscan.model.finding import Finding, Outcome, Severity
from hipscan.model.report import TargetResult, TargetStatus

NEVER: Final = "never"
_UNJUDGED: Final = frozenset({Outcome.NOTCHECKED, Outcome.ERROR})


@dataclass(slots=True)
class Gate:
    """Fed with targets one by one; `fail_on` is a severity or "never".

    A target that was not scanned leaves the run incomplete, whatever the gate.
    """

    fail_on: str
    is_broken: bool = False
    is_open: bool = False

    def add(self, target: TargetResult) -> None:
        """Take the findings of one target into account."""
        self.is_open |= target.status is TargetStatus.UNREACHABLE
        self.is_broken |= any(breaks_gate(item, self.fail_on) for item in target.findings)
        self.is_open |= any(leaves_open(item, self.fail_on) for item in target.findings)

    @property
    def exit_code(self) -> ExitCode:
        """Return 1 when something fails the gate, else 3 when something was not judged, else 0."""
        if self.is_broken:
            return ExitCode.GATE
        return ExitCode.INCOMPLETE if self.is_open else ExitCode.OK


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
