"""Report: one run over its targets, as every report format sees it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hipscan.model.advisory import Advisory
from hipscan.model.finding import Finding, Severity
from hipscan.model.snapshot import Snapshot

SCHEMA: Final = "hipscan-report/1"


class TargetStatus(StrEnum):
    """Whether a target was looked at."""

    SCANNED = "scanned"
    PARTIAL = "partial"  # the reply broke off, or some facts could not be read
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class TargetResult:
    """Everything a run found out about one target.

    `facts` counts facts by status; `not_read` names each fact that could not be read, with the
    reason; `findings` holds fail, notchecked and error; `passed` rule ids; `notapplicable`
    reasons by rule id; `hint` what to try next when the target was unreachable. `not_affected` are
    vulnerabilities that somebody states are none on this target.
    """

    name: str
    address: str
    status: TargetStatus
    reason: str = ""
    hint: str = ""
    system: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)
    not_read: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    peer: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    passed: tuple[str, ...] = ()
    notapplicable: Mapping[str, str] = field(default_factory=dict)
    not_affected: tuple[Advisory, ...] = ()


class ControlStatus(StrEnum):
    """What a run can say of a control."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not-satisfied"
    PARTIAL = "partial"
    NOT_ASSESSED = "not-assessed"


@dataclass(frozen=True, slots=True)
class ControlResult:
    """One control of a framework on one run, with the reason for its status.

    `evidence` says what can show that it holds, `how` with which things. `under` names the
    standards of a specification, `maps_to` what a control of a crosswalk rests on.
    """

    id: str
    name: str
    kind: str
    evidence: str
    status: ControlStatus
    reason: str
    rules: tuple[str, ...] = ()
    family: str = ""
    how: str = ""
    summary: str = ""
    under: tuple[str, ...] = ()
    maps_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FrameworkResult:
    """The matrix of one framework. `status` is current (law), proposed or practice."""

    id: str
    title: str
    controls: tuple[ControlResult, ...]
    status: str = "current"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over all targets; equal in every report format of a run.

    `observations` counts unwaived ones by severity; `outcomes` counts findings by outcome,
    passes and notapplicable included. `not_affected` counts vulnerabilities that statements say
    are none.
    """

    targets: Mapping[str, int]
    outcomes: Mapping[str, int]
    observations: Mapping[Severity, int]
    waived: int
    not_affected: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """The head of a run: when, with what, and how it ended."""

    id: str
    started: str
    finished: str
    hipscan: str
    packs: tuple[str, ...]
    profile: str
    fail_on: str
    complete: bool
    exit_code: int


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a report says of a rule.

    `preview` tells where the rule was not proven on real hosts; `severity_with_phi` is the severity
    on targets with patient data, None where that makes no difference.
    """

    id: str
    title: str
    severity: Severity
    controls: tuple[str, ...]
    why: str
    fix: str
    shell: str
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    preview: str = ""
    severity_with_phi: Severity | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A run as a reporter gets it.

    `targets()` and `snapshots()` stream: they may be called more than once. The facts of a run
    that kept none are not there.
    """

    run: Run
    rules: Mapping[str, RuleText]
    targets: Callable[[], Iterator[TargetResult]]
    summary: Summary
    frameworks: tuple[FrameworkResult, ...] = ()
    snapshots: Callable[[], Iterator[Snapshot]] = field(default=lambda: iter(()))
