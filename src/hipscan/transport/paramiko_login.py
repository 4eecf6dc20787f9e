"""Logging in: keys first, at most three; then one password, once; never more.

A target that counts failures (MaxAuthTries, fail2ban, pam_faillock) must not be driven over its
limit, so nothing is offered that the target says it would not take, and nothing twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import paramiko

from hipscan import sanitize
from hipscan.errors import TargetError, Unreachable
from hipscan.model.secret import Secret
from hipscan.model.target import Target
from hipscan.transport.base import Credentials
from hipscan.transport.guard import Guard
from hipscan.transport.handshakes import PasswordGate
from hipscan.transport.paramiko_keys import Candidate, agent_keys, candidates
from hipscan.transport.paramiko_session import Session
from hipscan.transport.ssh_config import SshSettings

MOST_KEYS: Final = 3
_PASSWORD: Final = "password"  # noqa: S105  # a method's name (RFC 4252)
_INTERACTIVE: Final = "keyboard-interactive"
_MAX_SAID: Final = 200
_BROKEN: Final = (paramiko.SSHException, OSError, EOFError)


@dataclass(slots=True)
class Login:
    """One login on one session, before `guard` ends it."""

    session: Session
    target: Target
    settings: SshSettings
    credentials: Credentials
    gate: PasswordGate
    guard: Guard
    _offered: list[str] = field(default_factory=list)
    _allowed: Sequence[str] = ()

    def run(self, *, trusted_before: bool) -> str:
        """Log in; return how. Raises TargetError(AUTH) when the target accepts nothing.

        `trusted_before` is false where the host key was new to us: no password goes there.
        """
        done = self._with_keys()
        if done is None:
            self._ask_what_is_allowed()
            if self.session.is_authenticated():
                return "none"
            done = self._with_password(trusted_before=trusted_before)
        return done

    def _with_keys(self) -> str | None:
        with agent_keys(self.settings, self.guard.left) as agent:
            found = candidates(self.settings, self.target.identity, agent, self._passphrase)
            keys = (each for each in found if self.settings.allows_key(each.key.asbytes()))
            for _, candidate in zip(range(MOST_KEYS), keys, strict=False):
                if self._offer(candidate):
                    return f"publickey ({candidate.label})"
                if self._allowed:  # no public keys here, or a second step is wanted
                    return None
        return None

    def _passphrase(self, path: Path) -> Secret | None:
        with self.guard.paused():
            return self.credentials.passphrase(path)

    def _offer(self, candidate: Candidate) -> bool:
        self._offered.append(candidate.label)
        try:
            # What is wanted as the next step, where keys alone do not do.
            self._allowed = self.session.auth_publickey(self.settings.user, candidate.key)
        except paramiko.BadAuthenticationType as refusal:
            self._allowed = refusal.allowed_types
            return False
        except _BROKEN:  # refused; or the agent would not sign; or the target hung up
            if self.guard.fired:
                raise
            self._raise_if_gone()
            return False
        return not self._allowed

    def _ask_what_is_allowed(self) -> None:
        """Learn what the target would take before a person is asked for a password."""
        if self._allowed:
            return
        try:
            self.session.auth_none(self.settings.user)
        except paramiko.BadAuthenticationType as refusal:
            self._allowed = refusal.allowed_types
        except _BROKEN:
            if self.guard.fired:
                raise
            self._raise_if_gone()

    def _with_password(self, *, trusted_before: bool) -> str:
        method = self._password_method()
        if not method:
            raise self._refused("no password was tried, it takes none")
        if not trusted_before:
            raise self._refused("passwords are not sent to a host whose key is new to us")
        with self.guard.paused():
            password = self.credentials.login_password(self.target)
        if password is None:
            raise self._refused("no password was given")
        with self.gate.attempt(password, self.guard.left) as attempt:
            attempt.accepted = self._try(method, password)
            attempt.refused = not attempt.accepted
        if not attempt.accepted:
            raise self._refused("the password was refused")
        return method

    def _password_method(self) -> str:
        if _PASSWORD in self._allowed and self.settings.password_authentication:
            return _PASSWORD
        if _INTERACTIVE in self._allowed and self.settings.keyboard_interactive:
            return _INTERACTIVE
        return ""

    def _try(self, method: str, password: Secret) -> bool:
        user = self.settings.user
        try:
            if method == _PASSWORD:
                more = self.session.auth_password(user, password.reveal(), fallback=False)
            else:
                more = self.session.auth_interactive(user, _OneAnswer(password))
        except _BROKEN:
            if self.guard.fired:  # nobody refused it
                raise
            return False
        return not more

    def _raise_if_gone(self) -> None:
        if not self.session.is_active():
            raise self._refused("then it closed the connection")

    def _refused(self, last: str) -> TargetError:
        tried = f"offered {', '.join(self._offered)}; " if self._offered else "no key to offer; "
        methods = sanitize.line(", ".join(self._allowed))[:_MAX_SAID]
        allowed = f"; it allows {methods}" if methods else ""
        farewell = f"; it said: {self.session.farewell}" if self.session.farewell else ""
        return TargetError(
            Unreachable.AUTH,
            f"login as {self.settings.user} refused: {tried}{last}{allowed}{farewell}",
            hint="install a key with ssh-copy-id, choose one with --identity, load one with"
            " ssh-add, or give a password with --ask-password",
        )


class _OneAnswer:
    """Answers one hidden prompt with the password; a second question ends the login."""

    __slots__ = ("_password",)

    def __init__(self, password: Secret) -> None:
        self._password: Secret | None = password

    def __call__(
        self, _title: str, _instructions: str, fields: Sequence[tuple[str, bool]]
    ) -> list[str]:
        if not fields:
            return []
        if len(fields) > 1 or fields[0][1] or self._password is None:
            raise paramiko.AuthenticationException("asked for more than a password")
        password, self._password = self._password, None
        return [password.reveal()]
