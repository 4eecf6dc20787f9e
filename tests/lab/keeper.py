"""The keeper of one host: a process that holds all of it together and takes all of it along.

    python -m tests.lab.keeper SPEC      SPEC: the JSON of `Spec`

A host lives in namespaces of its own; the keeper lives in a mount and a network namespace between
the host and the machine. The host's file system is an overlay on a tmpfs that only the keeper has
mounted; the host's eth0 is a veth whose other end is in the keeper's network. Nothing of that is
seen by the machine, except one listening socket on loopback: it was opened before the keeper left
the machine's network, and what connects to it is relayed to port 22 of the host.

The keeper's standard input is a pipe from the lab. When it closes, however the lab ended, the host
is killed and everything is gone with the last process; only an empty control group has to be
removed. One line on standard output tells the lab that the host is there (`Started`).

It imports the standard library only: it starts as fast as the interpreter does.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.lab import root
from tests.lab.relay import relay

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000  # sched.h
INSIDE, OUTSIDE, PREFIX = "198.51.100.2", "198.51.100.1", "24"  # RFC 5737: nobody's network
PORT = 2222
BOOT_SECONDS = 90.0
GROUP_PREFIX = "hipscan-lab-"
CELL = Path(__file__).with_name("cell.sh")
# What would reach through the namespaces to the machine's clock, modules, ports and kernel log.
WITHHELD = "-sys_time,-sys_module,-sys_rawio,-syslog,-wake_alarm"


@dataclass(frozen=True, slots=True)
class Spec:
    """What to start: `layers` top first; `folder` is there, empty, and for this host alone."""

    name: str
    folder: str
    layers: tuple[str, ...]
    init: str
    public_key: str


@dataclass(frozen=True, slots=True)
class Started:
    """Where the host is: the loopback address that leads to its sshd, and the pid of its init."""

    address: str
    port: int
    init: int


def main() -> None:
    """Start the host, say so, relay until standard input closes, end the host."""
    spec = Spec(**json.loads(sys.argv[1]))
    listener = _listen()
    _leave_the_machine()
    store = Path(spec.folder)
    merged = root.make(store, spec.layers)
    root.personalise(merged, spec.name, spec.public_key)
    with _control_group(store, spec.name) as group, _spawn(spec, merged, group) as host:
        try:
            init = _connect(host)
            asyncio.run(_serve(listener, host.pid, init))
        finally:
            host.kill()


def _listen() -> socket.socket:
    """Make a socket on a loopback address that nothing else of this machine listens on."""
    while True:
        third, fourth = secrets.token_bytes(2)
        listener = socket.socket()
        with contextlib.suppress(OSError):
            listener.bind((f"127.83.{third}.{fourth}", PORT))
            listener.listen(128)
            return listener
        listener.close()


def _leave_the_machine() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "cannot leave the machine's namespaces")
    root.run("mount", "--make-rprivate", "/")


@contextlib.contextmanager
def _control_group(store: Path, name: str) -> Iterator[Path]:
    """Make a control group for systemd to rule over, removed with all that it made in it."""
    mounted = store / "cgroup"
    mounted.mkdir()
    root.run("mount", "-t", "cgroup2", "cgroup2", str(mounted))
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
            *("sh", str(CELL), str(merged), spec.name, f"{INSIDE}/{PREFIX}", spec.init),
        ],
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        start_new_session=True,
    )


def _connect(host: subprocess.Popen[bytes]) -> int:
    """Lay the wire between the keeper's network and the host's; return the pid of its init."""
    children = Path(f"/proc/{host.pid}/task/{host.pid}/children")
    while not (found := children.read_text().split()):
        time.sleep(0.005)
    root.run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "eth0", "netns", found[0])
    root.run("ip", "address", "add", f"{OUTSIDE}/{PREFIX}", "dev", "wire")
    root.run("ip", "link", "set", "wire", "up")
    if host.stdin:
        host.stdin.write(b"\n")
        host.stdin.flush()
    return int(found[0])


async def _serve(listener: socket.socket, host: int, init: int) -> None:
    """Wait until the host can be logged in to, say so, and relay until somebody ends it."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    loop.add_reader(sys.stdin, over.set)
    loop.add_reader(os.pidfd_open(host), over.set)
    async with await relay(listener, INSIDE, 22):
        async with asyncio.timeout(BOOT_SECONDS):
            while not _is_up(init) and not over.is_set():  # noqa: ASYNC110 - no event tells this
                await asyncio.sleep(0.02)
        address, port = listener.getsockname()
        print(json.dumps(asdict(Started(address, port, init))), flush=True)
        await over.wait()


def _is_up(init: int) -> bool:
    """Whether sshd listens and lets people in; looks from outside and leaves no trace."""
    process = Path(f"/proc/{init}")
    sockets = (process / "net/tcp").read_text()
    listening = any(
        fields[1].endswith(":0016") and fields[3] == "0A"
        for fields in map(str.split, sockets.splitlines())
    )
    return listening and not (process / "root/run/nologin").exists()


if __name__ == "__main__":
    main()
