"""Which keys to offer a target, in which order, and where their private halves are.

The identity that was asked for goes first, then the files of ssh_config, then what the agent holds
(not with IdentitiesOnly), then the files that need a passphrase and that no agent holds. A file
whose public half the agent holds is used through the agent, so that nobody is asked.
"""

import os
import socket
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from paramiko.agent import AgentKey, AgentSSH

from hipscan.errors import TargetError, Unreachable
from hipscan.model.secret import Secret
from hipscan.transport.paramiko_key_files import (
    KeyFile,
    load_private_key,
    read_key_file,
    read_public_line,
)
from hipscan.transport.ssh_config import SshSettings

Passphrase = Callable[[Path], Secret | None]

_UNUSABLE: Final = (paramiko.SSHException, ValueError, TypeError, OSError, UnsupportedAlgorithm)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key to offer, and what to call it in a message."""

    label: str
    key: paramiko.PKey


class _Agent(AgentSSH):
    """An ssh-agent behind a socket, asked under a time limit."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.settimeout(seconds)
            self.socket.connect(path)
            self._connect(self.socket)  # type: ignore[attr-defined]  # not in the stubs
        except BaseException:
            self.socket.close()
            raise


@contextmanager
def agent_keys(settings: SshSettings, seconds: float) -> Iterator[Mapping[bytes, AgentKey]]:
    """Give the keys of the agent that `settings` name, by their public halves; none if away."""
    where = settings.identity_agent or os.environ.get("SSH_AUTH_SOCK", "")
    agent = None
    keys: dict[bytes, AgentKey] = {}
    if where and where != "none":
        try:
            agent = _Agent(str(where), seconds)
            keys = {key.asbytes(): key for key in agent.get_keys()}
        except (*_UNUSABLE, AttributeError):  # an agent that is away or speaks nonsense
            keys = {}
    try:
        yield keys
    finally:
        if agent is not None:
            agent.socket.close()


def candidates(
    settings: SshSettings,
    explicit: Path | None,
    agent: Mapping[bytes, AgentKey],
    passphrase: Passphrase,
) -> Iterator[Candidate]:
    """Yield the keys to offer, best first; a passphrase is asked for only when its turn comes.

    Raises TargetError(AUTH) when the `explicit` identity cannot be used.
    """
    files = _key_files(settings.identity_files, explicit)
    listed = {file.public for file in files}
    locked: list[KeyFile] = []
    for file in files:
        if file.public in agent:
            yield Candidate(f"{file.path} (agent)", agent[file.public])
        elif file.encrypted and file.path != explicit:
            locked.append(file)
        elif file.private:
            yield from _from_file(file, settings, passphrase, must=file.path == explicit)
    if not settings.identities_only:
        for public, key in agent.items():
            if public not in listed:
                yield Candidate(f"agent key {key.comment}", key)
    for file in locked:
        yield from _from_file(file, settings, passphrase, must=False)


def _key_files(paths: Sequence[Path], explicit: Path | None) -> list[KeyFile]:
    files = []
    ordered = ([explicit] if explicit else []) + [path for path in paths if path != explicit]
    for path in ordered:
        try:
            _refuse_if_open_to_others(path)
            files.append(read_key_file(path.expanduser()))
        except OSError as error:
            if path == explicit:
                raise _unusable(path, error.strerror or "unreadable") from error
        except TargetError:
            if path == explicit:
                raise
    return files


def _refuse_if_open_to_others(path: Path) -> None:
    """As the OpenSSH client: a private key of ours that others may read is not used."""
    seen = path.expanduser().stat()
    shared = seen.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    if seen.st_uid == os.getuid() and shared and path.suffix != ".pub":
        raise _unusable(path, "other accounts may read it", hint=f"chmod 600 {path}")


def _unusable(path: Path, reason: str, *, hint: str = "") -> TargetError:
    return TargetError(
        Unreachable.AUTH,
        f"cannot use the identity {path}: {reason}",
        hint=hint or "check --identity, or IdentityFile in ssh_config",
    )


def _from_file(
    file: KeyFile, settings: SshSettings, passphrase: Passphrase, *, must: bool
) -> Iterator[Candidate]:
    secret = passphrase(file.path) if file.encrypted else None
    if file.encrypted and secret is None:
        if must:
            raise _unusable(file.path, "it needs a passphrase and none was given")
        return
    try:
        key = load_private_key(file.path, secret)
    except _UNUSABLE as error:
        if must:
            reason = "the passphrase is wrong" if file.encrypted else "not a key hipscan can read"
            raise _unusable(file.path, reason) from error
        return
    yield from _with_certificates(file.path, key, settings.certificate_files)


def _with_certificates(
    path: Path, key: paramiko.PKey, certificates: Sequence[Path]
) -> Iterator[Candidate]:
    """Yield the key with each certificate made for it, then the plain key, as OpenSSH does."""
    beside = path.with_name(path.name + "-cert.pub")
    for certificate in (beside, *certificates):
        if _is_for(certificate.expanduser(), key):
            key.load_certificate(str(certificate.expanduser()))
            yield Candidate(f"{path} ({certificate.name})", key)
    key.public_blob = None
    yield Candidate(str(path), key)


def _is_for(certificate: Path, key: paramiko.PKey) -> bool:
    """Tell whether a certificate holds the key's numbers, which follow its type and a nonce."""
    try:
        blob = read_public_line(certificate)
    except OSError:
        return False
    plain = key.asbytes()
    numbers = plain[4 + len(key.get_name()) :]
    return blob[4:].startswith(key.get_name().encode() + b"-cert-") and numbers in blob
