"""A watch that ends what paramiko would wait for without limit."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self


class Guard:
    """Calls `end` once, from a thread of its own, unless it is left within `seconds`.

    paramiko waits for ever in several places (the answer to exec, a peer that reads nothing);
    closing the socket beneath it is what wakes it everywhere.
    """

    __slots__ = ("_end", "_left", "_started", "_timer", "fired")

    def __init__(self, seconds: float, end: Callable[[], None]) -> None:
        self.fired = False
        self._left = max(0.0, seconds)
        self._end = end
        self._started = 0.0
        self._timer = self._new_timer()

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    @property
    def left(self) -> float:
        """The seconds until it ends things."""
        return max(0.0, self._left - (time.monotonic() - self._started))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock while a person types."""
        self._stop()
        self._left = self.left
        try:
            yield
        finally:
            self._timer = self._new_timer()
            self._start()

    def _new_timer(self) -> threading.Timer:
        timer = threading.Timer(self._left, self._fire)
        timer.daemon = True
        return timer

    def _start(self) -> None:
        self._started = time.monotonic()
        self._timer.start()

    def _stop(self) -> None:
        self._timer.cancel()
        self._timer.join()

    def _fire(self) -> None:
        self.fired = True
        self._end()
