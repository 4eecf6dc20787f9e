"""The work behind `hipscan scan`: from flags to a report and an exit code."""

import gc
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from hipscan.cli import content, outputs, runner, statements
from hipscan.cli.connections import Connections
from hipscan.cli.flags import Criteria, Reach, Wanted
from hipscan.cli.learning import Learning, Recalling
from hipscan.cli.settings import Settings, chosen_packs, settle
from hipscan.cli.targets import choose
from hipscan.collect.collector import Order, order
from hipscan.documents.document import suggest
from hipscan.errors import UsageError
from hipscan.fleet.run import Recorder
from hipscan.fleet.run_folder import RunFolder, read_knowledge, read_snapshot
from hipscan.fleet.scan import Judge, Keep, Scan
from hipscan.model.finding import Severity
from hipscan.model.knowledge import Knowledge
from hipscan.model.report import Report
from hipscan.model.target import Target
from hipscan.probes import table
from hipscan.report.base import View
from hipscan.rules import needs
from hipscan.rules.matchers import Scope
from hipscan.rules.pack import Pack, Selection, select_rules
from hipscan.transport.base import Budget, TrustOptions
from hipscan.transport.ssh_config import check_options

DEFAULT_JOBS = 32
DEFAULT_SECONDS = 120
_ALWAYS = "platform"


def scan(reach: Reach, criteria: Criteria, wanted: Wanted) -> int:
    """Scan, write every report, return the exit code."""
    settings = settle(reach, criteria, wanted)
    judging = prepare(settings)
    said = statements.load(settings.criteria.vex)
    targets = choose(settings)
    check_variables(targets, judging.selection)
    connections = connect(settings.reach)
    knowledge = replace(content.knowledge(settings.waivers), vex=said)
    if not reach.quiet:
        statements.name_strangers(said, ((item.name, item.host) for item in targets))
    folder = runner.new_run_folder(datetime.now(UTC))
    folder.write_knowledge(knowledge)
    work = Scan(
        order=order_for(judging.selection, settings.reach.timeout),
        judge=Judge(judging.selection, knowledge, table.facts()),
        transport=connections.transport,
        sudo_password=connections.sudo_password,
        keep=Learning(folder, _sightings(), feeds=runner.feeds_folder()),
    )
    jobs = settings.reach.jobs or DEFAULT_JOBS
    fleet = runner.Fleet(targets, jobs, reach.quiet, reach.debug)
    gc.freeze()  # the rules stay to the end: going over them again costs each target some 5 ms
    return judging.finish(runner.run(fleet, work, judging.recorder(folder)))


def evaluate_files(
    paths: Sequence[Path], criteria: Criteria, wanted: Wanted, knowledge_file: Path | None
) -> int:
    """Judge the snapshots in `paths`, write every report, return the exit code."""
    settings = settle(Reach(), criteria, wanted)
    judging = prepare(settings)
    knowledge = _knowledge(settings, criteria, knowledge_file)
    snapshots = [read_snapshot(path) for path in paths]
    seen = ((item.target.name, item.target.host) for item in snapshots)
    statements.name_strangers(knowledge.vex, seen)
    judge = Judge(judging.selection, knowledge, table.facts())
    folder = runner.new_run_folder(datetime.now(UTC))
    folder.write_knowledge(knowledge)
    recorder = judging.recorder(folder)
    keep: Keep = Learning(folder, _sightings(), remembers=False, feeds=runner.feeds_folder())
    if knowledge_file:
        keep = Recalling(folder, knowledge_file)
    for snapshot in snapshots:
        recorder.add(judge.result(snapshot, keep(snapshot)))
    return judging.finish(recorder.finish(datetime.now(UTC)))


def _knowledge(settings: Settings, flags: Criteria, file: Path | None) -> Knowledge:
    """Return what files are judged by: what is set, or what an earlier run knew and flags add."""
    if file is None:
        said = statements.load(settings.criteria.vex)
        return replace(content.knowledge(settings.waivers), vex=said)
    known = read_knowledge(file)
    return replace(known, vex=tuple(dict.fromkeys((*known.vex, *statements.load(flags.vex)))))


def _sightings() -> Path:
    return runner.state_folder() / "first-seen"


@dataclass(frozen=True, slots=True)
class Judging:
    """What both ways to a report need: rules, gate, and where the reports go."""

    packs: tuple[Pack, ...]
    selection: Selection
    fail_on: str
    format: str
    outputs: tuple[outputs.Output, ...]
    least: Severity
    named: tuple[Path, ...] = ()  # packs that other commands have to be told of

    def recorder(self, folder: RunFolder) -> Recorder:
        """Return the recorder of a run that starts now."""
        return runner.new_recorder(folder, self.packs, self.selection, self.fail_on)

    def finish(self, report: Report) -> int:
        """Write every report; return the exit code."""
        view = View(self.least, next_command=next_command(report, self.named))
        return outputs.write_all(report, self.format, self.outputs, view)


def prepare(settings: Settings) -> Judging:
    """Return what a run is judged by; raise UsageError before anything is scanned."""
    criteria, wanted = settings.criteria, settings.wanted
    packs = content.packs(criteria.packs)
    selection = select_rules(
        packs,
        profile="default" if criteria.profile is None else criteria.profile,
        only=criteria.only,
        skip=criteria.skip,
        values=settings.set,
    )
    return Judging(
        packs,
        selection,
        check_level(str(Severity.CRITICAL) if criteria.fail_on is None else criteria.fail_on),
        outputs.check_format(wanted.format),
        outputs.parse(wanted.outputs),
        wanted.least or Severity.INFO,
        criteria.packs if criteria.packs and criteria.packs != chosen_packs(()) else (),
    )


def order_for(selection: Selection, seconds: int | None) -> Order:
    """Return the order that reads what the selected rules need."""
    names = needs.facts(selection.rules) | {_ALWAYS}
    return order(
        table.probes_for(names),
        stat_paths=needs.stat_paths(selection.rules, Scope(selection.variables)),
        budget=Budget(seconds=seconds or DEFAULT_SECONDS),
    )


def full_order(seconds: int | None = None, *, deep: bool = True) -> Order:
    """Return the order that runs every probe, with the paths of the default pack.

    Without `deep` those that take seconds of a target's time are left out.
    """
    selection = select_rules(content.packs(()))
    paths = needs.stat_paths(selection.rules, Scope(selection.variables))
    budget = Budget(seconds=seconds or DEFAULT_SECONDS)
    probes = [probe for probe in table.probes().values() if deep or not probe.deep]
    return order(probes, stat_paths=paths, budget=budget)


def connect(reach: Reach) -> Connections:
    """Return the ways to the targets; what is wrong with a password shows before any is reached."""
    trust = TrustOptions(reach.known_hosts, reach.ssh_config, reach.accept_new)
    check_options(trust)
    reach.login.get()
    reach.sudo.get()
    return Connections(trust, reach.login, reach.sudo)


def check_variables(targets: Sequence[Target], selection: Selection) -> None:
    """Raise UsageError when the inventory sets a variable that no pack has."""
    known = selection.variables
    for target in targets:
        for name in target.variables:
            if name not in known:
                raise UsageError(
                    f"{target.name}: no pack has a variable {name!r}", hint=suggest(name, known)
                )


def check_level(level: str) -> str:
    """Return `level` when the gate knows it; raise UsageError else."""
    levels = (*map(str, Severity), "never")
    if level not in levels:
        raise UsageError(f"--fail-on {level!r} is no severity", hint=suggest(level, levels))
    return level


def next_command(report: Report, named: Sequence[Path]) -> str:
    """Return the command a person would want to type next."""
    for target in report.targets():
        for finding in sorted(target.findings, key=lambda item: -item.severity.rank):
            if finding.observations:
                options = [word for folder in named for word in ("-p", str(folder))]
                return shlex.join(["hipscan", "explain", finding.rule, *options])
    return f"hipscan report {report.run.id} -o html=report.html"
