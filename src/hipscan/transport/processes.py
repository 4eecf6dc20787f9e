"""A channel over a subprocess: the local shell, and the OpenSSH client.

The process leads a session of its own, so that a signal for the terminal never reaches it and the
end of the channel ends everything it started. Its pipes do not block.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final, Self

_CHUNK: Final = 256 * 1024
_PAUSE_SECONDS: Final = 0.002
_EXIT_SECONDS: Final = 0.2  # for a process that has said all it had to say
_SIGNAL_SECONDS: Final = 1.0  # for SIGTERM, and again for SIGKILL
_SIGNALLED: Final = 128
_SESSION_FIELD: Final = 3  # in /proc/PID/stat, counted after the command's name


class SubprocessChannel:
    """The Channel of a command on this machine. `close` leaves no process behind."""

    __slots__ = ("_process", "_selector", "_stalled")

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: str = "/") -> None:
        """Start `argv`, without any shell. Raises OSError when it cannot be started."""
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
        self._selector = selectors.DefaultSelector()
        self._stalled = False
        for stream in self._streams():
            os.set_blocking(stream.fileno(), False)
        for stream in self._streams()[1:]:
            self._selector.register(stream, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id, which is the id of its session and group too."""
        return self._process.pid

    def send(self, data: bytes) -> int:
        """Write what the pipe takes now; a reader that is gone takes everything."""
        stdin = self._streams()[0]
        if stdin.closed:
            return len(data)
        try:
            sent = os.write(stdin.fileno(), data)
        except BlockingIOError:
            sent = 0
        except BrokenPipeError:
            return len(data)
        if sent < len(data) and not self._stalled:
            self._selector.register(stdin, selectors.EVENT_WRITE)
            self._stalled = True
        return sent

    def receive(self, seconds: float) -> tuple[bytes, bytes, bool]:
        """Wait for output, or for room to send more; both streams are read."""
        stdin, stdout, stderr = self._streams()
        chunks = {stdout: b"", stderr: b""}
        if self._selector.get_map():
            for key, _ in self._selector.select(seconds):
                if key.fileobj is stdin:
                    self._selector.unregister(stdin)
                    self._stalled = False
                elif isinstance(key.fileobj, int):  # pragma: no cover - only streams are registered
                    continue
                else:
                    stream = stdout if key.fileobj is stdout else stderr
                    chunks[stream] = self._read(stream)
        return chunks[stdout], chunks[stderr], stdout.closed and stderr.closed

    def exit_status(self) -> int | None:
        """Return the exit status (128 + n for signal n), without reaping the process."""
        if self._process.returncode is not None:
            return _as_status(self._process.returncode)
        seen = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if seen is None:
            return None
        return seen.si_status + (0 if seen.si_code == os.CLD_EXITED else _SIGNALLED)

    def close(self) -> None:
        """Close the pipes, end the whole session, reap the process."""
        if self._process.returncode is not None:
            return
        self._selector.close()
        for stream in self._streams():
            stream.close()
        if not self._exits_within(_EXIT_SECONDS):
            self._signal(signal.SIGTERM)
            self._exits_within(_SIGNAL_SECONDS)
        # Not reaped yet, so the id still is this session's and nobody else can be hit.
        self._signal(signal.SIGKILL)
        try:
            self._process.wait(_SIGNAL_SECONDS)
        except subprocess.TimeoutExpired:
            # Root's process (sudo) that we may not signal: reaped when it ends by itself.
            threading.Thread(target=self._process.wait, daemon=True).start()

    def _streams(self) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise AssertionError("started without pipes")
        return process.stdin, process.stdout, process.stderr

    def _read(self, stream: IO[bytes]) -> bytes:
        try:
            data = os.read(stream.fileno(), _CHUNK)
        except BlockingIOError:
            return b""
        if not data:
            self._selector.unregister(stream)
            stream.close()
        return data

    def _exits_within(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self.exit_status() is None:
            if time.monotonic() >= until:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True

    def _signal(self, number: signal.Signals) -> None:
        """Signal the group; what made a group of its own (`timeout` does) at the last round."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
        if number is signal.SIGKILL:
            for pid in _session(self.pid):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)


def _session(leader: int) -> list[int]:
    """Return the ids of the processes in the session of `leader` (proc_pid_stat(5))."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                after_name = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                if int(after_name[_SESSION_FIELD]) == leader:
                    members.append(int(entry.name))
    return members


def _as_status(returncode: int) -> int:
    return returncode if returncode >= 0 else _SIGNALLED - returncode
