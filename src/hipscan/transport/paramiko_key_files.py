"""Key files: what can be seen of one without its passphrase, and the private key in it.

-----BEGIN OPENSSH PRIVATE KEY-----     holds its public half in plain
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1j...
-----BEGIN RSA PRIVATE KEY-----         public half in the .pub file beside it, if anywhere
Proc-Type: 4,ENCRYPTED
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5... me  a public half whose private half an agent holds
"""

import base64
import binascii
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from paramiko.message import Message

from hipscan.model.secret import Secret

_MAX_KEY_FILE: Final = 64 * 1024
_OPENSSH_BEGIN: Final = "-----BEGIN OPENSSH PRIVATE KEY-----"
_OPENSSH_END: Final = "-----END OPENSSH PRIVATE KEY-----"
_OPENSSH_MAGIC: Final = b"openssh-key-v1\0"
_LEGACY_ENCRYPTED: Final = ("Proc-Type: 4,ENCRYPTED", "BEGIN ENCRYPTED PRIVATE KEY")


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
        return read_public_line(path.with_name(path.name + ".pub"))
    except OSError:
        return b""


def read_public_line(path: Path) -> bytes:
    """Return the key or certificate of a .pub file, empty if it holds none. Raises OSError."""
    return _public_line(_read(path))


def _public_line(text: str) -> bytes:
    """Return the key of a line such as `ssh-ed25519 AAAAC3Nza... comment`, or nothing."""
    words = text.split()
    try:
        return base64.b64decode(words[1], validate=True) if len(words) > 1 else b""
    except (binascii.Error, ValueError):
        return b""


def load_private_key(path: Path, secret: Secret | None) -> paramiko.PKey:
    """Return the private key in a file of any format.

    Read by cryptography, since paramiko reads neither PKCS#8 nor every ECDSA key of ssh-keygen.
    Raises ValueError, TypeError or UnsupportedAlgorithm for anything else, also for a wrong
    passphrase, and OSError.
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
