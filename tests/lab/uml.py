"""A host with a kernel of its own: Debian's user-mode Linux, an ordinary process here.

Its root is the overlay, through hostfs; its network a TAP device in the keeper's network; its
disk, /dev/ubda, a sparse file. The kernel's program comes from an image of its own and runs with
that image's libraries. Scripts come in over a serial line, where the host's agent (setup/uml.sh)
says `ready` once and then answers each line with one line:

    root ZWNobyBoaQ==. .        user, script and standard input; each but the user in base64
    0 aGkK. .                   exit status, output, error output; the dot: no field is empty
"""

import asyncio
import base64
import contextlib
import os
import pty
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

from tests.lab.root import mount_layers, run
from tests.lab.spec import LINE_LIMIT, OUTSIDE, PREFIX, Spec

DISK_BYTES = 256 * 1024 * 1024
MEMORY = "512M"
RUN = 'mount -t proc proc /proc; exec env TMPDIR=/tmp linux.uml "$@"'
UP = b"""
until systemctl is-system-running --wait 2>/dev/null | grep -Eqx "running|degraded"; do
    sleep 0.1
done
until ss -Hltn | grep -q :22; do sleep 0.1; done
"""


class UserModeLinux:
    """The process of such a host, and the serial line to its agent."""

    init = 0

    def __init__(self, process: subprocess.Popen[bytes], line: int) -> None:
        self.process = process
        self._line = line
        self._answers: asyncio.StreamReader

    async def wait(self) -> None:
        """Wait until sshd listens and lets people in, as the host's systemd says."""
        loop = asyncio.get_running_loop()
        self._answers = asyncio.StreamReader(limit=LINE_LIMIT)
        protocol = asyncio.StreamReaderProtocol(self._answers)
        await loop.connect_read_pipe(lambda: protocol, os.fdopen(self._line, "rb", 0))
        await self._answers.readuntil(b"ready\n")
        await self.ask(b"root " + base64.b64encode(UP) + b". .\n")

    async def ask(self, request: bytes) -> bytes:
        """Send one line to the agent and return its answer, a line."""
        while request:
            try:
                request = request[os.write(self._line, request) :]
            except BlockingIOError:  # the agent reads slower than we write
                await asyncio.sleep(0.005)
        return await self._answers.readuntil(b"\n")


@contextlib.contextmanager
def boot(spec: Spec, merged: Path) -> Iterator[UserModeLinux]:
    """Start the kernel on the file system `merged`; end it on leaving."""
    kernel = _kernel_root(spec, merged)
    run("ip", "tuntap", "add", "wire", "mode", "tap")
    run("ip", "address", "add", f"{OUTSIDE}/{PREFIX}", "dev", "wire")
    run("ip", "link", "set", "wire", "up")
    line, far_end = pty.openpty()
    tty.setraw(far_end)
    command = [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--pid", "--mount", "--kill-child"),
        *("chroot", str(kernel), "sh", "-c", RUN, "sh", *_arguments(spec)),
    ]
    with subprocess.Popen(
        command, stdin=far_end, stdout=far_end, stderr=sys.stderr, start_new_session=True
    ) as process:
        os.close(far_end)
        try:
            yield UserModeLinux(process, line)
        finally:
            process.kill()


def _kernel_root(spec: Spec, merged: Path) -> Path:
    """Mount the kernel's image, with the host's root, its disk and the machine's devices in it."""
    kernel = mount_layers(merged.parent / "kernel", spec.kernel)
    run("mount", "--rbind", "/dev", str(kernel / "dev"))
    run("mount", "-t", "tmpfs", "tmpfs", str(kernel / "tmp"))
    with (kernel / "tmp/disk").open("wb") as disk:
        disk.truncate(DISK_BYTES)
    modules = merged / "usr/lib/modules"
    modules.mkdir(exist_ok=True)
    run("mount", "--bind", str(kernel / "usr/lib/uml/modules"), str(modules))
    run("mount", "--rbind", str(merged), str(kernel / "mnt"))
    return kernel


def _arguments(spec: Spec) -> tuple[str, ...]:
    return (
        *(f"mem={MEMORY}", "uml_dir=/tmp/", "panic=-1", "quiet"),
        *("root=/dev/root", "rootfstype=hostfs", "rootflags=/mnt", "rw"),
        *("ubd0=/tmp/disk", "vec0:transport=tap,ifname=wire,depth=64"),
        *("con=null", "con0=null,fd:2", "ssl=null", "ssl0=fd:0,fd:1"),
        *("security=apparmor", f"init={spec.init}"),
    )
