"""One target through the pipeline: collect, evaluate, result. A failure becomes a result."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hipscan.collect.collector import Order, collect
from hipscan.errors import TargetError
from hipscan.evaluate.evaluator import evaluate
from hipscan.model.fact import Fact, FactStatus
from hipscan.model.finding import Outcome
from hipscan.model.knowledge import Knowledge, TargetKnowledge
from hipscan.model.report import TargetResult, TargetStatus
from hipscan.model.secret import Secret
from hipscan.model.snapshot import Snapshot
from hipscan.model.target import Target
from hipscan.probes.base import FactSpec
from hipscan.rules.pack import Selection
from hipscan.transport.base import Transport

Keep = Callable[[Snapshot], TargetKnowledge]

_LEFT_OUT = frozenset({Outcome.PASS, Outcome.NOTAPPLICABLE})
_SYSTEM_FIELDS = ("id", "version", "name", "kernel", "arch", "container")
_INCOMPLETE = frozenset(
    {
        FactStatus.DENIED,
        FactStatus.PARTIAL,
        FactStatus.TIMEOUT,
        FactStatus.GARBLED,
        FactStatus.NOTCOLLECTED,
    }
)


@dataclass(frozen=True, slots=True)
class Judge:
    """What every target of a run is judged by."""

    selection: Selection
    knowledge: Knowledge
    specs: Mapping[str, FactSpec]

    def result(self, snapshot: Snapshot, known: TargetKnowledge) -> TargetResult:
        """Judge `snapshot` by what is known of its target too; return the target's result."""
        judgement = evaluate(
            snapshot,
            self.selection.rules,
            self.knowledge.of(known),
            specs=self.specs,
            variables=self.selection.variables,
        )
        findings = judgement.findings
        status, reason = _status(snapshot)
        return TargetResult(
            name=snapshot.target.name,
            address=snapshot.address,
            status=status,
            reason=reason,
            system=_system(snapshot.fact("platform")),
            facts=dict(Counter(str(fact.status) for fact in snapshot.facts.values())),
            not_read=_not_read(snapshot),
            seconds=snapshot.seconds,
            peer=snapshot.peer,
            findings=tuple(f for f in findings if f.outcome not in _LEFT_OUT),
            passed=tuple(f.rule for f in findings if f.outcome is Outcome.PASS),
            notapplicable={
                f.rule: f.reason for f in findings if f.outcome is Outcome.NOTAPPLICABLE
            },
            not_affected=judgement.not_affected,
        )


def _status(snapshot: Snapshot) -> tuple[TargetStatus, str]:
    if snapshot.broken:
        return TargetStatus.PARTIAL, snapshot.broken
    lost = [name for name, fact in snapshot.facts.items() if fact.status in _INCOMPLETE]
    if lost:
        return TargetStatus.PARTIAL, f"not read completely: {', '.join(sorted(lost))}"
    return TargetStatus.SCANNED, ""


def _system(platform: Fact) -> dict[str, str]:
    record = platform.records[0] if platform.records else {}
    return {name: str(record[name]) for name in _SYSTEM_FIELDS if name in record}


def _not_read(snapshot: Snapshot) -> dict[str, str]:
    return {
        name: f"{fact.status}: {fact.reason}" if fact.reason else str(fact.status)
        for name, fact in sorted(snapshot.facts.items())
        if not fact.is_decided
    }


@dataclass(frozen=True, slots=True)
class Scan:
    """What happens to each target of a run.

    `transport` picks the way to a target, `sudo_password` its password, `keep` stores the
    snapshot before it is judged, so that nothing is lost, and returns what is known of the target.
    """

    order: Order
    judge: Judge
    transport: Callable[[Target], Transport]
    sudo_password: Callable[[Target], Secret | None]
    keep: Keep

    def __call__(self, target: Target) -> TargetResult:
        """Scan `target`; whatever goes wrong with it is in the result."""
        try:
            collected = collect(
                target,
                self.order,
                self.transport(target),
                sudo_password=self.sudo_password(target),
            )
        except TargetError as error:
            return unreachable(target, error)
        known = self.keep(collected.snapshot)
        return self.judge.result(collected.snapshot, known)


def unreachable(target: Target, error: TargetError) -> TargetResult:
    """Return the result of a target that could not be scanned."""
    return TargetResult(
        name=target.name,
        address=target.host,
        status=TargetStatus.UNREACHABLE,
        reason=f"{error.cause}: {error.message}",
        hint=error.hint,
    )
