"""SSH through paramiko: the default, because a connection costs it a third of what ssh costs.

What paramiko gets wrong is done here or beside it: names and sockets (connection), limits and weak
algorithms (paramiko_session), host keys (known_hosts), the user's configuration (ssh_config), keys
and passwords (paramiko_keys, paramiko_login). What it cannot do goes to the OpenSSH client, and
the reply says so.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Final

import paramiko

from hipscan.errors import TargetError, Unreachable
from hipscan.model.target import Target
from hipscan.transport import known_hosts, ssh_config
from hipscan.transport.base import Budget, Credentials, Reply, Request, TrustOptions
from hipscan.transport.connection import Address, connect, name_of, resolve
from hipscan.transport.dialogue import converse
from hipscan.transport.guard import Guard
from hipscan.transport.handshakes import PasswordGate, Slots
from hipscan.transport.openssh import OpensshTransport
from hipscan.transport.paramiko_channel import ParamikoChannel
from hipscan.transport.paramiko_failures import (
    SshStage,
    explain_failure,
    password_on_first_sight,
)
from hipscan.transport.paramiko_login import Login
from hipscan.transport.paramiko_session import NoCommonAlgorithmError, Session
from hipscan.transport.ssh_config import SshSettings

_PAUSES: Final = (1.0, 4.0, 0.0)  # after the first, second and last attempt
_JITTER: Final = 0.25
_LEAST_SECONDS: Final = 0.5  # not worth another attempt
_SLACK_SECONDS: Final = 1.0  # the dialogue ends itself; the guard is for what blocks in it
_PASSING: Final = frozenset({Unreachable.REFUSED, Unreachable.BANNER})
_BROKEN: Final = (paramiko.SSHException, OSError, EOFError)


class _NeedsOpenssh(Exception):  # noqa: N818  # an outcome, caught in this file
    """Carries why paramiko cannot be used for this target."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """What is the same for every attempt to reach one target."""

    target: Target
    settings: SshSettings
    request: Request
    budget: Budget
    addresses: tuple[Address, ...]
    known: known_hosts.KnownHosts


@dataclass(frozen=True, slots=True)
class _Opened:
    """A command that runs, and how it was reached."""

    session: Session
    channel: ParamikoChannel
    peer: dict[str, str]


@dataclass(slots=True)
class _Allowance:
    """The seconds that reaching one target may still take; waiting for others is free."""

    seconds: float

    @contextmanager
    def spent(self) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds -= time.monotonic() - begun


class ParamikoTransport:
    """Reaches targets over SSH; one instance serves all threads of a run."""

    def __init__(
        self,
        credentials: Credentials | None = None,
        trust: TrustOptions | None = None,
        *,
        slots: Slots | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Use `credentials` where keys do not suffice, and judge host keys under `trust`."""
        self._credentials = credentials or Credentials()
        self._trust = trust or TrustOptions()
        self._slots = slots or Slots()
        self._gate = PasswordGate()
        self._sleep = sleep

    def exchange(self, target: Target, request: Request, budget: Budget) -> Reply:
        """Connect, log in, hold the dialogue. See `Transport`."""
        settings = ssh_config.resolve(target, self._trust)
        if settings.needs_openssh:
            return self._through_openssh(target, request, budget, settings.needs_openssh)
        seconds = float(min(budget.connect_seconds, settings.connect_timeout or 3600))
        addresses = resolve(
            settings.hostname, settings.port, family=settings.address_family, seconds=seconds
        )
        budget = replace(budget, connect_seconds=seconds)
        known = known_hosts.load(
            settings.known_hosts_files,
            revoked=settings.revoked_host_keys,
            smallest_rsa=settings.required_rsa_size,
        )
        try:
            opened = self._open(_Visit(target, settings, request, budget, addresses, known))
        except _NeedsOpenssh as reason:
            return self._through_openssh(target, request, budget, str(reason))
        return _converse(opened, request, budget)

    def _through_openssh(
        self, target: Target, request: Request, budget: Budget, reason: str
    ) -> Reply:
        note = f"the OpenSSH client was used instead of paramiko: {reason}"
        try:
            other = OpensshTransport(self._trust, slots=self._slots)
            reply = other.exchange(target, request, budget)
        except TargetError as error:
            message = f"{error.message} ({note})"
            raise TargetError(error.cause, message, hint=error.hint) from error
        return replace(reply, peer={**reply.peer, "note": note})

    def _open(self, visit: _Visit) -> _Opened:
        """Connect and log in; try again what may pass by itself, which no login does."""
        time_left = _Allowance(visit.budget.connect_seconds + visit.budget.login_seconds)
        for pause in _PAUSES:
            with self._slots.address(str(visit.addresses[0][4][0])):
                try:
                    return self._open_once(visit, time_left)
                except TargetError as error:
                    failure = error
            wait = pause * random.uniform(1, 1 + _JITTER)  # noqa: S311  # spreads load, no secret
            time_left.seconds -= wait
            if failure.cause not in _PASSING or not pause or time_left.seconds < _LEAST_SECONDS:
                raise failure
            self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _open_once(self, visit: _Visit, time_left: _Allowance) -> _Opened:
        with ExitStack() as unfinished:
            with time_left.spent():
                limit = min(visit.budget.connect_seconds, time_left.seconds)
                connection = unfinished.enter_context(connect(visit.addresses, seconds=limit))
            with self._slots.handshake(), time_left.spent():
                seconds = min(visit.budget.login_seconds, time_left.seconds)
                session = Session(
                    connection,
                    visit.known.key_types(*visit.settings.host_key_name),
                    seconds=seconds,
                    restrictions=visit.settings.restrictions,
                )
                unfinished.callback(session.finish)
                opened = self._start_command(visit, session, seconds)
            unfinished.pop_all()
        return opened

    def _start_command(self, visit: _Visit, session: Session, seconds: float) -> _Opened:
        stage = SshStage.HANDSHAKE
        peer = {"transport": "paramiko", "address": name_of(session.getpeername())}
        with Guard(seconds, session.abandon) as guard:
            try:
                session.start_client()
                stage = SshStage.LOGIN
                peer |= session.describe()
                trusted_before = self._judge_host_key(visit, session, peer)
                login = Login(
                    session, visit.target, visit.settings, self._credentials, self._gate, guard
                )
                peer["login"] = login.run(trusted_before=trusted_before)
                stage = SshStage.CHANNEL
                channel = session.open_session()
                talk = ParamikoChannel(channel)
                channel.exec_command(visit.request.command)
            except NoCommonAlgorithmError as error:
                raise _NeedsOpenssh(str(error)) from error
            except _BROKEN as error:
                raise explain_failure(session, stage, error, guard, seconds) from error
        return _Opened(session, talk, peer)

    def _judge_host_key(self, visit: _Visit, session: Session, peer: dict[str, str]) -> bool:
        """Return whether the key was known before. Nothing of a login is sent before this."""
        key = session.get_remote_server_key()
        name, port = visit.settings.host_key_name
        verdict = visit.known.judge(name, port, key.get_name(), key.asbytes())
        peer["host_key"] = f"{verdict.key_type} {verdict.fingerprint}"
        match verdict.outcome:
            case known_hosts.Outcome.ACCEPTED:
                return True
            case known_hosts.Outcome.NEEDS_OPENSSH:
                raise _NeedsOpenssh(verdict.text)
            case known_hosts.Outcome.UNKNOWN if self._trust.accept_new:
                self._accept(visit, key)
                handshake = visit.request.handshake
                if handshake is not None and handshake.password is not None:
                    raise password_on_first_sight(verdict)
                return False
        raise verdict.error()

    @staticmethod
    def _accept(visit: _Visit, key: paramiko.PKey) -> None:
        settings = visit.settings
        name, port = settings.host_key_name
        known_hosts.accept_new(
            settings.user_known_hosts_files[0],
            name,
            port,
            key.get_name(),
            key.asbytes(),
            hashed=settings.hash_known_hosts,
        )


def _converse(opened: _Opened, request: Request, budget: Budget) -> Reply:
    session = opened.session
    try:
        session.read_seldom()
        with Guard(budget.seconds + _SLACK_SECONDS, session.abandon):
            reply = converse(opened.channel, request, budget)
    finally:
        session.finish()
    return replace(reply, peer=opened.peer)
