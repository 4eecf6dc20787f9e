"""The work behind `hipscan scan`: from flags to a report and an exit code."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hipscan.cli import content, outputs, runner
from hipscan.cli.connections import Connections
from hipscan.cli.flags import Criteria, Reach, Wanted
from hipscan.cli.targets import Overrides, choose
from hipscan.collect.collector import order
from hipscan.documents.document import suggest
from hipscan.errors import UsageError
from hipscan.fleet.run_folder import read_knowledge, read_snapshot
from hipscan.fleet.scan import Judge, Scan
from hipscan.model.finding import Severity
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
    outputs.check_format(wanted.format)
    files = outputs.parse(wanted.outputs)
    fail_on = check_level(criteria.fail_on or Severity.CRITICAL)
    packs, selection = rules(criteria)
    targets = choose_targets(reach)
    folder = runner.new_run_folder(datetime.now(UTC))
    knowledge = content.knowledge()
    folder.write_knowledge(knowledge)
    connections = connect(reach)
    names = needs.facts(selection.rules) | {_ALWAYS}
    work = Scan(
        order=order(
            table.probes_for(names),
            stat_paths=needs.stat_paths(selection.rules, Scope(selection.variables)),
            budget=Budget(seconds=reach.timeout or DEFAULT_SECONDS),
        ),
        judge=Judge(selection, knowledge, table.facts()),
        transport=connections.transport,
        sudo_password=connections.sudo_password,
        keep=folder.write_snapshot,
    )
    recorder = runner.new_recorder(folder, packs, selection, fail_on)
    fleet = runner.Fleet(targets, reach.jobs or DEFAULT_JOBS, reach.quiet, reach.debug)
    report = runner.run(fleet, work, recorder)
    view = View(wanted.least or Severity.INFO, next_command=next_command(report))
    return outputs.write_all(report, wanted.format, files, view)


def evaluate_files(
    paths: Sequence[Path], criteria: Criteria, wanted: Wanted, knowledge_file: Path | None
) -> int:
    """Judge the snapshots in `paths`, write every report, return the exit code."""
    outputs.check_format(wanted.format)
    files = outputs.parse(wanted.outputs)
    fail_on = check_level(criteria.fail_on or Severity.CRITICAL)
    packs, selection = rules(criteria)
    knowledge = read_knowledge(knowledge_file) if knowledge_file else content.knowledge()
    judge = Judge(selection, knowledge, table.facts())
    folder = runner.new_run_folder(datetime.now(UTC))
    folder.write_knowledge(knowledge)
    recorder = runner.new_recorder(folder, packs, selection, fail_on)
    for path in paths:
        snapshot = read_snapshot(path)
        folder.write_snapshot(snapshot)
        recorder.add(judge.result(snapshot))
    report = recorder.finish(datetime.now(UTC))
    view = View(wanted.least or Severity.INFO, next_command=next_command(report))
    return outputs.write_all(report, wanted.format, files, view)


def rules(criteria: Criteria) -> tuple[tuple[Pack, ...], Selection]:
    """Return the packs and the rules selected from them."""
    packs = content.packs(criteria.packs)
    selection = select_rules(
        packs,
        profile=criteria.profile or "default",
        only=criteria.only,
        skip=criteria.skip,
        values=content.values(criteria.values),
    )
    return packs, selection


def choose_targets(reach: Reach) -> tuple[Target, ...]:
    """Return the targets that the command line means."""
    overrides = Overrides(reach.identity, reach.become, reach.transport)
    return choose(reach.targets, reach.inventory, reach.limit, overrides)


def connect(reach: Reach) -> Connections:
    """Return the ways to the targets."""
    trust = TrustOptions(reach.known_hosts, reach.ssh_config, reach.accept_new)
    check_options(trust)
    return Connections(trust, reach.login, reach.sudo)


def check_level(level: str) -> str:
    """Return `level` when the gate knows it; raise UsageError else."""
    levels = (*Severity, "never")
    if level not in levels:
        raise UsageError(f"--fail-on {level!r} is no severity", hint=suggest(level, levels))
    return level


def next_command(report: Report) -> str:
    """Return the command a person would want to type next."""
    for target in report.targets():
        for finding in sorted(target.findings, key=lambda item: -item.severity.rank):
            if finding.observations:
                return f"hipscan explain {finding.rule}"
    return f"hipscan report {report.run.id} -o html=report.html"
