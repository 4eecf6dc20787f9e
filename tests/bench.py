"""`make bench`: what a scan costs, as ratios of things measured side by side in one run.

A Debian 12 host of the lab is scanned over SSH with the whole default pack. Next to it, in turns:
the same script run inside the host without SSH, and a bare paramiko connection that runs `true`.
Ratios and processor times travel to other machines; wall times do not.
"""

import gc
import resource
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import paramiko

from hipscan.cli import content
from hipscan.cli.connections import Connections
from hipscan.cli.learning import Learning
from hipscan.cli.passwords import PasswordSource
from hipscan.cli.scanning import order_for
from hipscan.collect.collector import Order, make_request
from hipscan.fleet.run_folder import RunFolder
from hipscan.fleet.scan import Judge, Scan
from hipscan.model.report import TargetStatus
from hipscan.model.target import Target
from hipscan.probes import table
from hipscan.rules.pack import select_rules
from hipscan.transport.base import Budget, Ending, TrustOptions
from hipscan.transport.dialogue import converse
from hipscan.transport.processes import SubprocessChannel
from tests.lab.hosts import Host, Lab
from tests.lab.inside import PATH, Namespaces
from tests.lab.requirements import missing

ROUNDS: Final = 7
STARTS: Final = 9
_TRUE: Final = "true"


@dataclass(slots=True)
class Series:
    """Numbers of one kind, one for each round."""

    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Return the median."""
        return statistics.median(self.values)

    @contextmanager
    def taking(self, clock: Callable[[], float]) -> Iterator[None]:
        """Add what `clock` advances by while the block runs."""
        before = clock()
        yield
        self.values.append(clock() - before)


def own_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(item.ru_utime + item.ru_stime for item in used)


def child_seconds() -> float:
    """Return the processor time of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass(slots=True)
class Bench:
    """One host, and the three ways that are compared."""

    host: Host
    init: int
    target: Target
    scan: Scan
    order: Order
    sent: int = 0
    received: int = 0

    def over_ssh(self) -> None:
        """Scan as `hipscan scan` does: connect, collect, judge, keep."""
        result = self.scan(self.target)
        if result.status is TargetStatus.UNREACHABLE:
            raise RuntimeError(result.reason)

    def inside(self) -> None:
        """Run the same script inside the host, without SSH."""
        request = make_request(self.target, self.order, "0" * 32)
        enter = ["nsenter", "--target", str(self.init), "--mount", "--uts", "--ipc", "--net"]
        argv = [*enter, "--pid", "--cgroup", *shlex.split(request.command)]
        with SubprocessChannel(argv, env={"PATH": PATH, "HOME": "/root"}) as channel:
            reply = converse(channel, request, self.order.budget)
        if reply.ending is not Ending.COMPLETE:
            raise RuntimeError(f"the script inside the host: {reply.ending}")
        self.sent, self.received = len(request.payload), len(reply.stdout)

    def bare(self) -> None:
        """Connect with paramiko alone and run `true`."""
        key = paramiko.Ed25519Key.from_private_key_file(str(self.host.identity))
        with socket.create_connection((self.host.address, self.host.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = paramiko.Transport(connection)
            try:
                client.connect(username="root", pkey=key)
                channel = client.open_session()
                channel.exec_command(_TRUE)
                channel.recv_exit_status()
            finally:
                client.close()

    def host_seconds(self) -> float:
        """Return the processor time that the whole host has used, its sshd included."""
        group = Path(f"/proc/{self.init}/cgroup").read_text().rsplit("0::", 1)[1].strip()
        for top in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")):
            stat = top / Path(group).parent.relative_to("/") / "cpu.stat"
            if stat.exists():
                return int(stat.read_text().split()[1]) / 1e6
        raise RuntimeError("no cgroup2 that counts the host's processor time")


def bench_of(host: Host, folder: Path) -> Bench:
    """Return the bench of a host of the lab."""
    if not isinstance(host.inside, Namespaces):
        raise TypeError("the bench needs a host of namespaces")
    selection = select_rules(content.packs(()))
    order = order_for(selection, int(Budget().seconds))
    run = RunFolder.create(folder / "run")
    trust = TrustOptions(host.known_hosts, Path("/dev/null"), accept_new=False)
    connections = Connections(trust, PasswordSource("password"), PasswordSource("sudo password"))
    scan = Scan(
        order=order,
        judge=Judge(selection, content.knowledge(now=datetime.now(UTC)), table.facts()),
        transport=connections.transport,
        sudo_password=connections.sudo_password,
        keep=Learning(run, folder / "first-seen"),
    )
    target = Target("bench", host.address, port=host.port, user="root", identity=host.identity)
    return Bench(host, host.inside.init, target, scan, order)


def measure_host(bench: Bench) -> None:
    """Measure the three ways in turns, after a round that only warms up, and print."""
    scans, locals_, bares, own, theirs = (Series() for _ in range(5))
    bench.over_ssh()
    bench.inside()
    bench.bare()
    gc.freeze()  # as `hipscan scan` does before its first target
    for _ in range(ROUNDS):
        with (
            scans.taking(time.monotonic),
            own.taking(own_seconds),
            theirs.taking(bench.host_seconds),
        ):
            bench.over_ssh()
        with locals_.taking(time.monotonic):
            bench.inside()
        with bares.taking(time.monotonic):
            bench.bare()
    beside = locals_.median + bares.median
    _row("scan over SSH, wall", f"{scans.median * 1000:.0f} ms")
    _row("script inside + bare connection", f"{beside * 1000:.0f} ms")
    _row("  the first over the second", f"{scans.median / beside:.2f}", "at most 1.3")
    _row("our processor time a target", f"{own.median * 1000:.0f} ms", "at most 60 ms")
    _row("the host's processor time", f"{theirs.median * 1000:.0f} ms", "at most 1500 ms")
    _row("sent, received", f"{bench.sent / 1024:.0f} KiB, {bench.received / 1024:.0f} KiB")


def measure_start() -> None:
    """Compare `hipscan --help` with an interpreter that imports typer, in processor time."""
    ours, typer = Series(), Series()
    for _ in range(STARTS):
        for series, words in ((ours, ["-m", "hipscan", "--help"]), (typer, ["-c", "import typer"])):
            with series.taking(child_seconds):
                subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    _row("hipscan --help", f"{ours.median * 1000:.0f} ms")
    _row("import typer", f"{typer.median * 1000:.0f} ms")
    _row("  the first over the second", f"{ours.median / typer.median:.2f}", "at most 3")


def _row(what: str, figure: str, aim: str = "") -> None:
    print(f"{what:34} {figure:>20}   {aim}")  # noqa: T201  # this is a command


def main() -> int:
    """Measure what can be measured here; return 1 when that is not everything."""
    measure_start()
    if reasons := missing():
        _row("scan of a lab host", "not measured", "; ".join(reasons))
        return 1
    with tempfile.TemporaryDirectory() as folder, Lab() as lab:
        measure_host(bench_of(lab.start("debian12"), Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
