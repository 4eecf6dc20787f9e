"""What went wrong on the way to a target, in words that a person can act on.

paramiko says "No existing session" or nothing at all; here it becomes a TargetError with a cause.
What the OpenSSH client says is in openssh_failures.
"""

from enum import StrEnum
from typing import Final

import paramiko

from hipscan import sanitize
from hipscan.errors import TargetError, Unreachable
from hipscan.transport.guard import Guard
from hipscan.transport.known_hosts import Verdict
from hipscan.transport.openssh_failures import BUSY_HINT, CHANNEL_HINT
from hipscan.transport.paramiko_session import Session

_MAX_SAID: Final = 300


class SshStage(StrEnum):
    """How far a connection got."""

    HANDSHAKE = "handshake"
    LOGIN = "login"
    CHANNEL = "channel"


_SILENT: Final = {
    Unreachable.BANNER: "sent no SSH banner",
    Unreachable.KEX: "did not finish the key exchange",
    Unreachable.AUTH: "did not answer the login",
    Unreachable.CHANNEL: "did not start a command",
}
_HINTS: Final = {
    Unreachable.BANNER: BUSY_HINT,
    Unreachable.KEX: "try `ssh -v`, or --transport openssh",
    Unreachable.AUTH: "a directory service or a slow look-up of names there may hold the login",
    Unreachable.CHANNEL: CHANNEL_HINT,
}


def explain_failure(
    session: Session, stage: SshStage, error: Exception, guard: Guard, seconds: float
) -> TargetError:
    """Return what paramiko's `error` at `stage` means; `guard` knows whether time ran out."""
    cause = _cause(session, stage)
    if guard.fired:
        message = f"the target {_SILENT[cause]} within {seconds:g} s"
    elif cause is Unreachable.BANNER:
        message = _no_banner(session, error)
    elif cause is Unreachable.CHANNEL:
        message = f"the target refused to run a command: {_detail(session, error)}"
    elif cause is Unreachable.AUTH:
        message = f"the target closed the connection at the login: {_detail(session, error)}"
    else:
        message = f"the key exchange failed: {_detail(session, error)}"
    return TargetError(cause, message, hint=_HINTS[cause])


def _cause(session: Session, stage: SshStage) -> Unreachable:
    if stage is SshStage.CHANNEL:
        return Unreachable.CHANNEL
    if stage is SshStage.LOGIN:
        return Unreachable.AUTH
    return Unreachable.KEX if session.remote_version else Unreachable.BANNER


def _no_banner(session: Session, error: Exception) -> str:
    said = session.said_before_banner()
    if said:
        return f"no SSH banner; what came instead: {said}"
    if "banner of more" in str(error):
        return f"no SSH banner, but {_printable(error)}"
    return "the target closed the connection before its SSH banner"


def _detail(session: Session, error: Exception) -> str:
    return session.farewell or _printable(error) or "it closed the connection"


def _printable(error: Exception) -> str:
    if isinstance(error, paramiko.ChannelException):
        return sanitize.line(error.text)[:_MAX_SAID]
    return sanitize.line(str(error))[:_MAX_SAID]


def password_on_first_sight(verdict: Verdict) -> TargetError:
    """Return the error for a sudo password that would go to a host first seen now."""
    return TargetError(
        Unreachable.HOST_KEY_UNKNOWN,
        f"the host key {verdict.key_type} {verdict.fingerprint} was new and is accepted now;"
        " passwords are not sent to a host on first sight",
        hint="compare the fingerprint with the host's own, then run again",
    )
