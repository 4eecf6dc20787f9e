"""The dialogue with one shell, as a state machine over a channel (base.py tells its steps).

It lives apart from the transports, so that one loop, with one set of limits, serves all of them and
can be tested with a scripted channel. Its rules:

* Both streams are drained together, under one deadline for the whole exchange, never one per read.
* Standard output beyond its limit ends the exchange; standard error beyond its limit is dropped,
  and ends it only once it has reached the limit of standard output: a chatty probe costs nothing.
* The end line ends the reply. Waiting for the stream to end would wait for a child that holds it.
* The sudo password goes out once, and only while sudo is seen waiting at our prompt.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hipscan.errors import TargetError, Unreachable
from hipscan.transport import sudo
from hipscan.transport.base import Budget, Channel, Ending, Handshake, Reply, Request

# Standard error and exit status to an error, where they say why the streams ended.
Explain = Callable[[bytes, int | None], TargetError | None]

_SEND_BYTES = 64 * 1024
_POLL_SECONDS = 0.25  # the longest wait between two looks at the clock and the exit status
_PAUSE_SECONDS = 0.01
_GRACE_SECONDS = 1.0  # for an exit status after the stream's end, and for output after the exit


@dataclass(slots=True)
class _Conversation:
    """What was sent and seen so far."""

    channel: Channel
    budget: Budget
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    explain: Explain
    deadline: float
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    stderr_seen: int = 0
    ended: bool = False
    heard: float = 0.0

    def step(self, unsent: memoryview, until: float) -> memoryview:
        """Send what fits, take what came, wait no longer than `until`; return what is unsent."""
        while unsent:
            piece = bytes(unsent[:_SEND_BYTES])
            sent = self.channel.send(piece)
            unsent = unsent[sent:]
            if sent < len(piece):
                break
        wait = max(0.0, min(_POLL_SECONDS, until - self.clock()))
        out, err, self.ended = self.channel.receive(wait)
        if out or err:
            self.heard = self.clock()
            self._keep(out, err)
        return unsent

    def _keep(self, out: bytes, err: bytes) -> None:
        self.stdout += out
        self.stderr_seen += len(err)
        self.stderr += err[: max(0, self.budget.stderr_bytes - len(self.stderr))]

    def flooded(self) -> bool:
        """Tell whether more came than the budget allows."""
        most = self.budget.stdout_bytes
        return len(self.stdout) > most or self.stderr_seen > max(most, self.budget.stderr_bytes)

    def silent_after_exit(self) -> bool:
        """Tell whether the command is gone, and only a child of it may still hold the stream."""
        quiet = self.clock() - self.heard > _GRACE_SECONDS
        return quiet and self.channel.exit_status() is not None


@dataclass(slots=True)
class _Search:
    """Looks for `needle` in a buffer that grows, at each byte once."""

    needle: bytes
    at: int

    def find_in(self, buffer: bytearray) -> int:
        """Return where the next one begins, or -1."""
        found = buffer.find(self.needle, self.at)
        self.at = found + 1 if found >= 0 else max(self.at, len(buffer) - len(self.needle) + 1)
        return found


class _EndLine:
    """Looks for a whole line that starts with `end`, in output from `start` on."""

    __slots__ = ("_end", "_newline", "_start")

    def __init__(self, end: bytes, start: int) -> None:
        self._start = start
        self._end = _Search(end, start)
        self._newline: _Search | None = None

    def is_in(self, stdout: bytearray) -> bool:
        """Tell whether that line has arrived."""
        while self._newline is None:
            found = self._end.find_in(stdout)
            if found < 0:
                return False
            if found == self._start or stdout[found - 1 : found] == b"\n":
                self._newline = _Search(b"\n", found)
        return self._newline.find_in(stdout) >= 0


def converse(
    channel: Channel,
    request: Request,
    budget: Budget,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    explain: Explain = lambda _stderr, _exit_status: None,
) -> Reply:
    """Hold the dialogue of `request` over `channel`; return what came back, however it ended.

    Takes at most `budget.seconds`, and a second more for an exit status. The caller closes the
    channel. Raises TargetError with cause SUDO when the shell behind sudo was not reached, FLOOD
    when the target talked without end instead. Where a client of ours carries the streams,
    `explain` tells its own failures from sudo's.
    """
    start = clock()
    deadline = start + budget.seconds
    talk = _Conversation(channel, budget, clock, sleep, explain, deadline, heard=start)
    after = 0
    if request.handshake is not None:
        after = _pass_sudo(talk, request.handshake)
    ending = _read_reply(talk, request, after)
    if ending is Ending.CLOSED:
        _await_exit_status(talk)
    if ending is Ending.FLOOD:
        del talk.stdout[budget.stdout_bytes :]
    return Reply(bytes(talk.stdout), bytes(talk.stderr), ending, channel.exit_status())


def _read_reply(talk: _Conversation, request: Request, after: int) -> Ending:
    unsent = memoryview(request.payload)
    end = _EndLine(request.end, after)
    while True:
        unsent = talk.step(unsent, talk.deadline)
        if end.is_in(talk.stdout):
            return Ending.COMPLETE
        if talk.flooded():
            return Ending.FLOOD
        if talk.ended or talk.silent_after_exit():
            return Ending.CLOSED
        if talk.clock() >= talk.deadline:
            return Ending.DEADLINE


def _await_exit_status(talk: _Conversation) -> None:
    until = min(talk.deadline, talk.clock() + _GRACE_SECONDS)
    while talk.channel.exit_status() is None and talk.clock() < until:
        talk.sleep(_PAUSE_SECONDS)


def _pass_sudo(talk: _Conversation, handshake: Handshake) -> int:
    """Get past sudo; return where in standard output the reply begins."""
    until = min(talk.deadline, talk.clock() + talk.budget.login_seconds)
    unsent = memoryview(b"")
    search = _Search(handshake.ready, 0)
    prompted_at = -1  # how much of standard error there was when the prompt was answered
    while True:
        unsent = talk.step(unsent, until)
        ready = search.find_in(talk.stdout)
        if ready >= 0:
            return ready + len(handshake.ready)
        if _waits_at_prompt(talk.stderr, handshake.prompt, prompted_at):
            if prompted_at >= 0:
                raise sudo.wrong_password()
            if handshake.password is None:
                raise sudo.password_required()
            prompted_at = len(talk.stderr)
            unsent = memoryview(sudo.password_line(handshake.password))
        if talk.flooded():
            raise TargetError(Unreachable.FLOOD, "the target floods us instead of starting sudo")
        if talk.ended or talk.silent_after_exit():
            raise _ended_early(talk, handshake, answered=prompted_at >= 0)
        if talk.clock() >= until:
            raise sudo.silent(talk.budget.login_seconds, answered=prompted_at >= 0)


def _ended_early(talk: _Conversation, handshake: Handshake, *, answered: bool) -> TargetError:
    _await_exit_status(talk)
    said = bytes(talk.stderr).replace(handshake.prompt, b"")
    status = talk.channel.exit_status()
    return talk.explain(said, status) or sudo.ended(said, status, answered=answered)


def _waits_at_prompt(stderr: bytearray, prompt: bytes, answered: int) -> bool:
    # A shell that traces its commands shows the nonce too, in the middle of a line; sudo stops
    # right behind it.
    return stderr.endswith(prompt) and len(stderr) - len(prompt) >= max(0, answered)
