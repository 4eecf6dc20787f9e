"""Standard output and error as a command line wants them."""

import os
import sys
from typing import TextIO


def is_colored(stream: TextIO) -> bool:
    """Say whether `stream` gets colours: NO_COLOR wins, then FORCE_COLOR, then a terminal."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def drop_stdout() -> None:
    """Point standard output at nothing, so that the interpreter's own flush is quiet."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
