"""Standard output and error as a command line wants them.

What cannot be written to standard output must not be mistaken for findings, nor for a bug: a reader
that has gone (`| head`) changes nothing, a full disk is exit status 4. Both are known only while
writing, deep in some command, so a stream that remembers stands where the file descriptor was.
"""

import io
import os
import sys
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_CLOSED: Final = "it is closed"


class Remembering(io.RawIOBase):
    """A file descriptor that is written to until that fails; from then on it takes all silently.

    `failure` is why, or empty. It stays empty when the reader has gone, which is its right.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_gone = False
        self.failure = ""

    def writable(self) -> bool:
        """Say yes: that is what it is for."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Say whether a terminal is behind it."""
        return os.isatty(self._descriptor)

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write `data`, or take note of why that is not possible."""
        if not self._is_gone:
            try:
                return os.write(self._descriptor, data)
            except BrokenPipeError:
                self._is_gone = True
            except OSError as error:
                self._is_gone = True
                self.failure = error.strerror or str(error)
        return memoryview(data).nbytes


def guard() -> Remembering:
    """Put remembering streams in the place of standard output and error; return that of output."""
    output = Remembering(sys.stdout.fileno()) if sys.stdout else _closed()
    sys.stdout = _text(output, sys.stdout)
    if sys.stderr:
        sys.stderr = _text(Remembering(sys.stderr.fileno()), sys.stderr)
    else:
        sys.stderr = _text(_closed(), None)
    return output


def _closed() -> Remembering:
    """Return a stream that takes everything, for a descriptor that is not open."""
    stream = Remembering(os.open(os.devnull, os.O_WRONLY))
    stream.failure = _CLOSED
    return stream


def _text(raw: Remembering, like: TextIO | None) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=like.encoding if like else "utf-8",
        errors="backslashreplace",
        line_buffering=raw.isatty() or like is sys.stderr,
    )


def is_colored(stream: TextIO) -> bool:
    """Say whether `stream` gets colours: NO_COLOR wins, then FORCE_COLOR, then a terminal."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()
