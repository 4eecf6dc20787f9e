"""This machine as a target: the same dialogue with a shell that we start ourselves.

No shell of the user's is involved and nothing of the user's environment reaches the script, so
that a local scan sees what a scan over SSH would see.
"""

import os
import shlex
from dataclasses import replace
from typing import Final

from hipscan.errors import TargetError, Unreachable
from hipscan.model.target import Become, Target
from hipscan.transport.base import Budget, Reply, Request
from hipscan.transport.dialogue import converse
from hipscan.transport.processes import SubprocessChannel

# Where programs are on every distribution; the last two are NixOS.
SYSTEM_PATH: Final = (
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    ":/run/wrappers/bin:/run/current-system/sw/bin"
)
_KEPT: Final = ("HOME", "LOGNAME", "USER")
_PEER: Final = {"transport": "local", "address": "local"}


class LocalTransport:
    """Runs the request on this machine, in a session of its own."""

    def __init__(self, *, path: str = SYSTEM_PATH) -> None:
        """Look for programs in `path`, a list of folders as in PATH."""
        self._path = path

    def exchange(self, target: Target, request: Request, budget: Budget) -> Reply:
        """Start the command, hold the dialogue, leave nothing running. See `Transport`."""
        request = _without_needless_sudo(target, request)
        argv = shlex.split(request.command)
        try:
            channel = SubprocessChannel(argv, env=self._environment())
        except OSError as error:
            raise _cannot_start(argv[0], error) from error
        with channel:
            reply = converse(channel, request, budget)
        return replace(reply, peer=_PEER)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return kept | {"PATH": self._path}


def _without_needless_sudo(target: Target, request: Request) -> Request:
    """Return `request` for a plain shell where sudo would only make root of root."""
    if target.become is Become.SUDO and os.geteuid() == 0:
        return replace(request, command="sh -s", handshake=None)
    return request


def _cannot_start(program: str, error: OSError) -> TargetError:
    cause = Unreachable.SUDO if program == "sudo" else Unreachable.SHELL
    return TargetError(
        cause,
        f"cannot start {program} on this machine: {error.strerror}",
        hint="install it, or run hipscan as root with --become none",
    )
