"""Numbers behind the names in audit rules: machines, syscalls, errors, types of messages.

`auditctl -l` prints names where it knows them, a rule file may have either, so both become the
same word. Only what rules of this kind are about is listed; the rest stays as it is written.
Syscall numbers are those of `ausyscall --dump` of audit 3.0.9, the newer ones of Linux 6.6.
"""

from collections.abc import Mapping
from typing import Final

# Machine (uname -m) to the tables of its 64-bit and 32-bit programs, as auditctl names the tables.
TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "x86_64": {"b64": "x86_64", "b32": "i386"},
    "aarch64": {"b64": "aarch64", "b32": "arm"},
    "s390x": {"b64": "s390x", "b32": "s390"},
    "ppc64le": {"b64": "ppc64le"},
    "ppc64": {"b64": "ppc64le"},
    "riscv64": {"b64": "riscv64"},
    "loongarch64": {"b64": "riscv64"},
    "i386": {"b32": "i386"},
    "i586": {"b32": "i386"},
    "i686": {"b32": "i386"},
    "armv6l": {"b32": "arm"},
    "armv7l": {"b32": "arm"},
    "armv8l": {"b32": "arm"},
}

_WIDE: Final = ("x86_64", "aarch64", "s390x", "ppc64le", "ppc64", "riscv64", "loongarch64")
ARCHES: Final = dict.fromkeys(_WIDE, "b64") | dict.fromkeys(
    ("i386", "i486", "i586", "i686", "arm", "armeb", "armv5tejl", "armv7l", "s390", "ppc"), "b32"
)

_ORDER: Final = ("x86_64", "i386", "aarch64", "arm", "s390x", "s390", "ppc64le")
# One line a syscall: its number in each table of _ORDER, `-` where the table lacks it.
_NUMBERS: Final = """
accept 43 - 202 285 - - 330
adjtimex 159 124 171 124 124 124 124
chmod 90 15 - 15 15 15 15
chown 92 182 - 182 212 182 181
clock_adjtime 305 343 266 372 337 337 347
clock_settime 227 264 112 262 259 259 245
clone 56 120 220 120 120 120 120
connect 42 362 203 283 362 362 328
creat 85 8 - 8 8 8 8
create_module 174 127 - - 127 127 127
delete_module 176 129 106 129 129 129 129
execve 59 11 221 11 11 11 11
execveat 322 358 281 387 354 354 362
fchmod 91 94 52 94 94 94 94
fchmodat 268 306 53 333 299 299 297
fchmodat2 452 452 452 452 452 452 452
fchown 93 95 55 95 207 95 95
fchownat 260 298 54 325 291 291 289
finit_module 313 350 273 379 344 344 353
fremovexattr 199 237 16 237 235 235 220
fsetxattr 190 228 7 228 226 226 211
ftruncate 77 93 46 93 93 93 93
init_module 175 128 105 128 128 128 128
kill 62 37 129 37 37 37 37
lchown 94 16 - 16 198 16 16
lremovexattr 198 236 15 236 234 234 219
lsetxattr 189 227 6 227 225 225 210
mount 165 21 40 21 21 21 21
open 2 5 - 5 5 5 5
open_by_handle_at 304 342 265 371 336 336 346
openat 257 295 56 322 288 288 286
openat2 437 437 437 437 437 437 437
ptrace 101 26 117 26 26 26 26
query_module 178 167 - - 167 167 166
removexattr 197 235 14 235 233 233 218
rename 82 38 - 38 38 38 38
renameat 264 302 38 329 295 295 293
renameat2 316 353 276 382 347 347 357
rmdir 84 40 - 40 40 40 40
setdomainname 171 121 162 121 121 121 121
sethostname 170 74 161 74 74 74 74
setns 308 346 268 375 339 339 350
settimeofday 164 79 170 79 79 79 79
setxattr 188 226 5 226 224 224 209
socket 41 359 198 281 359 359 326
stime - 25 - 25 - 25 25
swapon 167 87 224 87 87 87 87
truncate 76 92 45 92 92 92 92
umount - 22 - 22 22 22 22
umount2 166 52 39 52 52 52 52
unlink 87 10 - 10 10 10 10
unlinkat 263 301 35 328 294 294 292
unshare 272 310 97 337 303 303 282
"""


def _tables() -> dict[str, dict[str, int]]:
    tables: dict[str, dict[str, int]] = {name: {} for name in _ORDER}
    for line in _NUMBERS.strip().splitlines():
        syscall, *numbers = line.split()
        for table, number in zip(_ORDER, numbers, strict=True):
            if number != "-":
                tables[table][syscall] = int(number)
    # RISC-V has the generic numbers only, as aarch64 does, and never had renameat.
    tables["riscv64"] = {k: v for k, v in tables["aarch64"].items() if k != "renameat"}
    return tables


SYSCALLS: Final[Mapping[str, Mapping[str, int]]] = _tables()
KNOWN: Final = frozenset(name for table in SYSCALLS.values() for name in table)
_NAMES: Final = {
    table: {number: name for name, number in numbers.items()} for table, numbers in SYSCALLS.items()
}

ERRNO: Final = {
    name: number
    for number, name in enumerate(
        (
            *("EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF"),
            *("ECHILD", "EAGAIN", "ENOMEM", "EACCES", "EFAULT", "ENOTBLK", "EBUSY", "EEXIST"),
            *("EXDEV", "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE", "EMFILE", "ENOTTY"),
            *("ETXTBSY", "EFBIG", "ENOSPC", "ESPIPE", "EROFS", "EMLINK", "EPIPE", "EDOM"),
        ),
        1,
    )
}

# linux/audit.h, as far as rules of the exclude and user lists name them.
MESSAGES: Final = {
    "LOGIN": 1006,
    "USER_AUTH": 1100,
    "USER_ACCT": 1101,
    "USER_MGMT": 1102,
    "CRED_ACQ": 1103,
    "CRED_DISP": 1104,
    "USER_START": 1105,
    "USER_END": 1106,
    "USER_AVC": 1107,
    "USER_CMD": 1123,
    "SERVICE_START": 1130,
    "SERVICE_STOP": 1131,
    "SYSCALL": 1300,
    "PATH": 1302,
    "IPC": 1303,
    "SOCKETCALL": 1304,
    "CONFIG_CHANGE": 1305,
    "SOCKADDR": 1306,
    "CWD": 1307,
    "EXECVE": 1309,
    "EOE": 1320,
    "SECCOMP": 1326,
    "PROCTITLE": 1327,
    "BPF": 1334,
    "AVC": 1400,
    "APPARMOR": 1500,
    "CRYPTO_KEY_USER": 2404,
    "CRYPTO_SESSION": 2407,
}

FILE_TYPES: Final = {
    "fifo": 0o010000,
    "character": 0o020000,
    "dir": 0o040000,
    "block": 0o060000,
    "file": 0o100000,
    "link": 0o120000,
    "socket": 0o140000,
}


def syscall_name(word: str, machine: str, arch: str) -> str:
    """Return the name of a syscall given by name or number; `arch` is b64, b32 or nothing."""
    if not word.isdecimal() or not word.isascii():
        return word
    return _NAMES.get(_table(machine, arch), {}).get(int(word), word)


def has_syscall(name: str, machine: str, arch: str) -> bool | None:
    """Say whether programs of this kind have a syscall; None for one that is not listed here."""
    table = SYSCALLS.get(_table(machine, arch))
    return name in table if table is not None and name in KNOWN else None


def arches_of(machine: str) -> tuple[str, ...]:
    """Return b64, b32 or both: the kinds of programs that a machine can run."""
    return tuple(TABLES.get(machine, {"b64": ""}))


def _table(machine: str, arch: str) -> str:
    tables = TABLES.get(machine, {})
    return tables.get(arch or next(iter(tables), ""), "")
