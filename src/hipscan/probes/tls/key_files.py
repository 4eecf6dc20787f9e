"""Records of certificates and private keys, from what the script of the keys probe says.

hipscan.probes.tls.keys shows the lines.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from posixpath import basename, dirname
from typing import Final

from hipscan.model.fact import Record, Value
from hipscan.probes.base import Facts, Note, judge_notes
from hipscan.probes.ssh.algorithms import Grade, grade_key, grade_signature_hash
from hipscan.probes.tls.der import Certificate, read_certificate

_KEYSTORES: Final = (".p12", ".pfx", ".jks", ".keystore")
_SNAKEOIL: Final = frozenset({"ssl-cert-snakeoil.pem", "localhost.crt"})
_FAR: Final = 253_402_300_799  # the end of 9999


@dataclass(slots=True)
class _File:
    """What the script says of one file."""

    status: str = ""
    blocks: list[str] = field(default_factory=list)
    keys: list[tuple[str, bool]] = field(default_factory=list)


@dataclass(slots=True)
class _Answer:
    """The script's lines, put together by file."""

    files: dict[str, _File] = field(default_factory=dict)
    users: dict[str, list[str]] = field(default_factory=dict)
    homes: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    looked: int | None = None


def parse(text: str, _status: int) -> Facts:
    """Parse what the script says of files with certificates and keys."""
    answer = _read(text)
    if answer.looked is None and not answer.notes:
        raise ValueError("it does not say how many files it looked at")
    keys = judge_notes(answer.notes, list(_keys(answer)))
    certificates = list(_certificates(answer))
    services = [note for note in answer.notes if "/.ssh" not in note.text]
    return {"certificate": judge_notes(services, certificates), "private_key": keys}


def _read(text: str) -> _Answer:
    answer = _Answer()
    current = _File()
    for line in text.split("\n"):
        match line[:1]:
            case "F":
                current = answer.files.setdefault(line[1:], _File())
            case "C":
                current.blocks.append("")
            case ":" if current.blocks:
                current.blocks[-1] += line[1:].strip()
            case "K":
                kind, _, hidden = line[1:].partition(" ")
                current.keys.append((kind, hidden == "yes"))
            case _:
                _read_around(line, answer)
    return answer


def _read_around(line: str, answer: _Answer) -> None:
    """Read a line that is not about the content of a file."""
    match line[:1]:
        case "U":
            file, _, path = line[1:].partition("\t")
            answer.users.setdefault(path, []).append(file)
        case "S":
            status, path = _split_status(line[1:])
            answer.files.setdefault(path, _File()).status = status
        case "N":
            answer.looked = int(line[1:])
        case "H":
            answer.homes.add(line[1:].partition(" ")[2])
        case "!":
            kind, _, rest = line[1:].partition(" ")
            answer.notes.append(Note(kind, rest))


def _split_status(line: str) -> tuple[str, str]:
    mode, owner, group, path = line.split(" ", 3)
    return f"{mode} {owner} {group}", path


def _certificates(answer: _Answer) -> Iterator[Record]:
    for path, file in sorted(answer.files.items()):
        for index, block in enumerate(file.blocks):
            try:
                certificate = read_certificate(base64.b64decode(block, validate=True))
            except (ValueError, binascii.Error):
                answer.notes.append(Note("garbled", f"{path}: no certificate"))
                continue
            yield _certificate(path, index, certificate, _users(answer, path))


def _users(answer: _Answer, path: str) -> list[str]:
    """Return the configurations that name a file, or the folder it is in."""
    return [*answer.users.get(path, []), *answer.users.get(f"{dirname(path)}/", [])]


def _certificate(path: str, index: int, seen: Certificate, users: Sequence[str]) -> Record:
    root = seen.self_signed and seen.is_ca
    if seen.signature_hash is None:
        signature = None
    else:
        signature = Grade.OK if root else grade_signature_hash(seen.signature_hash)
    return {
        "path": path,
        "index": index,
        "subject_cn": seen.subject,
        "issuer_cn": seen.issuer,
        "not_before": seen.not_before,
        "not_after": min(seen.not_after, _FAR),
        "key_type": seen.key_type,
        "bits": seen.key_bits,
        "key_grade": grade_key(seen.key_type, seen.key_bits).grade.value,
        "signature_hash": seen.signature_hash,
        "signature_grade": signature and signature.value,
        "self_signed": seen.self_signed,
        "is_ca": seen.is_ca,
        "snakeoil": seen.self_signed and basename(path) in _SNAKEOIL,
        "used_by": list(users),
        "in_use": bool(users),
    }


def _keys(answer: _Answer) -> Iterator[Record]:
    for path, file in sorted(answer.files.items()):
        for kind, encrypted in file.keys[:1]:
            yield _key(answer, path, kind, encrypted=encrypted)
        if not file.keys and path.endswith(_KEYSTORES):
            yield _key(answer, path, "keystore", encrypted=None)


def _key(answer: _Answer, path: str, kind: str, *, encrypted: bool | None) -> Record:
    mode, owner, group = (answer.files[path].status or "  ").split(" ")
    personal = dirname(path) in answer.homes
    exposed: Value = None
    if mode:
        exposed = bool(int(mode, 8) & (0o077 if personal else 0o027))
    return {
        "path": path,
        "kind": kind,
        "encrypted": encrypted,
        "mode": mode.zfill(4) if mode else None,
        "owner": owner or None,
        "group": group or None,
        "folder": dirname(path),
        "personal": personal,
        "exposed": exposed,
        "used_by": _users(answer, path),
    }
