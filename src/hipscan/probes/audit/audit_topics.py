"""What audit rules should record: the table of topics that the fact `audit_coverage` answers.

Three kinds: a syscall, for each architecture that has it; a file or folder and what is done to
it; a program that runs with rights of others. Adding a topic is one entry here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hipscan.probes.audit.audit_match import Scene

# Requests to open for reading, writing, creating and cutting off: flags as a1 of open, as a2 of
# openat and open_by_handle_at (O_WRONLY 1, O_CREAT 0100, O_TRUNC 01000).
_OPENING: Final = tuple((0, flags, flags) for flags in (0, 0o1, 0o101, 0o1001))
_CREATING: Final = ((0, 0o101, 0o101), (0, 0o100, 0o100))
_WRITING: Final = tuple((0, flags, flags) for flags in (0o1, 0o2, 0o1001))
_REFUSED: Final = (-13, -1)

BY_PEOPLE: Final = Scene()
BY_ALL: Final = Scene(people=False)
REFUSED: Final = Scene(exits=_REFUSED)
REFUSED_OPEN: Final = Scene(exits=_REFUSED, args=_OPENING)
CHANGED: Final = Scene(people=False, perms="wa")
RUN: Final = Scene(perms="x")
TOUCHED: Final = Scene(perms="rw")

_OPENERS: Final = ("open", "openat", "open_by_handle_at")


@dataclass(frozen=True, slots=True)
class Calls:
    """A topic of syscalls; `since` is the Linux version that brought them."""

    kind: str
    calls: tuple[str, ...]
    scene: Scene = BY_PEOPLE
    since: tuple[int, int] = (0, 0)


CALLS: Final = (
    Calls(
        "permission",
        (
            *("chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "lchown"),
            *("setxattr", "fsetxattr", "lsetxattr", "removexattr", "fremovexattr", "lremovexattr"),
        ),
    ),
    Calls("permission", ("fchmodat2",), since=(6, 6)),
    Calls("deletion", ("rename", "renameat", "renameat2", "rmdir", "unlink", "unlinkat")),
    Calls(
        "refusal",
        ("creat", "truncate", "ftruncate", "rename", "renameat", "unlink", "unlinkat"),
        REFUSED,
    ),
    Calls("refusal", _OPENERS, REFUSED_OPEN),
    Calls("refused-creation", _OPENERS, Scene(exits=_REFUSED, args=_CREATING)),
    Calls("refused-writing", _OPENERS, Scene(exits=_REFUSED, args=_WRITING)),
    Calls(
        "module",
        ("init_module", "finit_module", "delete_module", "create_module", "query_module"),
    ),
    Calls("mount", ("mount",)),
    Calls("time", ("adjtimex", "settimeofday", "clock_settime", "stime"), BY_ALL),
    Calls("network", ("sethostname", "setdomainname"), BY_ALL),
    Calls("raised", ("execve",), Scene(raised=True)),
)


@dataclass(frozen=True, slots=True)
class Watch:
    """A topic of one path.

    One that is not `always` concerns hosts only where the path, or `sign`, is there.
    """

    kind: str
    name: str
    path: str
    folder: bool = False
    always: bool = False
    sign: str = ""


WATCHES: Final = (
    *(Watch("identity", name, f"/etc/{name}", always=True) for name in ("passwd", "group")),
    *(Watch("identity", name, f"/etc/{name}", always=True) for name in ("shadow", "gshadow")),
    Watch("identity", "opasswd", "/etc/security/opasswd", always=True),
    Watch("identity", "nsswitch.conf", "/etc/nsswitch.conf"),
    Watch("identity", "pam.conf", "/etc/pam.conf"),
    Watch("identity", "pam.d", "/etc/pam.d", folder=True),
    Watch("sudoers", "sudoers", "/etc/sudoers", always=True),
    Watch("sudoers", "sudoers.d", "/etc/sudoers.d", folder=True, always=True),
    Watch("login", "lastlog", "/var/log/lastlog"),
    Watch("login", "tallylog", "/var/log/tallylog"),
    Watch("login", "faillog", "/var/log/faillog"),
    Watch("session", "utmp", "/run/utmp"),
    Watch("session", "wtmp", "/var/log/wtmp", always=True),
    Watch("session", "btmp", "/var/log/btmp", always=True),
    Watch("time", "localtime", "/etc/localtime", always=True),
    Watch("network", "issue", "/etc/issue", always=True),
    Watch("network", "issue.net", "/etc/issue.net", always=True),
    Watch("network", "hosts", "/etc/hosts", always=True),
    Watch("network", "networks", "/etc/networks"),
    Watch("network", "interfaces", "/etc/network", folder=True),
    Watch("network", "sysconfig", "/etc/sysconfig/network"),
    Watch("mac", "selinux", "/etc/selinux", folder=True, sign="/etc/selinux/config"),
    Watch("mac", "selinux-data", "/usr/share/selinux", folder=True),
    Watch("mac", "apparmor", "/etc/apparmor", folder=True),
    Watch("mac", "apparmor.d", "/etc/apparmor.d", folder=True),
)

# Programs by where distributions keep them; the first word is the topic's name. A second name of
# the same file follows behind a `=`.
_PLACES: Final = """
chage /usr/bin/chage
chsh /usr/bin/chsh
crontab /usr/bin/crontab
gpasswd /usr/bin/gpasswd
newgrp /usr/bin/newgrp
pam_timestamp_check /usr/sbin/pam_timestamp_check
passwd /usr/bin/passwd
postdrop /usr/sbin/postdrop
postqueue /usr/sbin/postqueue
ssh-keysign /usr/lib/openssh/ssh-keysign /usr/libexec/openssh/ssh-keysign /usr/lib/ssh/ssh-keysign
su /usr/bin/su
sudo /usr/bin/sudo
sudoedit /usr/bin/sudoedit=/usr/bin/sudo
umount /usr/bin/umount
unix_chkpwd /usr/sbin/unix_chkpwd
unix2_chkpwd /usr/sbin/unix2_chkpwd
userhelper /usr/sbin/userhelper
usermod /usr/sbin/usermod
kmod /usr/bin/kmod
chcon /usr/bin/chcon
restorecon /usr/sbin/restorecon
semanage /usr/sbin/semanage
setsebool /usr/sbin/setsebool
setfacl /usr/bin/setfacl
chacl /usr/bin/chacl
"""


def _programs() -> dict[str, tuple[tuple[str, ...], ...]]:
    lines = (line.split() for line in _PLACES.strip().splitlines())
    return {name: tuple(tuple(place.split("=")) for place in places) for name, *places in lines}


PROGRAMS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = _programs()

# Folders that other names lead to on most distributions: old name, new name.
MERGED: Final = (
    *(("/bin", "/usr/bin"), ("/sbin", "/usr/sbin"), ("/lib", "/usr/lib"), ("/var/run", "/run")),
    ("/usr/sbin", "/usr/bin"),
)

# What the script looks for, so that topics without meaning on a host give no record.
LOOKED_AT: Final = (
    *(watch.sign or watch.path for watch in WATCHES if not watch.always),
    *(names[0] for places in PROGRAMS.values() for names in places),
)
