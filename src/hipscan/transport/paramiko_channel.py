"""A command over a paramiko session, as the dialogue wants it: nothing waits without a limit."""

import threading
from typing import Final

import paramiko

from hipscan.transport.base import Channel

_CHUNK: Final = 4 * 1024 * 1024
_STALLED_SECONDS: Final = 0.02  # until the window is looked at again


class ParamikoChannel(Channel):
    """A command over a Session, as the dialogue wants it."""

    __slots__ = ("_channel", "_stalled", "_woken")

    def __init__(self, channel: paramiko.Channel) -> None:
        """Take over `channel` before anything runs on it."""
        self._channel = channel
        self._woken = threading.Event()
        self._stalled = False
        channel.in_buffer.set_event(self._woken)
        channel.in_stderr_buffer.set_event(self._woken)

    def send(self, data: bytes) -> int:
        """Send what the window takes, packet by packet; a peer that is gone takes everything."""
        sent, packet = 0, 1
        try:
            while packet and sent < len(data) and self._channel.send_ready():
                packet = self._channel.send(data[sent:])
                sent += packet
        except TimeoutError:
            pass
        except (OSError, EOFError, paramiko.SSHException):
            return len(data)
        if self._channel.closed:
            return len(data)
        self._stalled = sent < len(data)
        return sent

    def receive(self, seconds: float) -> tuple[bytes, bytes, bool]:
        """Drain both streams, after waiting where both are empty."""
        return self._drain() or self._wait_and_drain(seconds)

    def _wait_and_drain(self, seconds: float) -> tuple[bytes, bytes, bool]:
        self._woken.wait(min(seconds, _STALLED_SECONDS) if self._stalled else seconds)
        return self._drain() or (b"", b"", False)

    def _drain(self) -> tuple[bytes, bytes, bool] | None:
        channel = self._channel
        # Looked at first: what arrived before the end is in the buffers by then.
        ended = bool(channel.eof_received or channel.closed)
        out = channel.recv(_CHUNK) if channel.recv_ready() else b""
        err = channel.recv_stderr(_CHUNK) if channel.recv_stderr_ready() else b""
        return (out, err, ended) if out or err or ended else None

    def exit_status(self) -> int | None:
        """Return the exit status if the target sent one; a signal's has none."""
        if not self._channel.status_event.is_set() or self._channel.exit_status < 0:
            return None
        return self._channel.exit_status

    def close(self) -> None:
        """Leave it to the session, whose end takes the remote command's streams away."""
