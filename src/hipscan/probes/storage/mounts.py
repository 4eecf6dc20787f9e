r"""Mounts: lines of mountinfo, what kind of thing is mounted, and where a path lies.

/proc/self/mountinfo (proc_pid_mountinfo(5)), with spaces in names written as \040:

    36 27 254:1 / /srv/dicom rw,nosuid,relatime shared:1 - ext4 /dev/mapper/data rw
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class MountKind(StrEnum):
    """What is behind a mount, as far as data at rest is concerned."""

    DISK = "disk"
    NETWORK = "network"  # the data rests on another machine
    MEMORY = "memory"
    OVERLAY = "overlay"  # the data rests in the folder that is the upper layer
    STACKED = "stacked"  # a file system that encrypts file by file
    FUSE = "fuse"  # a program answers; where the data rests is not known
    PSEUDO = "pseudo"  # an interface of the kernel, no data


_KINDS: Final = {
    MountKind.NETWORK: """nfs nfs4 cifs smb3 smbfs ceph 9p virtiofs afs lustre gpfs beegfs coda
        davfs fuse.sshfs fuse.glusterfs fuse.ceph-fuse fuse.davfs2 fuse.s3fs fuse.rclone
        fuse.gcsfuse fuse.blobfuse fuse.mount.davfs fuse.curlftpfs fuse.juicefs vboxsf prl_fs
        fuse.vmhgfs-fuse hostfs""",
    MountKind.MEMORY: "tmpfs ramfs devtmpfs hugetlbfs rootfs",
    MountKind.OVERLAY: "overlay aufs fuse.fuse-overlayfs",
    MountKind.STACKED: "ecryptfs fuse.gocryptfs fuse.encfs fuse.cryfs fuse.securefs",
    MountKind.PSEUDO: """proc sysfs cgroup cgroup2 devpts securityfs debugfs tracefs pstore bpf
        mqueue configfs fusectl autofs binfmt_misc rpc_pipefs nsfs efivarfs selinuxfs nfsd smackfs
        resctrl fuse.lxcfs fuse.gvfsd-fuse fuse.portal devfs usbfs pipefs sockfs none""",
}
_KIND_OF: Final = {name: kind for kind, names in _KINDS.items() for name in names.split()}
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
_OVERLAY_OPTION: Final = re.compile(r"(?:lowerdir|upperdir|workdir|datadir)[^=]*=")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount: device number, where, from what, with which options."""

    number: str
    target: str
    fstype: str
    source: str
    options: tuple[str, ...]
    upper: str = ""
    id: str = ""
    parent: str = ""  # the id of the mount that its folder lies on

    @property
    def kind(self) -> MountKind:
        """Return what is behind this mount."""
        known = _KIND_OF.get(self.fstype)
        if known:
            return known
        if self.fstype.startswith("fuse."):
            return MountKind.FUSE
        at_device = self.source.startswith("/dev/") or not self.number.startswith("0:")
        return MountKind.DISK if at_device or self.fstype in {"zfs", "btrfs"} else MountKind.PSEUDO


def unescape(text: str) -> str:
    r"""Return a name of mountinfo, fstab or swaps with \040 and its like resolved."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8) & 0xFF), text)


def read_mount(line: str) -> Mount:
    """Parse one line of mountinfo; raise ValueError where it is none."""
    left, dash, right = line.partition(" - ")
    words, tail = left.split(" "), right.split(" ")
    if not dash or len(words) < 6 or len(tail) < 2:  # noqa: PLR2004  # fields before and behind " - "
        raise ValueError(f"no line of mountinfo: {line[:80]!r}")
    options = [*words[5].split(","), *",".join(tail[2:]).split(",")]
    upper = next((part[9:] for part in options if part.startswith("upperdir=")), "")
    kept = dict.fromkeys(part for part in options if part and not _OVERLAY_OPTION.match(part))
    return Mount(
        number=words[2],
        target=unescape(words[4]),
        fstype=tail[0],
        source=unescape(tail[1]),
        options=tuple(kept),
        upper=unescape(upper),
        id=words[0],
        parent=words[1],
    )


def visible(mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    """Return the mounts that a path leads to: none that lies below or behind a later one.

    36 27 254:1 / /srv/dicom ...      (hidden by the next, whose folder lies on the mount 27 too)
    41 27 254:2 / /srv ...
    """
    every = tuple(mounts)
    known = {mount.id: mount for mount in every}
    upon = {(mount.parent, mount.target): mount for mount in every if mount.parent != mount.id}
    last = {mount.target: mount for mount in every if _reached(mount, known, upon) is mount}
    return tuple(last.values())


def _reached(
    mount: Mount, known: Mapping[str, Mount], upon: Mapping[tuple[str, str], Mount]
) -> Mount:
    """Return the mount at which a walk to the folder of `mount` ends, as the kernel walks."""
    at, below = mount, {mount.id}
    while (parent := known.get(at.parent)) and parent.id not in below:
        at = parent
        below.add(at.id)
    passed = {at.id}
    path = mount.target.rstrip("/")
    ends = [number for number, letter in enumerate(path) if letter == "/" and number]
    for folder in ("/", *(path[:end] for end in ends), path):
        while (over := upon.get((at.id, folder))) and over.id not in passed:
            at = over
            passed.add(at.id)
    return at


def is_below(path: str, folder: str) -> bool:
    """Say whether `path` is `folder` or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def mount_of(path: str, mounts: Sequence[Mount]) -> Mount | None:
    """Return the mount that an absolute path without links lies on."""
    holding = [mount for mount in mounts if is_below(path, mount.target)]
    return max(holding, key=lambda mount: len(mount.target), default=None)


_SECRET: Final = re.compile(
    r"(?i)((?:^|[,\s])"
    r"(?:[\w.-]*(?:pass|secret|token|psk)[\w.-]*=|key=|user(?:name)?=[^,\s%]*%))[^,\s]*"
)
_LOGIN: Final = re.compile(r"(://|(?:^|\s)//)[^/@\s]*@")


def scrub(text: str) -> str:
    """Return options and sources without passwords: of `password=x` stays `password=hidden`."""
    return _SECRET.sub(r"\1hidden", _LOGIN.sub(r"\1hidden@", text))
