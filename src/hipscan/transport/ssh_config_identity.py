"""What a private key file says about itself without its passphrase: the public key inside.

    -----BEGIN OPENSSH PRIVATE KEY-----
    b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW...
    -----END OPENSSH PRIVATE KEY-----

Needed to know keys that live on a security key (sk-), which paramiko cannot use, and to tell which
of an agent's keys an IdentityFile means. Source: PROTOCOL.key of OpenSSH.
"""

import base64
import binascii
from pathlib import Path
from typing import Final

from hipscan.transport.known_hosts_keys import Key, kind_of, read_blob, read_text

_MAGIC: Final = b"openssh-key-v1\0"
_ARMOUR: Final = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_LARGEST: Final = 64 * 1024
# Cipher, key derivation, its options: three strings stand before the number of keys.
_STRINGS_BEFORE: Final = 3


def public_blob(path: Path) -> bytes | None:
    """Return the public key of an identity file, as it goes over the wire.

    `path` may be a private key in OpenSSH's format, a public key, or anything with a public key
    beside it in PATH.pub; None when none of these can be read.
    """
    for file in (path, path.with_name(path.name + ".pub")):
        content = _head(file)
        blob = _inside(content) or _public(content)
        if blob is not None:
            return blob
    return None


def is_hardware_key(path: Path) -> bool:
    """Tell whether an identity file belongs to a security key (FIDO)."""
    blob = public_blob(path) if path.is_file() else None
    key = read_blob(blob) if blob else None
    return isinstance(key, Key) and key.kind.removesuffix("-CERT").endswith("-SK")


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_LARGEST)
    except OSError:
        return b""


def _inside(content: bytes) -> bytes | None:
    """Return the public key in the clear part of OpenSSH's private key format."""
    if _ARMOUR not in content:
        return None
    body = content.partition(_ARMOUR)[2].partition(b"-----")[0]
    try:
        packed = base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error:
        return None
    rest = packed.removeprefix(_MAGIC)
    for _ in range(_STRINGS_BEFORE):
        _, rest = _string(rest)
    blob, _ = _string(rest[4:])
    return blob or None


def _string(packed: bytes) -> tuple[bytes, bytes]:
    """Split the first string off; its length stands in the four bytes before."""
    end = 4 + int.from_bytes(packed[:4], "big")
    return packed[4:end], packed[end:]


def _public(content: bytes) -> bytes | None:
    """Return the key of a public key file: its first line."""
    algorithm, blob, key = read_text(content.split(b"\n", 1)[0])
    return blob if kind_of(algorithm) and isinstance(key, Key) else None
