"""Which of the installed kernels is the newest, and whether the running one is as new.

The version of the running kernel stands in what it says of itself, not in its package: a package
that was upgraded in place has the same name and a newer version.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from hipscan.model.fact import Record
from hipscan.probes.base import Field, FieldType
from hipscan.versions import apk, dpkg, rpm

KERNEL_FIELDS: Final = {
    "running": Field(FieldType.TEXT, "uname -r"),
    "running_version": Field(FieldType.TEXT, "the version of its package, as far as it tells"),
    "newest": Field(FieldType.TEXT, "the release of the newest installed kernel of its flavour"),
    "newest_version": Field(FieldType.TEXT, "the version of that kernel's package"),
    "current": Field(FieldType.BOOLEAN, "whether the newest runs; null: they do not compare"),
    "live_patches": Field(FieldType.LIST, "live patches that are loaded"),
}

_DEB: Final = re.compile(r"linux-image-(?:unsigned-)?([0-9].*?)(?:-unsigned)?")
_SUSE: Final = re.compile(r"kernel-(default|azure)(?:-base)?")
_FLAVOUR: Final = re.compile(r"-([a-z].*)$")
_DEBIAN_BUILD: Final = re.compile(r"\bDebian (\S+) \(")
_UBUNTU_SIGNATURE: Final = re.compile(r"Ubuntu (\S+) ")


@dataclass(frozen=True, slots=True)
class Kernel:
    """An installed kernel: its release as `uname -r` has it, flavour, version and its order."""

    release: str
    flavour: str
    version: str
    key: Callable[[str], str]

    @classmethod
    def of_deb(cls, package: str, version: str) -> Self | None:
        """Return the kernel in a package such as linux-image-6.1.0-28-amd64, None in others."""
        match = _DEB.fullmatch(package)
        if not match or package.endswith("-dbg"):
            return None
        return cls(match[1], flavour_of(match[1]), version, dpkg.key)

    @classmethod
    def of_rpm(cls, package: str, version: str, arch: str) -> Self | None:
        """Return the kernel in a package such as kernel-core; `version` includes the release.

        SUSE's kernel-default 6.4.0-150600.23.25.1 calls itself 6.4.0-150600.23.25-default.
        """
        suse = _SUSE.fullmatch(package)
        if suse:
            return cls(f"{version.rpartition('.')[0]}-{suse[1]}", suse[1], version, rpm.key)
        return cls(f"{version}.{arch}", package.removesuffix("-core"), version, rpm.key)

    @classmethod
    def of_apk(cls, package: str, version: str) -> Self:
        """Return the kernel in linux-lts 6.6.49-r0, which calls itself 6.6.49-0-lts."""
        flavour = package.removeprefix("linux-")
        return cls(f"{version.replace('-r', '-')}-{flavour}", flavour, version, apk.key)


@dataclass(frozen=True, slots=True)
class Running:
    """What the running kernel says of itself: uname -r, uname -v, Ubuntu's signature or ""."""

    release: str
    build: str
    signature: str


def flavour_of(release: str) -> str:
    """Return amd64 of 6.1.0-28-amd64, cloud-amd64 of 6.1.0-28-cloud-amd64; "" if there is none."""
    match = _FLAVOUR.search(release)
    return match[1] if match else ""


def kernel_record(running: Running, installed: Sequence[Kernel]) -> Record:
    """Compare the running kernel with the newest installed one of its flavour."""
    release = running.release.removesuffix("+debug")
    same = next((kernel for kernel in installed if kernel.release == release), None)
    flavour = same.flavour if same else flavour_of(release)
    rivals = [kernel for kernel in installed if kernel.flavour == flavour] or installed
    newest = max(rivals, key=lambda kernel: kernel.key(kernel.version))
    version = _told(running) or (same.version if same else "")
    if not version and newest.key is apk.key and flavour == newest.flavour:
        version = re.sub(r"-([0-9]+)-[a-z].*$", r"-r\1", release)
    return {
        "running": running.release,
        "running_version": version or None,
        "newest": newest.release,
        "newest_version": newest.version,
        "current": _is_current(release, version, newest),
    }


def _told(running: Running) -> str:
    """Return the package version that the running kernel states.

    #1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)
    Ubuntu 6.8.0-45.45-generic 6.8.12
    """
    debian = _DEBIAN_BUILD.search(running.build)
    if debian:
        return debian[1]
    ubuntu = _UBUNTU_SIGNATURE.match(running.signature)
    return ubuntu[1].removesuffix(f"-{flavour_of(running.release)}") if ubuntu else ""


def _is_current(release: str, version: str, newest: Kernel) -> bool | None:
    """Say whether the running kernel is the newest; None when its package is not known.

    Without a package, an older release than the newest is still seen; one that is not older was
    not built by the distribution, and nothing is known about it.
    """
    if version:
        return newest.key(version) >= newest.key(newest.version)
    behind = newest.key(_bare(release)) < newest.key(_bare(newest.release))
    return False if behind else None


def _bare(release: str) -> str:
    return _FLAVOUR.sub("", release)
