"""The work behind `hipscan collect`, `plan` and `check`: everything short of judging."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hipscan.cli.connections import Connections
from hipscan.cli.flags import Reach
from hipscan.cli.progress import Progress
from hipscan.cli.runner import at_a_time
from hipscan.cli.scanning import DEFAULT_JOBS, DEFAULT_SECONDS, connect, full_order
from hipscan.cli.settings import settle_reach
from hipscan.cli.targets import choose
from hipscan.collect.collector import Collected, Order, collect, order
from hipscan.documents import files
from hipscan.errors import ExitCode, TargetError
from hipscan.fleet.pool import run_on, threads
from hipscan.fleet.run_folder import file_name
from hipscan.model import codec, snapshot
from hipscan.model.fact import FactStatus
from hipscan.model.target import Target
from hipscan.probes import table
from hipscan.sanitize import line
from hipscan.transport.base import Budget
from hipscan.transport.replay import Exchange, SavedFrame, dumps


@dataclass(frozen=True, slots=True)
class Collector:
    """Collects one target with what a run has."""

    order: Order
    connections: Connections

    def __call__(self, target: Target) -> Collected:
        """Return the target's facts; raise TargetError when it cannot be reached."""
        return collect(
            target,
            self.order,
            self.connections.transport(target),
            sudo_password=self.connections.sudo_password(target),
        )


def collect_all(reach: Reach, folder: Path, *, exchange: bool, deep: bool) -> int:
    """Write one snapshot a target; return 3 when one could not be reached or broke off."""

    def keep(target: Target, collected: Collected) -> str:
        path = folder / f"{file_name(target.name)}.snapshot.json"
        files.write(path, codec.dumps(snapshot.SCHEMA, collected.snapshot))
        if exchange:
            raw = folder / f"{file_name(target.name)}.exchange.json"
            files.write(raw, dumps(_exchange(target, collected)).encode())
        return f"{line(target.name)}: {path}{_remark(collected)}"

    return _each(reach, full_order(reach.timeout, deep=deep), keep)


def check_all(reach: Reach) -> int:
    """Say of each target whether it can be scanned; return 3 when one cannot."""
    probes = [table.probes()["platform"]]
    what = order(probes, budget=Budget(seconds=reach.timeout or DEFAULT_SECONDS))
    return _each(reach, what, lambda target, collected: f"{line(target.name)}: {_who(collected)}")


def _each(reach: Reach, what: Order, show: Callable[[Target, Collected], str]) -> int:
    """Collect from every target at the same time and print a line for each."""
    settings = settle_reach(reach)
    targets = choose(settings)
    work = Collector(what, connect(settings.reach))
    count = at_a_time(settings.reach.jobs or DEFAULT_JOBS, len(targets))
    status: int = ExitCode.OK
    with Progress(len(targets), quiet=reach.quiet) as progress, threads(count) as pool:
        for target, result in run_on(targets, progress.watched(work), pool):
            if isinstance(result, TargetError):
                _failed(target, result)
            elif isinstance(result, Exception):
                raise result
            else:
                sys.stdout.write(f"{show(target, result)}\n")
            if not isinstance(result, Collected) or result.snapshot.broken:
                status = ExitCode.INCOMPLETE
    return status


def _failed(target: Target, error: TargetError) -> None:
    sys.stdout.write(f"{line(target.name)}: NOT REACHED: {error.cause}: {line(error.message)}\n")
    if error.hint:
        sys.stdout.write(f"  try: {line(error.hint)}\n")


def _remark(collected: Collected) -> str:
    lost = [
        f"{name} {fact.status}"
        for name, fact in collected.snapshot.facts.items()
        if fact.status is not FactStatus.OK and fact.status is not FactStatus.ABSENT
    ]
    broken = f" ({collected.snapshot.broken})" if collected.snapshot.broken else ""
    return broken + (f" (not read: {', '.join(lost)})" if lost else "")


def _who(collected: Collected) -> str:
    """Say how a target was reached, as whom, and what it is."""
    peer = collected.snapshot.peer
    platform = collected.snapshot.fact("platform")
    if not platform.records:
        return f"reached, but its platform is not known: {line(platform.reason)}"
    record = platform.records[0]
    who = "as root" if record["root"] else "without root: some rules will be notchecked"
    way = ", ".join(f"{key} {value}" for key, value in peer.items() if key != "note")
    note = f"; {peer['note']}" if "note" in peer else ""
    return line(f"ok, {who}; {record['name']}, kernel {record['kernel']}; {way}{note}")


def _exchange(target: Target, collected: Collected) -> Exchange:
    frames = tuple(
        SavedFrame(item.probe, item.status, item.milliseconds, item.payload, item.truncated)
        for item in collected.frames
    )
    return Exchange(target.name, frames)
