"""A host in namespaces: it shares the machine's kernel, everything else is its own."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.lab.root import run
from tests.lab.spec import INSIDE, OUTSIDE, PREFIX, Spec

SCRIPT = Path(__file__).with_name("cell.sh")
GROUP_PREFIX = "hipscan-lab-"
# What would reach through the namespaces to the machine's clock, modules, ports and kernel log.
WITHHELD = "-sys_time,-sys_module,-sys_rawio,-syslog,-wake_alarm"


class Cell:
    """The processes of such a host, its control group and its wire."""

    def __init__(self, process: subprocess.Popen[bytes], init: int) -> None:
        self.process = process
        self.init = init

    async def wait(self) -> None:
        """Wait until sshd listens and lets people in; looks from outside and leaves no trace."""
        while not self._is_up():  # noqa: ASYNC110  # no event tells this
            await asyncio.sleep(0.02)

    async def ask(self, request: bytes) -> bytes:
        """Refuse: what runs in a cell enters its namespaces."""
        raise NotImplementedError(request)

    def _is_up(self) -> bool:
        process = Path(f"/proc/{self.init}")
        sockets = (process / "net/tcp").read_text()
        listening = any(
            fields[1].endswith(":0016") and fields[3] == "0A"
            for fields in map(str.split, sockets.splitlines())
        )
        return listening and not (process / "root/run/nologin").exists()


@contextlib.contextmanager
def boot(spec: Spec, merged: Path) -> Iterator[Cell]:
    """Start the host's init on the file system `merged`; end all of it on leaving."""
    with _control_group(merged.parent, spec.name) as group, _spawn(spec, merged, group) as process:
        try:
            yield Cell(process, _connect(process))
        finally:
            process.kill()


@contextlib.contextmanager
def _control_group(store: Path, name: str) -> Iterator[Path]:
    """Make a control group for systemd to rule over, removed with all that it made in it."""
    mounted = store / "cgroup"
    mounted.mkdir()
    run("mount", "-t", "cgroup2", "cgroup2", str(mounted))
    group = mounted / f"{GROUP_PREFIX}{name}"
    group.mkdir()
    try:
        yield group
    finally:
        remove_group(group)


def remove_group(group: Path) -> None:
    """Remove a control group and those below it, as soon as their processes have ended."""
    for folder, _, _ in os.walk(group, topdown=False):
        for _ in range(100):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
                break
            time.sleep(0.02)


def _spawn(spec: Spec, merged: Path, group: Path) -> subprocess.Popen[bytes]:
    """Start the host's first process; it waits for a line before it goes on."""
    enter = 'echo $$ >"$1"; shift; exec "$@"'
    return subprocess.Popen(
        [
            *("sh", "-c", enter, "sh", str(group / "cgroup.procs")),
            *("setpriv", "--pdeathsig", "KILL", "--bounding-set", WITHHELD),
            *("unshare", "--pid", "--mount", "--net", "--uts", "--ipc", "--cgroup"),
            *("--propagation", "private", "--kill-child"),
            *("sh", str(SCRIPT), str(merged), spec.name, f"{INSIDE}/{PREFIX}", spec.init),
        ],
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        start_new_session=True,
    )


def _connect(process: subprocess.Popen[bytes]) -> int:
    """Lay the wire between the keeper's network and the host's; return the pid of its init."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (found := children.read_text().split()):
        time.sleep(0.005)
    run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "eth0", "netns", found[0])
    run("ip", "address", "add", f"{OUTSIDE}/{PREFIX}", "dev", "wire")
    run("ip", "link", "set", "wire", "up")
    if process.stdin:
        process.stdin.write(b"\n")
        process.stdin.flush()
    return int(found[0])
