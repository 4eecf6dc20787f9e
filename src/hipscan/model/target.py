"""Target: one host as the inventory or the command line names it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from hipscan.errors import UsageError

LOCAL: Final = "local"

# What a host or a user may be called, so that no name can become an option or a shell word
# (security.md T17). A host may be a name, an IPv4 or an IPv6 address, with a zone.
_HOST: Final = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9._:%-]{0,252}")
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]{0,63}\$?")
_MAX_PORT: Final = 65535


class TransportName(StrEnum):
    """How a target is reached."""

    LOCAL = "local"
    PARAMIKO = "paramiko"
    OPENSSH = "openssh"
    REPLAY = "replay"


class Become(StrEnum):
    """How the script gets root on the target."""

    NONE = "none"
    SUDO = "sudo"
    PINNED = "pinned"


@dataclass(frozen=True, slots=True)
class Target:
    """One host to scan.

    `name` is unique in a run and is what every result is keyed by. `host` is what the user typed
    (an alias of ssh_config, a name or an address); `user`, `port` and `identity` override what
    ssh_config says; None leaves it to ssh_config. `variables` reach rules as `$name`.
    """

    name: str
    host: str
    port: int | None = None
    user: str | None = None
    transport: TransportName = TransportName.PARAMIKO
    become: Become = Become.NONE
    identity: Path | None = None
    groups: tuple[str, ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)
    phi: bool = False
    phi_paths: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


def check_host(host: str, *, where: str = "host") -> str:
    """Return `host` when it can be nothing but a host name or address; raise UsageError else."""
    if not _HOST.fullmatch(host):
        raise UsageError(
            f"{where}: {host!r} is not a host name or address",
            hint="letters, digits, '.', ':', '_', '%' and '-' only, not starting with '-'",
        )
    return host


def check_user(user: str, *, where: str = "user") -> str:
    """Return `user` when it can be nothing but a login name; raise UsageError else."""
    if not _USER.fullmatch(user):
        raise UsageError(
            f"{where}: {user!r} is not a login name",
            hint="letters, digits, '.', '_', '@', '\\' and '-' only, not starting with '-'",
        )
    return user


def check_port(port: int, *, where: str = "port") -> int:
    """Return `port` when it is 1 to 65535; raise UsageError else."""
    if not 1 <= port <= _MAX_PORT:
        raise UsageError(f"{where}: {port} is not a port", hint="use a number from 1 to 65535")
    return port
