"""Ctrl-C and SIGTERM: the first one stops a run in good order, the second one ends the process."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hipscan.errors import Terminated


@dataclass(slots=True)
class _Stop:
    """What the handler and a block that must not be cut share."""

    is_held: bool = False
    pending: KeyboardInterrupt | None = None

    def take(self, number: int, _frame: object) -> None:
        """Raise for the first signal, or keep that for the end of the block."""
        for either in (signal.SIGINT, signal.SIGTERM):
            signal.signal(either, signal.SIG_DFL)
        error = Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
        if not self.is_held:
            raise error
        self.pending = error


_STOP = _Stop()


def install() -> None:
    """Take SIGINT and SIGTERM from here on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _STOP.take)


@contextmanager
def whole() -> Iterator[None]:
    """Let a block come to its end before a first signal counts: results are kept whole."""
    _STOP.is_held = True
    try:
        yield
    finally:
        _STOP.is_held = False
    if _STOP.pending:
        raise _STOP.pending
