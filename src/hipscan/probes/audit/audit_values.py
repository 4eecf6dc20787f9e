"""Fields of audit rules and their values in a normal form (auditctl(8), option -F)."""

import errno
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hipscan.probes.audit.audit_names import ARCHES, ERRNO, FILE_TYPES, MESSAGES

UNSET: Final = 4294967295
FIELD: Final = re.compile(r"([a-z][a-z0-9_]*)(&=|!=|<=|>=|=|<|>|&)(.+)", re.DOTALL)
UIDS: Final = frozenset({"auid", "uid", "euid", "suid", "fsuid", "obj_uid"})
GIDS: Final = frozenset({"gid", "egid", "sgid", "fsgid", "obj_gid"})

_LABELS: Final = re.compile(r"(subj|obj)_(user|role|type|sen|clr|lev_low|lev_high)")
_UNSETS: Final = ("unset", "-1", "4294967295")


class BadRuleError(ValueError):
    """auditctl refuses this line, and reads no further unless told to go on."""


@dataclass(frozen=True, slots=True)
class Names:
    """What names mean on the host: its machine, and ids of users and groups by name."""

    machine: str = "x86_64"
    users: Mapping[str, str] | None = None
    groups: Mapping[str, str] | None = None


def value_of(field: str, value: str, names: Names) -> str:
    """Return a value in its normal form: ids and errors as numbers, `unset`, b64 or b32, rwxa.

    Raises BadRuleError for a field that auditctl lacks, and for a name that the host does not know.
    """
    if field in {"auid", "sessionid"} and value in _UNSETS:
        return "unset"
    if field in UIDS or field == "sessionid":
        return _id(value, names.users)
    if field in GIDS:
        return _id(value, names.groups)
    if field in _READERS:
        return _READERS[field](value)
    if not _LABELS.fullmatch(field):
        raise BadRuleError(f"{field[:40]} is no field")
    return value


def arch_of(value: str) -> str:
    """Return b64 or b32 for either of them or the name of a machine."""
    if value in {"b32", "b64"}:
        return value
    if value not in ARCHES:
        raise BadRuleError(f"{value[:40]} is no architecture")
    return ARCHES[value]


def permissions(value: str) -> str:
    """Return the letters of -p in the order of a listing."""
    if not value or set(value.lower()) - set("rwxa"):
        raise BadRuleError(f"{value[:40]} are no permissions")
    return "".join(letter for letter in "rwxa" if letter in value.lower())


def number(value: str) -> str:
    """Read a number as strtol(3) with base 0 does: 0100 is octal, 0x40 hexadecimal."""
    sign, digits = ("-", value[1:]) if value.startswith("-") else ("", value)
    octal = re.fullmatch(r"0[0-7]+", digits, re.ASCII)
    try:
        return str(int(sign + digits, 8 if octal else 0))
    except ValueError:
        raise BadRuleError(f"{value[:40]} is no number") from None


def _id(value: str, names: Mapping[str, str] | None) -> str:
    if value[:1].isdecimal():
        return number(value)
    if names is None:
        return value
    if value not in names:
        raise BadRuleError(f"{value[:40]} is nobody on this host")
    return names[value]


def _exit(value: str) -> str:
    sign, name = ("-", value[1:]) if value.startswith("-") else ("", value)
    if name[:1].isdecimal():
        return value
    if name not in errno.errorcode.values():
        raise BadRuleError(f"{value[:40]} is no error")
    return f"{sign}{ERRNO[name]}" if name in ERRNO else value


def _success(value: str) -> str:
    if not value[:1].isdecimal() and value not in {"yes", "no"}:
        raise BadRuleError(f"{value[:40]} is neither yes nor no")
    return {"yes": "1", "no": "0"}.get(value, value)


def _path(value: str) -> str:
    return value.rstrip("/") or "/"


def _as_is(value: str) -> str:
    return value


_READERS: Final[Mapping[str, Callable[[str], str]]] = {
    "arch": arch_of,
    "exit": _exit,
    "perm": permissions,
    "path": _path,
    "dir": _path,
    "msgtype": lambda value: str(MESSAGES.get(value.upper(), value)),
    "filetype": lambda value: str(FILE_TYPES.get(value, value)),
    "success": _success,
    **dict.fromkeys(
        ("a0", "a1", "a2", "a3", "pid", "ppid", "inode", "devmajor", "devminor", "pers"), number
    ),
    **dict.fromkeys(("exe", "fstype", "key", "saddr_fam"), _as_is),
}
