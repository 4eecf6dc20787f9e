"""Progress on standard error: a live line on a terminal, plain lines elsewhere, or nothing.

The line names the target that has been at work the longest, so that what is slow is visible.
"""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic
from types import TracebackType
from typing import Final, Self, TypeVar

from hipscan.model.target import Target
from hipscan.sanitize import line

_TICK_SECONDS: Final = 0.5
_PLAIN_SECONDS: Final = 10.0
_SLOW_SECONDS: Final = 5.0

T = TypeVar("T")


class Progress(AbstractContextManager["Progress"]):
    """Shows how far a run is: which targets are at work, and for how long."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._total = total
        self._done = 0
        self._working: dict[str, float] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._is_live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._thread: threading.Thread | None = None
        if not quiet:
            self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        """Start showing."""
        if self._thread:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and clear the line."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=2)

    def watched(self, work: Callable[[Target], T]) -> Callable[[Target], T]:
        """Return `work` such that it is seen to begin and to end, in any thread."""

        def run(target: Target) -> T:
            with self._lock:
                self._working[target.name] = monotonic()
            try:
                return work(target)
            finally:
                with self._lock:
                    del self._working[target.name]
                    self._done += 1

        return run

    def _run(self) -> None:
        every = _TICK_SECONDS if self._is_live else _PLAIN_SECONDS
        while not self._stop.wait(every):
            self._show(self._text())
        if self._is_live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _show(self, text: str) -> None:
        if self._is_live:
            width = os.get_terminal_size(sys.stderr.fileno()).columns
            sys.stderr.write(f"\r\x1b[K{text[: width - 1]}")
        else:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def _text(self) -> str:
        with self._lock:
            working = sorted(self._working.items(), key=lambda item: item[1])
            done = self._done
        text = f"{done} of {self._total} targets done, {len(working)} at work"
        if working:
            name, since = working[0]
            seconds = monotonic() - since
            if seconds >= _SLOW_SECONDS:
                text += f"; {line(name)} for {seconds:.0f} s"
        return text
