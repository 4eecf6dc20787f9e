"""What the machine must offer before a host can be made, asked before anything is tried."""

import ctypes
import os
import shutil
from pathlib import Path

TOOLS = {
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "ssh-keygen": "openssh-client",
    "strace": "strace",
    "unshare": "util-linux",
}
FILE_SYSTEMS = ("overlay", "cgroup2", "tmpfs")
CLONE_NEWNS = 0x20000  # sched.h


def missing() -> list[str]:
    """Return every reason why the lab cannot work here; empty where it can."""
    if os.geteuid() != 0:
        return ["the lab needs root, for namespaces, mounts and chroot"]
    return [*_missing_tools(), *_missing_file_systems(), *_missing_namespaces()]


def _missing_tools() -> list[str]:
    return [
        f"{tool} is not installed (package {package})"
        for tool, package in TOOLS.items()
        if not shutil.which(tool)
    ]


def _missing_file_systems() -> list[str]:
    known = {line.split()[-1] for line in Path("/proc/filesystems").read_text().splitlines()}
    return [f"the kernel knows no {name}" for name in FILE_SYSTEMS if name not in known]


def _missing_namespaces() -> list[str]:
    """Try it in a child, which ends at once: seccomp and container runtimes say no only then."""
    child = os.fork()
    if child == 0:
        os._exit(bool(ctypes.CDLL(None).unshare(CLONE_NEWNS)))
    _, status = os.waitpid(child, 0)
    return ["mount namespaces are not allowed here (a container without privileges?)"] * bool(
        status
    )
