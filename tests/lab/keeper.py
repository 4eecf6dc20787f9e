"""The keeper of one host: a process that holds all of it together and takes all of it along.

    python -m tests.lab.keeper SPEC      SPEC: the JSON of `Spec`

A host lives in namespaces of its own; the keeper lives in a mount and a network namespace between
the host and the machine. The host's file system is an overlay on a tmpfs that only the keeper has
mounted; the host's eth0 is a veth whose other end is in the keeper's network. Nothing of that is
seen by the machine, except one listening socket on loopback: it was opened before the keeper left
the machine's network, and what connects to it is relayed to port 22 of the host.

The keeper's standard input is a pipe from the lab. When it closes, however the lab ended, the host
is killed and everything is gone with the last process; the keeper removes the host's empty control
group and its folder, and ends. One line on standard output tells the lab that the host is there
(`Started`). To a host whose namespaces nobody can enter, having a kernel of its own, the keeper
takes further lines.

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
import sys
from dataclasses import asdict
from pathlib import Path

from tests.lab import cell, root, uml
from tests.lab.relay import relay
from tests.lab.spec import INSIDE, LINE_LIMIT, Spec, Started

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000  # sched.h
PORT = 2222
BOOT_SECONDS = 90.0
Machine = cell.Cell | uml.UserModeLinux


def main() -> None:
    """Start the host, say so, relay until standard input closes, end the host."""
    spec = Spec(**json.loads(sys.argv[1]))
    listener = _listen()
    _leave_the_machine()
    merged = root.make(Path(spec.folder), spec.layers)
    root.personalise(merged, spec.name, spec.public_key)
    boot = uml.boot if spec.kernel else cell.boot
    with boot(spec, merged) as machine:
        asyncio.run(_serve(listener, machine))
    root.remove(Path(spec.folder))


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


async def _serve(listener: socket.socket, machine: Machine) -> None:
    """Wait until the host can be logged in to, say so, and relay until somebody ends it."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    loop.add_signal_handler(signal.SIGTERM, over.cancel)
    loop.add_reader(os.pidfd_open(machine.process.pid), over.cancel)
    requests: asyncio.Queue[bytes] = asyncio.Queue()
    async with await relay(listener, INSIDE, 22):
        hearing = loop.create_task(_hear(requests))
        talking = loop.create_task(_talk(listener, machine, requests))
        await asyncio.wait((hearing, talking, over), return_when=asyncio.FIRST_COMPLETED)
        if talking.done():
            talking.result()


async def _hear(requests: "asyncio.Queue[bytes]") -> None:
    """Take lines from the lab until it hangs up, also while the host boots or is busy."""
    lines = asyncio.StreamReader(limit=LINE_LIMIT)
    protocol = asyncio.StreamReaderProtocol(lines)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while request := await lines.readline():
        requests.put_nowait(request)


async def _talk(
    listener: socket.socket, machine: Machine, requests: "asyncio.Queue[bytes]"
) -> None:
    """Say where the host is, then take the lab's lines to it and its answers back."""
    await asyncio.wait_for(machine.wait(), BOOT_SECONDS)
    address, port = listener.getsockname()
    print(json.dumps(asdict(Started(address, port, machine.init))), flush=True)
    while True:
        sys.stdout.buffer.write(await machine.ask(await requests.get()))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
