"""The exception tree of hipscan, and the exit codes of its commands.

    HipscanError                 something a person can act on; carries a hint
      UsageError                 wrong command line, configuration, inventory    (exit 2)
        DocumentError            a YAML or CSV document with positions of every mistake
      TargetError                a target could not be scanned; a value in the report, not a crash
      OutputError                a requested output could not be written         (exit 4)

Anything else that reaches the top is a bug in hipscan (exit 70).
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    """What `hipscan scan` and `hipscan evaluate` say to the shell (architecture, "Commands")."""

    OK = 0
    GATE = 1
    USAGE = 2
    INCOMPLETE = 3
    OUTPUT = 4
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


def or_unwritten(status: int) -> int:
    """Return 4 in the place of a status that a lost output outranks: 2, then 4, then 1, then 3."""
    outranked = {ExitCode.OK, ExitCode.GATE, ExitCode.INCOMPLETE}
    return ExitCode.OUTPUT if status in outranked else status


class Terminated(KeyboardInterrupt):
    """SIGTERM, to be treated as an interrupt with an exit status of its own."""


class HipscanError(Exception):
    """Base of all errors that are meant for a person: what happened, and what to do next."""

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(HipscanError):
    """The command line, a configuration file or an inventory is wrong; nothing was scanned."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where something stands in a document; line and column count from 1, as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that is wrong in a document: where, what, and what to write instead."""

    position: Position
    message: str
    instead: str = ""

    def __str__(self) -> str:
        tail = f"; {self.instead}" if self.instead else ""
        return f"{self.position}: {self.message}{tail}"


class DocumentError(UsageError):
    """A document is wrong; `mistakes` holds everything that was found, in reading order."""

    def __init__(self, mistakes: tuple[Mistake, ...], *, hint: str = "") -> None:
        self.mistakes = tuple(sorted(mistakes))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes), hint=hint)


class OutputError(HipscanError):
    """A report could not be written where it was asked for."""

    exit_code = ExitCode.OUTPUT


class Unreachable(StrEnum):
    """Why a target could not be scanned: one word per cause, for people and for machines."""

    DNS = "dns"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    BANNER = "banner"
    KEX = "kex"
    HOST_KEY_UNKNOWN = "host-key-unknown"
    HOST_KEY_CHANGED = "host-key-changed"
    HOST_KEY_REVOKED = "host-key-revoked"
    AUTH = "auth"
    CHANNEL = "channel"
    SHELL = "shell"
    SUDO = "sudo"
    FLOOD = "flood"
    PROTOCOL = "protocol"
    UNSUPPORTED = "unsupported"
    INTERRUPTED = "interrupted"


class TargetError(HipscanError):
    """A target could not be scanned. `cause` classifies it, `hint` says what to try next."""

    exit_code = ExitCode.INCOMPLETE

    def __init__(self, cause: Unreachable, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.cause = cause
