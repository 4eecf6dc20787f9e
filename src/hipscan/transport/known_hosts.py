"""Judges host keys as OpenSSH does with StrictHostKeyChecking=yes.

paramiko's own reader gives up on a whole file for one line it does not know and takes a rotated
key for an attack (security facts, A3.1), so hipscan reads known_hosts itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """What a host key is worth. Only `accepted` may be followed by a login."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"
    NEEDS_OPENSSH = "needs-openssh"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that a file names for the host: where it stands, its type and its fingerprint."""

    file: Path
    line: int
    key_type: str
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} ({self.key_type} {self.fingerprint})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an offered key.

    `known` holds the lines that decided: the one that matched, or every one that contradicts.
    `text` is for a person and says what to do next; `fingerprint` is the offered key's.
    """

    outcome: Outcome
    key_type: str
    fingerprint: str
    known: tuple[KnownKey, ...]
    text: str


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """The lines of all known_hosts files of a target, and its revocation list."""

    def judge(self, host: str, port: int, key_type: str, key_blob: bytes) -> Verdict:
        """Say whether `host` may hold this key; `host` is the HostKeyAlias where there is one.

        Take `host` and `port` from `SshSettings.host_key_name`.
        """
        raise NotImplementedError

    def key_types(self, host: str, port: int) -> tuple[str, ...]:
        """Return all host key algorithms in the order to offer them, those of known keys first."""
        raise NotImplementedError


def load(files: Iterable[Path], *, revoked: Path | None = None) -> KnownHosts:
    """Read known_hosts `files` in order, and the RevokedHostKeys file; missing ones are empty."""
    raise NotImplementedError


def accept_new(  # noqa: PLR0913 - a line of known_hosts has these parts
    file: Path, host: str, port: int, key_type: str, key_blob: bytes, *, hashed: bool = False
) -> None:
    """Append a key to `file`, atomically and 0600; only for keys judged `unknown`."""
    raise NotImplementedError


def fingerprint(key_blob: bytes) -> str:
    """Return a key's fingerprint as OpenSSH prints it: `SHA256:...`."""
    raise NotImplementedError
