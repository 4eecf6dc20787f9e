"""The transports of a run: one of each kind, made on first use, shared by all threads."""

from dataclasses import dataclass, field
from threading import Lock

from hipscan.cli.passwords import PasswordSource
from hipscan.model.secret import Secret
from hipscan.model.target import Become, Target, TransportName
from hipscan.transport.base import Credentials, Transport, TrustOptions
from hipscan.transport.table import create


@dataclass(slots=True)
class Connections:
    """Gives each target its transport and its passwords."""

    trust: TrustOptions
    login: PasswordSource
    sudo: PasswordSource
    passphrase: PasswordSource = field(
        default_factory=lambda: PasswordSource("passphrase of the key")
    )
    _made: dict[TransportName, Transport] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def transport(self, target: Target) -> Transport:
        """Return the transport that reaches `target`."""
        with self._lock:
            if target.transport not in self._made:
                self._made[target.transport] = self._make(target.transport)
            return self._made[target.transport]

    def sudo_password(self, target: Target) -> Secret | None:
        """Return the sudo password where `target` uses sudo."""
        return self.sudo.get() if target.become is Become.SUDO else None

    def _make(self, name: TransportName) -> Transport:
        credentials = Credentials(
            login_password=lambda _target: self.login.get(),
            passphrase=lambda _path: self.passphrase.get(),
        )
        return create(name, credentials, self.trust)
