"""Which keys to offer a target, in which order, and where their private halves are.

The identity that was asked for goes first, then the files of ssh_config, then what the agent holds
(not with IdentitiesOnly), then the files that need a passphrase and that no agent holds. A file
whose public half the agent holds is used through the agent, so that nobody is asked.
"""

import base64
import binascii
import io
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
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from paramiko.agent import AgentKey, AgentSSH
from paramiko.message import Message

from hipscan.errors import TargetError, Unreachable
from hipscan.model.secret import Secret
from hipscan.transport.ssh_config import SshSettings

Passphrase = Callable[[Path], Secret | None]

_MAX_KEY_FILE: Final = 64 * 1024
_OPENSSH_BEGIN: Final = "-----BEGIN OPENSSH PRIVATE KEY-----"
_OPENSSH_END: Final = "-----END OPENSSH PRIVATE KEY-----"
_OPENSSH_MAGIC: Final = b"openssh-key-v1\0"
_LEGACY_ENCRYPTED: Final = ("Proc-Type: 4,ENCRYPTED", "BEGIN ENCRYPTED PRIVATE KEY")
_UNUSABLE: Final = (paramiko.SSHException, ValueError, TypeError, OSError, UnsupportedAlgorithm)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key to offer, and what to call it in a message."""

    label: str
    key: paramiko.PKey


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What can be seen of a key file without its passphrase. `public` is empty if unknown."""

    path: Path
    public: bytes
    private: bool
    encrypted: bool


def read_key_file(path: Path) -> KeyFile:
    """Look at a key file: a private key of any format, or the public half of one.

    Raises OSError when it cannot be read.
    """
    text = _read(path)
    if _OPENSSH_BEGIN in text:
        cipher, public = _openssh_header(text)
        return KeyFile(path, public, private=True, encrypted=cipher != b"none")
    if "PRIVATE KEY-----" in text:
        encrypted = any(mark in text for mark in _LEGACY_ENCRYPTED)
        return KeyFile(path, _public_beside(path), private=True, encrypted=encrypted)
    return KeyFile(path, _public_line(text), private=False, encrypted=False)


def _read(path: Path) -> str:
    with path.open("rb") as stream:
        return stream.read(_MAX_KEY_FILE).decode("utf-8", "replace")


def _openssh_header(text: str) -> tuple[bytes, bytes]:
    """Return (cipher, public key); the part before the key is never encrypted (PROTOCOL.key)."""
    body = text.partition(_OPENSSH_BEGIN)[2].partition(_OPENSSH_END)[0]
    try:
        raw = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        return b"none", b""
    if not raw.startswith(_OPENSSH_MAGIC):
        return b"none", b""
    message = Message(raw[len(_OPENSSH_MAGIC) :])
    cipher = message.get_string()
    message.get_string()  # the function that makes a key of the passphrase
    message.get_string()  # and its options
    return (cipher, message.get_string()) if message.get_int() == 1 else (cipher, b"")


def _public_beside(path: Path) -> bytes:
    try:
        return _public_line(_read(path.with_name(path.name + ".pub")))
    except OSError:
        return b""


def _public_line(text: str) -> bytes:
    """Return the key of a line such as `ssh-ed25519 AAAAC3Nza... comment`, or nothing."""
    words = text.split()
    try:
        return base64.b64decode(words[1], validate=True) if len(words) > 1 else b""
    except (binascii.Error, ValueError):
        return b""


class _Agent(AgentSSH):
    """An ssh-agent behind a socket, asked under a time limit."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(seconds)
        self.socket.connect(path)
        self._connect(self.socket)  # type: ignore[attr-defined]  # not in the stubs


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
        key = _load(file.path, secret)
    except _UNUSABLE as error:
        if must:
            reason = "the passphrase is wrong" if file.encrypted else "not a key hipscan can read"
            raise _unusable(file.path, reason) from error
        return
    yield from _with_certificates(file.path, key, settings.certificate_files)


def _load(path: Path, secret: Secret | None) -> paramiko.PKey:
    """Read a private key of any format.

    Through cryptography, since paramiko reads neither PKCS#8 nor every ECDSA key of ssh-keygen.
    """
    data = path.read_bytes()
    password = None if secret is None else secret.reveal().encode("utf-8", "surrogateescape")
    if _OPENSSH_BEGIN.encode() in data:
        loaded = serialization.load_ssh_private_key(data, password)
    else:
        loaded = serialization.load_pem_private_key(data, password)  # type: ignore[assignment]  # a union with more kinds
    match loaded:
        case rsa.RSAPrivateKey():
            return paramiko.RSAKey(key=loaded)
        case ec.EllipticCurvePrivateKey():
            return paramiko.ECDSAKey(vals=(loaded, loaded.public_key()))
        case ed25519.Ed25519PrivateKey():
            plain = loaded.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.OpenSSH,
                serialization.NoEncryption(),
            )
            return paramiko.Ed25519Key(file_obj=io.StringIO(plain.decode("ascii")))
    raise ValueError(f"keys of type {type(loaded).__name__} are not supported")


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
        blob = _public_line(_read(certificate))
    except OSError:
        return False
    plain = key.asbytes()
    numbers = plain[4 + len(key.get_name()) :]
    return blob[4:].startswith(key.get_name().encode() + b"-cert-") and numbers in blob
