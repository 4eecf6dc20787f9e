"""The effective configuration of a target, as the OpenSSH client itself understands it.

`ssh -G` resolves Host, Match, Include and tokens; what paramiko cannot honour of the result is
named in `needs_openssh`, never dropped. Without the client a smaller reader does the same and
refuses by name what it cannot honour.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from hipscan.model.target import Target
from hipscan.transport.base import TrustOptions

SSH_PORT: Final = 22


@dataclass(frozen=True, slots=True)
class SshSettings:
    """What OpenSSH would use for one target. Paths are absolute or as the user wrote them.

    `identity_files` are in the order to try; they need not exist and may name a public key whose
    private half an agent holds. `identity_agent` is a socket, None for $SSH_AUTH_SOCK, or "none".
    `connect_timeout` is in seconds, None where nobody set one. `address_family` is any, inet or
    inet6. `needs_openssh` names what paramiko cannot honour; empty when it can honour all.
    """

    hostname: str
    port: int
    user: str
    identity_files: tuple[Path, ...] = ()
    identities_only: bool = False
    identity_agent: Path | Literal["none"] | None = None
    certificate_files: tuple[Path, ...] = ()
    user_known_hosts_files: tuple[Path, ...] = ()
    global_known_hosts_files: tuple[Path, ...] = ()
    host_key_alias: str = ""
    revoked_host_keys: Path | None = None
    hash_known_hosts: bool = False
    connect_timeout: int | None = None
    address_family: str = "any"
    password_authentication: bool = True
    keyboard_interactive: bool = True
    needs_openssh: str = ""

    @property
    def known_hosts_files(self) -> tuple[Path, ...]:
        """All known_hosts files in the order OpenSSH reads them; a new key goes to the first."""
        return self.user_known_hosts_files + self.global_known_hosts_files

    @property
    def host_key_name(self) -> tuple[str, int]:
        """The name and port under which the host's key is looked up."""
        if self.host_key_alias:
            return self.host_key_alias, SSH_PORT
        return self.hostname.lower(), self.port


def resolve(target: Target, options: TrustOptions) -> SshSettings:
    """Return what OpenSSH would use for `target`.

    Runs `ssh -G` where the client is installed, so a `Match exec` of the user's configuration
    runs too, as it would with ssh. Raises UsageError when a configuration file is missing or
    wrong, TargetError when the configuration cannot be honoured or the client hangs.
    """
    raise NotImplementedError
