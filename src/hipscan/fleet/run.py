"""A whole run: targets through the pool, results onto disk, counts, gate, report."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from hipscan import __version__
from hipscan.errors import ExitCode
from hipscan.evaluate.gate import Gate
from hipscan.fleet.run_folder import RunFolder, RunHead
from hipscan.frameworks.catalogue import Framework
from hipscan.frameworks.matrix import Rules, Tally, assess, by_control
from hipscan.model.finding import Outcome, Severity
from hipscan.model.report import Report, RuleText, Run, Summary, TargetResult, TargetStatus
from hipscan.rules.pack import Pack, Selection, belongs
from hipscan.rules.proof import preview


@dataclass(slots=True)
class Counts:
    """Counts over targets, fed one by one, so that memory does not grow with the fleet."""

    targets: Counter[TargetStatus] = field(default_factory=Counter)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    observations: Counter[Severity] = field(default_factory=Counter)
    waived: int = 0
    not_affected: int = 0

    def add(self, target: TargetResult) -> None:
        """Count one target."""
        self.targets[target.status] += 1
        self.outcomes[Outcome.PASS] += len(target.passed)
        self.outcomes[Outcome.NOTAPPLICABLE] += len(target.notapplicable)
        self.not_affected += len(target.not_affected)
        for finding in target.findings:
            self.outcomes[finding.outcome] += 1
            for item in finding.observations:
                self.waived += item.waiver is not None
                self.observations[item.severity] += item.waiver is None

    @property
    def summary(self) -> Summary:
        """Return the counts as a value, every key present."""
        return Summary(
            targets={str(status): self.targets[status] for status in TargetStatus},
            outcomes={str(outcome): self.outcomes[outcome] for outcome in Outcome},
            observations={level: self.observations[level] for level in Severity},
            waived=self.waived,
            not_affected=self.not_affected,
        )


@dataclass(slots=True)
class Recorder:
    """Takes the results of a run as they come, and ends it with a report."""

    folder: RunFolder
    selection: Selection
    packs: tuple[Pack, ...]
    frameworks: tuple[Framework, ...]
    fail_on: str
    started: datetime
    counts: Counts = field(default_factory=Counts)
    tally: Tally = field(default_factory=Tally)
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        """Set up the gate."""
        self.gate = Gate(self.fail_on)

    def add(self, result: TargetResult) -> None:
        """Write one target's result and count it."""
        self.folder.write_target(result)
        self.counts.add(result)
        self.tally.add(result)
        self.gate.add(result)

    def finish(self, finished: datetime, *, forced: ExitCode | None = None) -> Report:
        """Write the head of the run and return its report.

        `forced` is the exit code of a run that was interrupted or met a bug; it is incomplete.
        """
        run = Run(
            id=self.folder.path.name,
            started=self.started.isoformat(timespec="seconds"),
            finished=finished.isoformat(timespec="seconds"),
            hipscan=__version__,
            packs=tuple(f"{pack.name} {pack.version}" for pack in self.packs),
            profile=self.selection.profile,
            fail_on=self.fail_on,
            complete=forced is None and not self.gate.is_open,
            exit_code=self.gate.exit_code if forced is None else forced,
        )
        rules = rule_texts(self.selection, self.packs)
        evidence = evidence_of(self.packs, self.selection)
        matrix = assess(self.frameworks, evidence, self.tally)
        return self.folder.finish(RunHead(run, rules, self.counts.summary, matrix))


def evidence_of(packs: Iterable[Pack], selection: Selection) -> Rules:
    """Return which rules evidence which controls: those of the run, and of its profile the rest."""
    judged = {rule.id: rule.controls for rule in selection.rules}
    rest = {
        rule.id: rule.controls
        for pack in packs
        for rule in pack.rules
        if rule.id not in judged and belongs(rule, pack, selection.profile)
    }
    return Rules(by_control(judged.items()), by_control(rest.items()))


def rule_texts(selection: Selection, packs: Iterable[Pack]) -> dict[str, RuleText]:
    """Return what reports say of the selected rules."""
    cases = [case for pack in packs for case in pack.cases]
    return {
        rule.id: RuleText(
            id=rule.id,
            title=rule.title,
            severity=rule.severity,
            controls=rule.controls,
            why=rule.why,
            fix=rule.fix.text,
            shell=rule.fix.shell,
            references=rule.references,
            preview=preview(rule.id, cases),
            severity_with_phi=rule.severity_with_phi,
        )
        for rule in selection.rules
    }
