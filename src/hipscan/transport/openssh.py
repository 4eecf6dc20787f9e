"""SSH through the OpenSSH client as a subprocess: honours all of the user's configuration.

It costs three times as much as paramiko and cannot be given a password without a terminal, so it
is the second choice; but jump hosts, certificates of hosts, Kerberos and hardware keys are its
strength. What could turn against the user is off whatever the configuration says: forwarding of
agent, X11 and ports, LocalCommand, sharing of connections, weak algorithms, prompts.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from hipscan.errors import TargetError, Unreachable
from hipscan.model.target import Target
from hipscan.transport import ssh_config, ssh_config_client
from hipscan.transport.base import (
    Budget,
    Channel,
    Ending,
    Reply,
    Request,
    TrustOptions,
)
from hipscan.transport.dialogue import converse
from hipscan.transport.handshakes import Slots
from hipscan.transport.openssh_failures import explain_openssh
from hipscan.transport.processes import SubprocessChannel
from hipscan.transport.ssh_config_keywords import Answer

_CLIENT_FAILED: Final = 255  # ssh(1), EXIT STATUS

_ALWAYS: Final = (
    "BatchMode=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ForwardX11Trusted=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    "Tunnel=no",
    "EscapeChar=none",
    "ControlMaster=no",
    "ControlPath=none",
    "AddKeysToAgent=no",
    "UpdateHostKeys=no",
    "NoHostAuthenticationForLocalhost=no",
    "ConnectionAttempts=1",
    "LogLevel=INFO",
)
# The same, for clients since 8.7: an older one would refuse an option that it does not know.
_WHERE_KNOWN: Final = ("SessionType=default", "StdinNull=no", "ForkAfterAuthentication=no")
# Which names of an effective list are weak, by their beginning or end.
_WEAK: Final = {
    "ciphers": ("-cbc", "-cbc@lysator.liu.se", "arcfour", "arcfour128", "arcfour256"),
    "macs": ("hmac-md5", "hmac-sha1", "hmac-ripemd160", "umac-64"),
    "kexalgorithms": ("-sha1",),
    "hostkeyalgorithms": ("ssh-rsa", "ssh-dss"),
}
_NOT_FOR_SSH: Final = frozenset({"DISPLAY", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE"})


class OpensshTransport:
    """Runs `ssh` for each exchange; logs in with keys only."""

    def __init__(self, trust: TrustOptions | None = None, *, slots: Slots | None = None) -> None:
        """Judge host keys under `trust`; share `slots` with whoever connects to the same hosts."""
        self._trust = trust or TrustOptions()
        self._slots = slots or Slots()

    def exchange(self, target: Target, request: Request, budget: Budget) -> Reply:
        """Start the client, hold the dialogue, leave nothing running. See `Transport`."""
        settings = ssh_config.resolve(target, self._trust)
        argv = self.command_line(target, request, budget)
        # The client connects, logs in and talks on one clock.
        patient = replace(budget, login_seconds=budget.connect_seconds + budget.login_seconds)
        with ExitStack() as slot:
            slot.enter_context(self._slots.address(settings.hostname))
            slot.enter_context(self._slots.handshake())
            with SubprocessChannel(argv, env=_environment()) as process:
                channel = _FirstWord(process, slot.close)
                reply = converse(channel, request, patient, explain=_client_failure)
        if reply.ending is Ending.CLOSED and not reply.stdout:
            failure = _client_failure(reply.stderr, reply.exit_status)
            if failure is not None:
                raise failure
        address = f"{settings.hostname}:{settings.port}"
        return replace(reply, peer={"transport": "openssh", "address": address})

    def command_line(self, target: Target, request: Request, budget: Budget) -> list[str]:
        """Return the argument list of the client; it holds no secret."""
        ssh = ssh_config_client.program()
        if ssh is None:
            raise TargetError(
                Unreachable.UNSUPPORTED,
                "the OpenSSH client is needed for this target and is not installed here",
                hint="install openssh-client, or use --transport paramiko",
            )
        base = [ssh, *_of_target(target, self._trust)]
        answer = ssh_config_client.ask(ssh, target, self._trust)
        options = [
            *_ALWAYS,
            f"StrictHostKeyChecking={self._strictness(request)}",
            f"ConnectTimeout={max(1, round(budget.connect_seconds))}",
            *(option for option in _WHERE_KNOWN if option.partition("=")[0].lower() in answer),
            *_without_weak(answer),
        ]
        flags = [part for option in options for part in ("-o", option)]
        return [*base, "-T", *flags, "--", target.host, request.command]

    def _strictness(self, request: Request) -> str:
        """Return StrictHostKeyChecking; a host first seen now must not get a sudo password."""
        secret = request.handshake is not None and request.handshake.password is not None
        return "accept-new" if self._trust.accept_new and not secret else "yes"


def _of_target(target: Target, trust: TrustOptions) -> Iterator[str]:
    """Yield what the target and the flags add to ssh_config, as ssh's own options."""
    if trust.ssh_config is not None:
        yield from ("-F", str(trust.ssh_config))
    if target.port is not None:
        yield from ("-p", str(target.port))
    if target.user is not None:
        yield from ("-l", target.user)
    if target.identity is not None:
        yield from ("-i", str(target.identity))
    if trust.known_hosts is not None:
        yield from ("-o", f'UserKnownHostsFile="{trust.known_hosts}"')


def _without_weak(answer: Answer) -> Iterator[str]:
    """Yield an option for each list that holds something weak; the others stay as they are."""
    for option in _WEAK:
        names = [name for value in answer.get(option, ()) for name in value.split(",")]
        strong = [name for name in names if not _is_weak(option, name)]
        if names and not strong:
            raise TargetError(
                Unreachable.UNSUPPORTED,
                f"ssh_config allows only weak {option} for this target: {', '.join(names)}",
                hint="hipscan never uses them; allow a stronger one",
            )
        if len(strong) < len(names):
            yield f"{option}={','.join(strong)}"


def _is_weak(option: str, name: str) -> bool:
    if option == "hostkeyalgorithms":
        return name.removesuffix("-cert-v01@openssh.com") in _WEAK[option]
    return any(name.startswith(mark) or name.endswith(mark) for mark in _WEAK[option])


def _environment() -> dict[str, str]:
    """Return the user's environment (ProxyCommand may need it), in English, without windows."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_SSH}
    return kept | {"LC_ALL": "C"}


def _client_failure(stderr: bytes, exit_status: int | None) -> TargetError | None:
    """Return the error if it was the client that failed, and not what it ran."""
    return explain_openssh(stderr) if exit_status == _CLIENT_FAILED else None


class _FirstWord(Channel):
    """A channel that tells when the first answer came: the handshake is over by then."""

    __slots__ = ("_inner", "_tell")

    def __init__(self, inner: Channel, tell: Callable[[], None]) -> None:
        self._inner = inner
        self._tell: Callable[[], None] | None = tell

    def send(self, data: bytes) -> int:
        return self._inner.send(data)

    def receive(self, seconds: float) -> tuple[bytes, bytes, bool]:
        answer = self._inner.receive(seconds)
        if self._tell is not None and any(answer):
            self._tell()
            self._tell = None
        return answer

    def exit_status(self) -> int | None:
        return self._inner.exit_status()

    def close(self) -> None:
        self._inner.close()
