"""A channel whose other side follows a script, and a clock that only it moves."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hipscan.transport.base import Channel


@dataclass(frozen=True, slots=True)
class Step:
    """What the other side does once `after`, a piece of what we send, has arrived."""

    out: bytes = b""
    err: bytes = b""
    after: bytes = b""
    exit: int | None = None


@dataclass(slots=True)
class ScriptedChannel(Channel):
    """Plays its steps, one for each time we listen; time passes only while it has nothing."""

    steps: Sequence[Step]
    takes: int = 1 << 20  # bytes each time
    now: float = 0.0
    sent: bytearray = field(default_factory=bytearray)
    status: int | None = None
    at: int = 0
    heard: int = 0

    def send(self, data: bytes) -> int:
        self.sent += data[: self.takes]
        return min(self.takes, len(data))

    def receive(self, seconds: float) -> tuple[bytes, bytes, bool]:
        if self.at < len(self.steps):
            step = self.steps[self.at]
            found = self.sent.find(step.after, self.heard)
            if found >= 0:
                self.heard = found + len(step.after)
                self.at += 1
                self.status = step.exit
                return step.out, step.err, step.exit is not None
        self.now += seconds
        return b"", b"", self.status is not None

    def exit_status(self) -> int | None:
        return self.status

    def close(self) -> None:
        """Nothing to close."""

    def clock(self) -> float:
        """Return the time of this little world."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
