r"""Public keys that may log in: what an authorized_keys file says, without options' values.

The lines of the accounts probe that matter here: who logs in by which file; what stat says (mode,
uid, gid, size, time of change, owner, group, path); a file of keys, and its lines (number, names
of options, key, and `c` where a comment follows).

    Aann:/home/ann/.ssh/authorized_keys
    T8180:1000:1000:84:1790000000:ann:ann:/home/ann/.ssh/authorized_keys
    Y/home/ann/.ssh/authorized_keys
    Z1 restrict,command ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP... c
"""

import base64
import binascii
import hashlib
import stat
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

from hipscan.model.fact import Record, Value
from hipscan.probes.base import Listing
from hipscan.probes.files.file_status import owner_name

_LIMIT: Final = 20_000
_RSA_FAIL: Final = 2048
_RSA_WARN: Final = 3072
_FIXED: Final = {"ed25519": 256, "nistp256": 256, "nistp384": 384, "nistp521": 521}


class Status(NamedTuple):
    """What stat says of a path: permission bits as octal text, owner, group, time of change."""

    mode: str
    owner: str
    uid: int
    group: str
    gid: int
    modified: int


def statuses(seen: Listing) -> dict[str, Status]:
    """Return the stat lines by path."""
    found = {}
    for line in seen.plain:
        if line.startswith("T"):
            bits, uid, gid, _size, time, user, group, path = line[1:].split(":", 7)
            mode = f"{stat.S_IMODE(int(bits, 16)):04o}"
            owner, team = owner_name(user, uid), owner_name(group, gid)
            found[path] = Status(mode, owner, int(uid), team, int(gid), int(time))
    return found


def key_records(seen: Listing) -> tuple[Record, ...]:
    """Return a record for each key and each account that it logs in as."""
    status = statuses(seen)
    by_file: dict[str, list[dict[str, Value]]] = {}
    for path, line in _lines(seen):
        by_file.setdefault(path, []).append(_key(path, line, status))
    users = (line[1:].partition(":")[::2] for line in seen.plain if line.startswith("A"))
    records = ({"account": name, **key} for name, path in users for key in by_file.get(path, ()))
    found = tuple(islice(records, _LIMIT + 1))
    if len(found) > _LIMIT:
        raise ValueError(f"more than {_LIMIT} keys")
    return tuple(found)


def _lines(seen: Listing) -> Iterator[tuple[str, str]]:
    path = ""
    for line in seen.plain:
        if line.startswith("Y"):
            path = line[1:]
        elif line.startswith("Z") and path:
            yield path, line[1:]


def _key(path: str, line: str, status: Mapping[str, Status]) -> dict[str, Value]:
    number, names, kind, code = line.split(" ", 3)
    code, _, remark = code.strip().partition(" ")
    blob = _blob(code)
    bits = key_bits(kind, blob)
    about = status.get(path)
    return {
        "fingerprint": _fingerprint(blob),
        "type": kind,
        "bits": bits,
        "grade": key_grade(kind, bits),
        "options": [name.lower() for name in names.split(",") if name],
        "file": path,
        "line": int(number),
        "has_comment": remark == "c",
        "mode": about.mode if about else None,
        "owner": about.owner if about else None,
        "modified": about.modified if about else None,
    }


def _blob(code: str) -> bytes:
    try:
        return base64.b64decode(code, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _fingerprint(blob: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii")
    return "SHA256:" + digest.rstrip("=")


def key_bits(kind: str, blob: bytes) -> int | None:
    """Return the size of a public key (RFC 4253, 6.6), None where it cannot be told."""
    for word, bits in _FIXED.items():
        if word in kind:
            return bits
    parts = _strings(blob)
    if kind == "ssh-rsa" and len(parts) > 2:  # noqa: PLR2004  # name, exponent, modulus
        return int.from_bytes(parts[2]).bit_length()
    if kind == "ssh-dss" and len(parts) > 1:
        return int.from_bytes(parts[1]).bit_length()
    return None


def _strings(blob: bytes) -> list[bytes]:
    """Return the first three length-prefixed strings of `blob` (RFC 4251, 5)."""
    parts: list[bytes] = []
    at = 0
    while len(parts) < 3 and at + 4 <= len(blob):  # noqa: PLR2004  # a length is four bytes
        end = at + 4 + int.from_bytes(blob[at : at + 4])
        if end > len(blob):
            break
        parts.append(blob[at + 4 : end])
        at = end
    return parts


def key_grade(kind: str, bits: int | None) -> str | None:
    """Grade a key as SP 800-57 does: below 112 bits of strength fails, below 128 warns."""
    if "dss" in kind:
        return "fail"
    if "rsa" not in kind:
        return "ok" if any(word in kind for word in _FIXED) else None
    if bits is None:
        return None
    if bits < _RSA_FAIL:
        return "fail"
    return "warn" if bits < _RSA_WARN else "ok"
