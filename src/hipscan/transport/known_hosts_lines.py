"""The lines of known_hosts files and of revocation lists, read as OpenSSH reads them.

    web1.example.org,192.0.2.7 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... comment
    [web2.example.org]:2222 ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbm...
    |1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-rsa AAAAB3Nz...
    @cert-authority *.example.org,!old.example.org ssh-ed25519 AAAAC3NzaC1lZDI1...
    @revoked * ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC...

What OpenSSH skips is skipped here: a line with a marker it does not know, bad base64, a key that
does not fit its type. Sources: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"; ssh_config(5),
RevokedHostKeys; ssh-keygen(1), "KEY REVOCATION LISTS".
"""

import base64
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

from hipscan.transport.known_hosts_keys import Flaw, Key, decode, read_text
from hipscan.transport.ssh_config_patterns import listed

SSH_PORT: Final = 22
_BLANK: Final = b" \t"
_HASH_MAGIC: Final = b"|1|"
_HASH_BYTES: Final = 20
_LONGEST_MARKER: Final = 31
_KRL_MAGIC: Final = b"SSHKRL\n\0"


class Marker(StrEnum):
    """The word before the names of a line."""

    NONE = ""
    AUTHORITY = "@cert-authority"
    REVOKED = "@revoked"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that may concern a host; `key_text` is read only when it does."""

    file: Path
    number: int
    marker: Marker
    hosts: bytes
    key_text: bytes

    def concerns(self, name: bytes) -> bool:
        """Tell whether the line is about `name`, which is lower case."""
        if self.hosts.startswith(b"|"):
            return _hash_matches(self.hosts, name)
        return listed(self.hosts, name)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that concerns a host, with its key."""

    line: Line
    algorithm: str
    blob: bytes
    key: Key


@dataclass(frozen=True, slots=True)
class Revocations:
    """A RevokedHostKeys file: plain keys, a binary list (`krl`), or a reason it is unusable."""

    file: Path | None = None
    keys: frozenset[Key] = frozenset()
    krl: bool = False
    unusable: str = ""


def display_name(host: str, port: int) -> str:
    """Return a host as known_hosts writes it: `name`, or `[name]:port` for other ports than 22."""
    return host.lower() if port == SSH_PORT else f"[{host.lower()}]:{port}"


def hashed_name(name: str, salt: bytes) -> str:
    """Return `name` as `HashKnownHosts yes` writes it: `|1|salt|hash`."""
    digest = hmac.digest(salt, name.encode(), "sha1")
    return "|".join(("", "1", base64.b64encode(salt).decode(), base64.b64encode(digest).decode()))


def written(name: str, key_blob: bytes, *, hashed: bool) -> bytes:
    """Return the line that makes `key_blob` known for `name`; the key was read before."""
    shown = hashed_name(name, secrets.token_bytes(_HASH_BYTES)) if hashed else name
    algorithm = key_blob[4 : 4 + int.from_bytes(key_blob[:4], "big")].decode("ascii")
    return f"{shown} {algorithm} {base64.b64encode(key_blob).decode()}\n".encode()


def entries(lines: tuple[Line, ...], host: str, port: int) -> tuple[Entry, ...]:
    """Return the lines about `host` and `port` that hold a readable key."""
    name = display_name(host, port).encode()
    found = []
    for line in lines:
        if line.concerns(name):
            algorithm, blob, key = read_text(line.key_text)
            if isinstance(key, Key):
                found.append(Entry(line, algorithm, blob, key))
    return tuple(found)


def read(file: Path) -> tuple[Line, ...]:
    """Return the lines of a known_hosts file; raise OSError when it cannot be read."""
    status = file.stat()
    return _read(file, (status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev))


@lru_cache(maxsize=32)
def _read(file: Path, _stamp: tuple[int, ...]) -> tuple[Line, ...]:
    """Read a file once for all targets of a run, as long as it stays the same."""
    return tuple(parse(file, file.read_bytes()))


def parse(file: Path, content: bytes) -> Iterator[Line]:
    """Yield the lines of known_hosts `content`, whatever bytes it holds."""
    for number, raw in enumerate(content.split(b"\n"), start=1):
        # OpenSSH's strings end at a NUL.
        text = raw.split(b"\0", 1)[0].lstrip(_BLANK)
        if not text or text.startswith(b"#"):
            continue
        marked = _marker(text)
        if marked is None:
            continue
        marker, text = marked
        hosts, _, key_text = text.replace(b"\t", b" ").partition(b" ")
        key_text = key_text.lstrip(b" ")
        if key_text and not key_text.startswith(b"#"):
            yield Line(file, number, marker, hosts, key_text)


def _marker(text: bytes) -> tuple[Marker, bytes] | None:
    """Split a marker off; None when it is none of the two, or not alone."""
    if not text.startswith(b"@"):
        return Marker.NONE, text
    # A blank is looked for before a tab, in the whole line: so does OpenSSH.
    end = text.find(b" ") if b" " in text else text.find(b"\t")
    word = text[: max(end, 0)].decode("latin-1")
    rest = text[end:].lstrip(_BLANK)
    if len(word) > _LONGEST_MARKER or word not in tuple(Marker)[1:] or rest.startswith(b"@"):
        return None
    return Marker(word), rest


def _hash_matches(hosts: bytes, name: bytes) -> bool:
    """Compare `|1|salt|hash` with the hash of `name` under the same salt."""
    salt = decode(hosts[len(_HASH_MAGIC) :].split(b"|", 1)[0])
    if not hosts.startswith(_HASH_MAGIC) or salt is None or len(salt) != _HASH_BYTES:
        return False
    return hashed_name(name.decode("latin-1"), salt).encode() == hosts


def read_revocations(file: Path | None) -> Revocations:
    """Read a RevokedHostKeys file; one that cannot be used says why, as ssh then trusts no key."""
    if file is None:
        return Revocations()
    try:
        content = file.read_bytes()
    except OSError as error:
        return Revocations(file, unusable=error.strerror or "it cannot be read")
    if content.startswith(_KRL_MAGIC):
        return Revocations(file, krl=True)
    return _plain_revocations(file, content)


def _plain_revocations(file: Path, content: bytes) -> Revocations:
    revoked: set[Key] = set()
    for number, raw in enumerate(content.split(b"\n"), start=1):
        text = raw.split(b"\0", 1)[0].lstrip(_BLANK)
        if not text or text.startswith(b"#"):
            continue
        _, _, key = read_text(text)
        if isinstance(key, Key):
            revoked.add(key)
        elif key is Flaw.FORMAT:
            return Revocations(file, frozenset(revoked), unusable=f"line {number} is no public key")
    return Revocations(file, frozenset(revoked))
