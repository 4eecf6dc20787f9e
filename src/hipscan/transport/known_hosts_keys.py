"""Public keys as known_hosts, *.pub files and the wire carry them, compared as OpenSSH does.

    ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... comment

Two keys are equal when their numbers are, however they were padded; a key that OpenSSH would not
read is no key here either. Sources: RFC 4253 section 6.6, RFC 5656, PROTOCOL.u2f of OpenSSH.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

# The name of an algorithm, and the kind of key it uses; these are all that OpenSSH reads.
KINDS: Final = MappingProxyType(
    {
        "ssh-ed25519": "ED25519",
        "ecdsa-sha2-nistp256": "ECDSA-256",
        "ecdsa-sha2-nistp384": "ECDSA-384",
        "ecdsa-sha2-nistp521": "ECDSA-521",
        "sk-ssh-ed25519@openssh.com": "ED25519-SK",
        "sk-ecdsa-sha2-nistp256@openssh.com": "ECDSA-SK",
        "webauthn-sk-ecdsa-sha2-nistp256@openssh.com": "ECDSA-SK",
        "rsa-sha2-512": "RSA",
        "rsa-sha2-256": "RSA",
        "ssh-rsa": "RSA",
        "ssh-dss": "DSA",
    }
)
_CURVES: Final = MappingProxyType(
    {
        "ECDSA-256": (b"nistp256", 65),
        "ECDSA-384": (b"nistp384", 97),
        "ECDSA-521": (b"nistp521", 133),
        "ECDSA-SK": (b"nistp256", 65),
    }
)
_NUMBERS: Final = MappingProxyType({"RSA": 2, "DSA": 4})
_CERTIFICATE: Final = "-cert-v01@openssh.com"
_SHORTEST_RSA: Final = 1024
_ED25519_BYTES: Final = 32
_UNCOMPRESSED: Final = b"\x04"


class Flaw(StrEnum):
    """Why a key cannot be read."""

    FORMAT = "not a public key"
    LENGTH = "an RSA key of less than 1024 bits"


@dataclass(frozen=True, slots=True)
class Key:
    """A public key: its kind, and the parts that make it equal to another."""

    kind: str
    parts: tuple[bytes, ...]


def rsa_bits(key: Key) -> int | None:
    """Return the length of an RSA key in bits, None for other kinds."""
    return int.from_bytes(key.parts[1], "big").bit_length() if key.kind == "RSA" else None


def kind_of(algorithm: str) -> str:
    """Return the kind of key behind a public key algorithm, "" for one OpenSSH does not know."""
    if algorithm.endswith(_CERTIFICATE):
        plain = algorithm.removesuffix(_CERTIFICATE)
        kind = KINDS.get(plain) or KINDS.get(f"{plain}@openssh.com")
        return f"{kind}-CERT" if kind else ""
    return KINDS.get(algorithm, "")


def fingerprint(key_blob: bytes) -> str:
    """Return a key's fingerprint as OpenSSH prints it: `SHA256:...`."""
    digest = hashlib.sha256(key_blob).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def decode(text: bytes) -> bytes | None:
    """Return the bytes behind strict base64, None when it is not; white space inside is allowed."""
    packed = bytes(byte for byte in text if byte not in b"\t\n\v\f\r ")
    try:
        blob = base64.b64decode(packed, validate=True)
    except binascii.Error:
        return None
    return blob if base64.b64encode(blob) == packed else None


def read_text(text: bytes) -> tuple[str, bytes, Key | Flaw]:
    """Read `TYPE BASE64 [COMMENT]`; return the type as written, the blob, and the key or flaw."""
    words = text.replace(b"\t", b" ").lstrip(b" ").split(b" ", 1)
    algorithm = words[0].decode("latin-1")
    encoded = words[1].lstrip(b" ").split(b" ", 1)[0] if words[1:] else b""
    blob = decode(encoded)
    if not blob or not kind_of(algorithm):
        return algorithm, b"", Flaw.FORMAT
    key = read_blob(blob)
    if isinstance(key, Key) and key.kind != kind_of(algorithm):
        return algorithm, blob, Flaw.FORMAT
    return algorithm, blob, key


def read_blob(blob: bytes) -> Key | Flaw:
    """Read a public key as it goes over the wire: strings with a length of four bytes before."""
    fields = _strings(blob)
    if not fields:
        return Flaw.FORMAT
    kind = kind_of(fields[0].decode("latin-1"))
    if kind.endswith("-CERT"):
        # A certificate is equal to nothing but itself; only that it stands there matters.
        return Key(kind, (blob,))
    return _READERS.get(kind, _unknown)(kind, fields[1:])


def _strings(blob: bytes) -> list[bytes]:
    """Split `blob` into its strings; an empty list when a length does not fit."""
    fields: list[bytes] = []
    at = 0
    while at < len(blob):
        size = int.from_bytes(blob[at : at + 4], "big")
        if at + 4 + size > len(blob):
            return []
        fields.append(blob[at + 4 : at + 4 + size])
        at += 4 + size
    return fields


def _unknown(_kind: str, _fields: list[bytes]) -> Key | Flaw:
    return Flaw.FORMAT


def _ed25519(kind: str, fields: list[bytes]) -> Key | Flaw:
    wanted = 2 if kind == "ED25519-SK" else 1
    if len(fields) != wanted or len(fields[0]) != _ED25519_BYTES:
        return Flaw.FORMAT
    return Key(kind, tuple(fields))


def _ecdsa(kind: str, fields: list[bytes]) -> Key | Flaw:
    curve, size = _CURVES[kind]
    wanted = 3 if kind == "ECDSA-SK" else 2
    if len(fields) != wanted or fields[0] != curve:
        return Flaw.FORMAT
    if len(fields[1]) != size or not fields[1].startswith(_UNCOMPRESSED):
        return Flaw.FORMAT
    return Key(kind, tuple(fields))


def _numbers(kind: str, fields: list[bytes]) -> Key | Flaw:
    if len(fields) != _NUMBERS[kind] or any(field[:1] >= b"\x80" for field in fields):
        return Flaw.FORMAT
    parts = tuple(field.lstrip(b"\0") for field in fields)
    if kind == "RSA" and int.from_bytes(parts[1], "big").bit_length() < _SHORTEST_RSA:
        return Flaw.LENGTH
    return Key(kind, parts)


_READERS: Final = MappingProxyType(
    {
        "ED25519": _ed25519,
        "ED25519-SK": _ed25519,
        "RSA": _numbers,
        "DSA": _numbers,
        **dict.fromkeys(_CURVES, _ecdsa),
    }
)
