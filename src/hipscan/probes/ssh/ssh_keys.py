"""What ssh-keygen says about a key, and the record of a host key.

The fingerprint's line is `BITS SHA256:... comment (TYPE)`; of it only size and type are kept.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from hipscan.model.fact import Record, Value
from hipscan.probes.base import Field, FieldType
from hipscan.probes.ssh.algorithms import grade_key

HOST_KEY_FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the private key's file"),
    "type": Field(FieldType.TEXT, "rsa, dsa, ec, ed25519, ed448 or mldsa44-ed25519"),
    "bits": Field(FieldType.INTEGER, "size of the key"),
    "grade": Field(FieldType.TEXT, "ok, warn or fail, by type and size"),
    "severity": Field(FieldType.TEXT, "what a key of this grade amounts to"),
    "reason": Field(FieldType.TEXT, "why it has this grade"),
    "mode": Field(FieldType.MODE, "permission bits of the private key's file"),
    "owner": Field(FieldType.TEXT, "owner of the file"),
    "group": Field(FieldType.TEXT, "group of the file"),
    "exposed": Field(
        FieldType.BOOLEAN,
        "whether anybody but root can read or change the file; reading by the group ssh_keys does"
        " not count, since Red Hat's helper for host-based login needs it",
    ),
}

AUTHORITY_FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the file that TrustedUserCAKeys names"),
    "fingerprint": Field(FieldType.TEXT, "SHA256:... as ssh-keygen -l prints it"),
    "type": Field(FieldType.TEXT, "rsa, dsa, ec, ed25519, ed448 or mldsa44-ed25519"),
    "bits": Field(FieldType.INTEGER, "size of the key"),
    "grade": Field(FieldType.TEXT, "ok, warn or fail, by type and size"),
    "severity": Field(FieldType.TEXT, "what a key of this grade amounts to"),
    "reason": Field(FieldType.TEXT, "why it has this grade"),
    "mode": Field(FieldType.MODE, "permission bits of the file"),
    "owner": Field(FieldType.TEXT, "owner of the file"),
    "changeable": Field(FieldType.BOOLEAN, "whether anybody but root can change the file"),
}

_LINE: Final = re.compile(r"(\d+) (\S+) .*\(([A-Z0-9-]+)\)")
_TYPES: Final = {"rsa": "rsa", "dsa": "dsa", "ecdsa": "ec", "ed25519": "ed25519", "ed448": "ed448"}


def key_print(line: str) -> tuple[str, int] | None:
    """Return (type, bits) of a line of `ssh-keygen -l`, or None where it is none.

    256 SHA256:SohSyt8QL/J1K8ybXEh9pAtRbB/q9HOPAYCrcM3jnic root@vm (ECDSA)
    """
    found = _LINE.fullmatch(line.strip())
    if not found:
        return None
    name = found[3].lower().removesuffix("-cert").removesuffix("-sk")
    return _TYPES.get(name, name), int(found[1])


def host_key(stat: str, printed: Iterable[str]) -> Record:
    """Return the record of a host key.

    `stat` is `600 root root /etc/ssh/ssh_host_rsa_key`; `printed` is what ssh-keygen said of it.
    """
    bits, owner, group, path = stat.split(" ", 3)
    mode = int(bits, 8)
    key = next((seen for line in printed if (seen := key_print(line))), None)
    record: dict[str, Value] = {
        "path": path,
        "type": None,
        "bits": None,
        "grade": None,
        "severity": "low",
        "reason": "ssh-keygen cannot read it",
        "mode": f"{mode:04o}",
        "owner": owner,
        "group": group,
        "exposed": _exposed(mode, owner, group),
    }
    if key:
        verdict = grade_key(*key)
        record |= {"type": key[0], "bits": key[1], "grade": verdict.grade.value}
        record |= {"severity": verdict.severity, "reason": verdict.reason}
    return record


def authorities(stat: str, printed: Iterable[str]) -> Iterator[Record]:
    """Yield a record for each key of a file that TrustedUserCAKeys names; see `host_key`."""
    bits, owner, group, path = stat.split(" ", 3)
    mode = int(bits, 8)
    changeable = owner != "root" or bool(mode & 0o002) or (bool(mode & 0o020) and group != "root")
    for line in printed:
        key, found = key_print(line), _LINE.fullmatch(line.strip())
        if key and found:
            verdict = grade_key(*key)
            yield {
                "path": path,
                "fingerprint": found[2],
                "type": key[0],
                "bits": key[1],
                "grade": verdict.grade.value,
                "severity": verdict.severity,
                "reason": verdict.reason,
                "mode": f"{mode:04o}",
                "owner": owner,
                "changeable": changeable,
            }


def _exposed(mode: int, owner: str, group: str) -> bool:
    group_allowed = {"root": 0o077, "ssh_keys": 0o040}.get(group, 0)
    harmless = 0o700 | (group_allowed & 0o070)
    return owner != "root" or bool(mode & 0o777 & ~harmless)


def signs_with(kind: str, bits: int, algorithm: str) -> bool:
    """Say whether a key of this type and size can make signatures of an SSH algorithm.

    A certificate's algorithm counts as that of its key.
    """
    match kind:
        case "rsa":
            return algorithm.startswith(("rsa-sha2-", "ssh-rsa"))
        case "dsa":
            return algorithm.startswith("ssh-dss")
        case "ec":
            return algorithm.startswith(f"ecdsa-sha2-nistp{bits}")
        case _:
            return algorithm.startswith(f"ssh-{kind}")
