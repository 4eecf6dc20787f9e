"""Which of the installed packages are the kernel that runs: only its holes can be used.

Kernels that do not run, headers and tools come from the same source; counting them was the first
cause of false alarms when this was measured. What the feeds call `linux` is built by packages
whose source is linux-signed-amd64, linux-signed-hwe-6.8, linux-meta, ... with the version of
the binary package.
"""

import re
from collections.abc import Iterable
from typing import Final

from hipscan.model.fact import Record

_DEB_SOURCE: Final = re.compile(r"linux(?:-.+)?")
_DEB_SIGNED: Final = re.compile(r"^linux-(?:signed|meta|latest)(?=-|$)")
_DEB_ARCH: Final = re.compile(r"-(?:amd64|arm64|i386|armhf|ppc64el|s390x)$")
_RPM_SOURCE: Final = re.compile(r"kernel(?:-.+)?")
_APK_NAME: Final = re.compile(r"linux-(lts|virt|stable|edge|rpi[0-9]*)")
_RPM_NAME: Final = re.compile(
    r"kernel(?:-(?:rt|uek|64k|debug|default|azure|preempt))?(?:-(?:core|base|modules.*))?"
)
# What is built from a source called linux-... or kernel-..., and is no kernel.
_NO_KERNEL: Final = re.compile(
    r"linux-(?:atm|firmware|base|ftpd|gpib|igd|apfs|user|wlan|minidisc|show-player).*"
    r"|kernel-(?:firmware|srpm-macros).*"
)


def belongs(package: Record) -> bool:
    """Say whether the package is built from the source of a kernel."""
    source = str(package.get("source"))
    if package.get("manager") == "apk":
        return bool(_APK_NAME.fullmatch(str(package.get("name"))))
    shape = {"dpkg": _DEB_SOURCE, "rpm": _RPM_SOURCE}.get(str(package.get("manager")))
    if shape is None or not shape.fullmatch(source):
        return False
    return not _NO_KERNEL.fullmatch(source)


def source_name(package: Record) -> str:
    """Return what the feeds call the source of a kernel's package."""
    source = str(package.get("source"))
    if package.get("manager") != "dpkg":
        return source
    return _DEB_ARCH.sub("", _DEB_SIGNED.sub("linux", source))


def running(packages: Iterable[Record], release: str) -> list[Record]:
    """Return the packages of the kernel that calls itself `release` (uname -r)."""
    return [package for package in packages if _is_running(package, release)]


def _is_running(package: Record, release: str) -> bool:
    name, version = str(package.get("name")), str(package.get("version"))
    if package.get("manager") == "dpkg":
        image = f"linux-image-{release}"
        return name in {image, f"{image}-unsigned", f"linux-image-unsigned-{release}"}
    if package.get("manager") == "apk":
        match = _APK_NAME.fullmatch(name)
        return match is not None and release == f"{version.replace('-r', '-')}-{match[1]}"
    if not _RPM_NAME.fullmatch(name):
        return False
    built = version.partition(":")[2] or version
    arch = str(package.get("arch"))
    bare = re.sub(r"\+(?:debug|rt|64k)$", "", release)
    if bare in {f"{built}.{arch}", built}:
        return True
    # SUSE: 6.4.0-150600.23.25-default runs from kernel-default 6.4.0-150600.23.25.1
    stem = re.sub(r"-[a-z]+$", "", bare)
    return stem != bare and (built == stem or built.startswith(f"{stem}."))
