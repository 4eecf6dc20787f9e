"""Runs over many targets of which some go wrong, without a network."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hipscan.cli.content import frameworks
from hipscan.errors import TargetError
from hipscan.fleet.pool import run_on
from hipscan.fleet.run import Recorder
from hipscan.fleet.run_folder import RunFolder
from hipscan.fleet.scan import Judge, unreachable
from hipscan.model.fact import ok
from hipscan.model.knowledge import Knowledge, TargetKnowledge
from hipscan.model.report import Report, TargetResult
from hipscan.model.snapshot import Snapshot, TargetData
from hipscan.model.target import Target
from hipscan.probes import table
from hipscan.rules.pack import Pack, select_rules

NOW: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
Trouble = Callable[[], None]


def targets(*names: str) -> tuple[Target, ...]:
    """Return targets of these names."""
    return tuple(Target(name, name) for name in names)


def judge(pack: Pack) -> Judge:
    """Return what judges by the rules of `pack`."""
    return Judge(select_rules((pack,)), Knowledge(NOW), table.facts())


def result(name: str, judge: Judge) -> TargetResult:
    """Return the result of a machine whose architecture is its name."""
    facts = {"platform": ok({"id": "debian", "arch": name})}
    snapshot = Snapshot(TargetData(name), NOW.isoformat(), "0", "", facts)
    return judge.result(snapshot, TargetKnowledge())


def run(folder: Path, names: tuple[str, ...], pack: Pack, trouble: Mapping[str, Trouble]) -> Report:
    """Run over `names` on real threads; `trouble` says what happens to some of them."""
    by = judge(pack)

    def work(target: Target) -> TargetResult:
        if happens := trouble.get(target.name):
            try:
                happens()
            except TargetError as error:
                return unreachable(target, error)
        return result(target.name, by)

    recorder = Recorder(RunFolder.create(folder), by.selection, (pack,), frameworks(), "high", NOW)
    with ThreadPoolExecutor(4) as pool:
        for _, found in run_on(targets(*names), work, pool):
            if isinstance(found, TargetResult):
                recorder.add(found)
    return recorder.finish(NOW)


def without_time(found: TargetResult) -> TargetResult:
    """Return what two runs must agree on."""
    return replace(found, seconds=0.0)
