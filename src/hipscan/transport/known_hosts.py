"""Judges host keys as OpenSSH does with StrictHostKeyChecking=yes.

paramiko's own reader gives up on a whole file for one line it does not know and takes a rotated
key for an attack, so hipscan reads known_hosts itself (docs/decisions/0002-ssh-trust.md). Here
lives the judgement; `known_hosts_lines` reads the files, `known_hosts_keys` the keys.
"""

import errno
import fcntl
import io
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hipscan.errors import TargetError, Unreachable
from hipscan.transport import known_hosts_lines as lines_of
from hipscan.transport.known_hosts_keys import KINDS, Key, fingerprint, read_blob, rsa_bits
from hipscan.transport.known_hosts_lines import SSH_PORT, Entry, Line, Marker, Revocations
from hipscan.transport.known_hosts_verdict import KnownKey, Offer, Outcome, Verdict

__all__ = ["KnownHosts", "KnownKey", "Outcome", "Verdict", "accept_new", "fingerprint", "load"]

# OpenSSH's default order of host key algorithms, without certificates.
ALGORITHMS: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """The lines of all known_hosts files of a target, and its revocation list.

    `unread` says which files exist and could not be read, and why; ssh passes over them, too.
    `smallest_rsa` is RequiredRSASize in bits.
    """

    lines: tuple[Line, ...] = ()
    revocations: Revocations = field(default_factory=Revocations)
    unread: tuple[str, ...] = ()
    smallest_rsa: int = 0

    def judge(self, host: str, port: int, key_type: str, key_blob: bytes) -> Verdict:
        """Say whether `host` may hold this key; `host` is the HostKeyAlias where there is one.

        Take `host` and `port` from `SshSettings.host_key_name`. A host on another port than 22 is
        looked up as `[host]:port`, then as `host`; a key that any line of the same name
        contradicts is changed, of whatever type the known key is.
        """
        asked = Offer(lines_of.display_name(host, port), key_type, key_blob)
        key = read_blob(key_blob)
        if not isinstance(key, Key):
            return asked.verdict(Outcome.UNKNOWN, (), f"offers a key that is {key}")
        if refusal := self._refused_outright(asked, key):
            return refusal
        exact = lines_of.entries(self.lines, host, port)
        without_port = lines_of.entries(self.lines, host, SSH_PORT) if port != SSH_PORT else ()
        outcome, deciding = _standing(exact, key)
        if outcome is Outcome.UNKNOWN and without_port:
            fallback, matching = _standing(without_port, key)
            if fallback in (Outcome.ACCEPTED, Outcome.REVOKED):
                outcome, deciding = fallback, matching
        if outcome in (Outcome.UNKNOWN, Outcome.CHANGED):
            authorities = _marked((*exact, *without_port), Marker.AUTHORITY)
            if authorities:
                outcome, deciding = Outcome.NEEDS_OPENSSH, authorities
        return asked.verdict(outcome, deciding, *self.unread)

    def key_types(self, host: str, port: int) -> tuple[str, ...]:
        """Return all host key algorithms in the order to offer them, those of known keys first.

        As OpenSSH: its default order stays when a key of the first kind is known; only lines
        with the port count.
        """
        found = lines_of.entries(self.lines, host, port)
        kinds = {kind for kind in KINDS.values() if _is_known(found, kind)}
        if KINDS[ALGORITHMS[0]] in kinds:
            return ALGORITHMS
        return tuple(sorted(ALGORITHMS, key=lambda name: KINDS[name] not in kinds))

    def _refused_outright(self, asked: Offer, key: Key) -> Verdict | None:
        """Judge by RequiredRSASize and RevokedHostKeys, which go before every other file."""
        listed = self.revocations
        bits = rsa_bits(key)
        if bits is not None and bits < self.smallest_rsa:
            return asked.verdict(
                Outcome.REVOKED, (), f"{bits} bits, RequiredRSASize is {self.smallest_rsa}"
            )
        if key in listed.keys:
            return asked.verdict(Outcome.REVOKED, (), f"is in the list {listed.file}")
        if listed.krl:
            return asked.verdict(Outcome.NEEDS_OPENSSH, (), f"{listed.file} is a binary list")
        if listed.unusable:
            return asked.verdict(
                Outcome.REVOKED, (), f"RevokedHostKeys {listed.file}: {listed.unusable}"
            )
        return None


def _standing(found: tuple[Entry, ...], key: Key) -> tuple[Outcome, tuple[Entry, ...]]:
    """Judge `key` by the entries of one name, and return those that decide."""
    same = tuple(entry for entry in found if entry.key == key)
    plain = _marked(found, Marker.NONE)
    if revoking := _marked(same, Marker.REVOKED):
        return Outcome.REVOKED, revoking
    if matching := _marked(same, Marker.NONE):
        return Outcome.ACCEPTED, matching[:1]
    return (Outcome.CHANGED, plain) if plain else (Outcome.UNKNOWN, ())


def _marked(found: tuple[Entry, ...], marker: Marker) -> tuple[Entry, ...]:
    return tuple(entry for entry in found if entry.line.marker is marker)


def _is_known(found: tuple[Entry, ...], kind: str) -> bool:
    """Tell whether the first plain key of a kind stands there unrevoked."""
    first = next((entry for entry in _marked(found, Marker.NONE) if entry.key.kind == kind), None)
    revoked = {entry.key for entry in _marked(found, Marker.REVOKED)}
    return first is not None and first.key not in revoked


def load(
    files: Iterable[Path], *, revoked: Path | None = None, smallest_rsa: int = 0
) -> KnownHosts:
    """Read known_hosts `files` in order, and the RevokedHostKeys file.

    A known_hosts file that does not exist is empty; a revocation list that cannot be used
    revokes every key, as with ssh.
    """
    found: list[Line] = []
    unread = []
    for file in files:
        try:
            found += lines_of.read(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            unread.append(f"{file} was not read: {error.strerror}")
    return KnownHosts(tuple(found), lines_of.read_revocations(revoked), tuple(unread), smallest_rsa)


def accept_new(
    file: Path, host: str, port: int, key_type: str, key_blob: bytes, *, hashed: bool = False
) -> None:
    """Append a host's first key to `file`, made 0600 where it did not exist.

    The file is judged again under a lock: a key that got there meanwhile is not written twice,
    and one that contradicts it raises TargetError, as does a file that cannot be written.
    """
    if not isinstance(read_blob(key_blob), Key):
        raise TargetError(Unreachable.PROTOCOL, f"{host} offers a host key that cannot be read")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with io.FileIO(file, "a+", opener=_private) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.seek(0)
            content = stream.readall()
            verdict = KnownHosts(tuple(lines_of.parse(file, content))).judge(
                host, port, key_type, key_blob
            )
            if verdict.outcome is Outcome.UNKNOWN:
                name = lines_of.display_name(host, port)
                _append(stream, content, lines_of.written(name, key_blob, hashed=hashed))
    except OSError as error:
        raise TargetError(
            Unreachable.HOST_KEY_UNKNOWN,
            f"the host key of {host} cannot be saved in {file}: {error.strerror or error}",
            hint="make the file writable, or name another with --known-hosts",
        ) from error
    if verdict.outcome not in (Outcome.UNKNOWN, Outcome.ACCEPTED):
        raise verdict.error()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _append(stream: io.FileIO, content: bytes, line: bytes) -> None:
    """Write `line` whole or not at all, on a line of its own."""
    start = b"" if content.endswith(b"\n") or not content else b"\n"
    if stream.write(start + line) != len(start + line):
        stream.truncate(len(content))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(stream.fileno())
