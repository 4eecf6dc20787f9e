"""Finding and observation: what a rule says of a target, and each single thing behind it."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How much a violation matters; ordered by `rank`."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Return 4 for critical down to 0 for info."""
        return _RANK[self]


_RANK: Final = {
    Severity.CRITICAL: 4,
    Severity.HIGH: 3,
    Severity.MEDIUM: 2,
    Severity.LOW: 1,
    Severity.INFO: 0,
}


class Outcome(StrEnum):
    """What a rule says of a target."""

    PASS = "pass"  # noqa: S105  # the field's word for it, not a password
    FAIL = "fail"
    NOTAPPLICABLE = "notapplicable"
    NOTCHECKED = "notchecked"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A violation that somebody accepted: globs for rule, target and subject, until a date."""

    rule: str
    reason: str
    owner: str
    until: str
    target: str = "*"
    subject: str = "*"


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that is wrong. `fingerprint` is made of rule, target and subject only."""

    subject: str
    observed: str
    expected: str
    severity: Severity
    fingerprint: str = ""
    waiver: Waiver | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule on one target."""

    rule: str
    target: str
    outcome: Outcome
    severity: Severity
    reason: str = ""
    observations: tuple[Observation, ...] = ()

    @property
    def is_waived(self) -> bool:
        """Say whether it fails, and every observation of it is waived."""
        return self.outcome is Outcome.FAIL and all(o.waiver for o in self.observations)


def fingerprint(rule: str, target: str, subject: str) -> str:
    """Return 16 hex digits that stay the same for as long as this thing is wrong."""
    joined = f"{rule}\x1f{target}\x1f{subject}"
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:16]
