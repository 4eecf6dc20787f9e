"""Runs the command line as a user does, with a state, a home and a folder of the test's own."""

import contextlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Final

from hipscan.model import codec, snapshot
from hipscan.model.fact import ok
from hipscan.model.snapshot import Snapshot, TargetData
from tests.sshd import Sshd

PACK: Final = Path(__file__).parent / "pack"
_KEPT: Final = ("PATH", "LANG", "PYTHONPATH", "PYTHONWARNINGS", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """Return standard output as the JSON report that it has to be."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a command whose world is `folder`."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    state = {"HIPSCAN_STATE": str(folder / "state"), "HOME": str(folder)}
    return kept | state | {"COLUMNS": "80", "TERM": "xterm"}


def argv(*words: object) -> list[str]:
    """Return the command line `hipscan WORDS`."""
    return [sys.executable, "-m", "hipscan", *map(str, words)]


def start(folder: Path, *words: object) -> "subprocess.Popen[str]":
    """Start `hipscan WORDS` in `folder`, in a process group of its own."""
    return subprocess.Popen(
        argv(*words),
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def shell(folder: Path, line: str, **variables: str) -> Done:
    """Run a line of bash in `folder`, in which `hipscan` is the command."""
    function = f'hipscan() {{ "{sys.executable}" -m hipscan "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", function + line],
        cwd=folder,
        env=environment(folder) | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def in_terminal(folder: Path, *words: str, **variables: str) -> bytes:
    """Run `hipscan WORDS` with a terminal for standard output; return what it showed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        argv(*words), cwd=folder, env=environment(folder) | variables, stdout=theirs
    ):
        os.close(theirs)
        with open(ours, "rb", buffering=0) as screen:  # noqa: PTH123  # a descriptor
            return b"".join(_pieces(screen))


def _pieces(screen: FileIO) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # EIO, when nobody has the terminal any more
        while piece := screen.read(65536):
            yield piece


def write_snapshot(folder: Path, name: str = "web1") -> Path:
    """Write the snapshot of a machine of this century, on which little was read."""
    facts = {"platform": ok({"id": "debian", "name": "Debian", "kernel": "6.1", "arch": "x86_64"})}
    value = Snapshot(TargetData(name), "2026-11-21T12:00:00+00:00", "0.1.0", "", facts)
    path = folder / f"{name}.snapshot.json"
    path.write_bytes(codec.dumps(snapshot.SCHEMA, value))
    return path


def reach(server: Sshd) -> tuple[str, ...]:
    """Return the arguments that lead to `server` and trust it."""
    return (
        f"{server.user}@127.0.0.1:{server.port}",
        *("--known-hosts", str(server.known_hosts), "--ssh-config", "/dev/null"),
    )
