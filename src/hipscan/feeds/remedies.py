"""The command that brings a fix, in the words of the package manager that has it.

Names of packages come from the target, and the command goes to a root shell: a name that is not
spelled as package managers do gets no command at all.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hipscan.feeds.ecosystems import base
from hipscan.model.advisory import Advisory, State

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+~-]{0,127}")
_REBOOT: Final = "a reboot"
_DEBS: Final = "apt-get install --only-upgrade"
_APKS: Final = "apk add --upgrade"
_COMMANDS: Final[Mapping[str, str]] = {
    "Debian": _DEBS,
    "Ubuntu": _DEBS,
    "AlmaLinux": "dnf upgrade",
    "Rocky Linux": "dnf upgrade",
    "Red Hat": "dnf upgrade",
    "SUSE": "zypper update",
    "openSUSE": "zypper update",
    "Alpine": _APKS,
}


def command(advisories: Iterable[Advisory]) -> str:
    """Return the command that fixes what can be fixed of one package; "" where none is known.

    A new kernel of Debian or Ubuntu is a package of another name, so it takes an upgrade that may
    install packages; every kernel takes a reboot.
    """
    fixable = [item for item in advisories if item.state is State.FIXABLE]
    if not fixable:
        return ""
    plain = [item for item in fixable if item.needs in {"", _REBOOT}]
    if not plain:
        return "pro attach" if any("Ubuntu Pro" in item.needs for item in fixable) else ""
    names = sorted({name for item in plain for name in item.packages})
    manager = _COMMANDS.get(base(plain[0].ecosystem), "")
    if not manager or not names or not all(_NAME.fullmatch(name) for name in names):
        return ""
    plainly = f"{manager} {' '.join(names)}"
    if not any(_IS_KERNEL(name) for name in names):
        return plainly
    upgrade = "apt-get upgrade --with-new-pkgs" if manager == _DEBS else f"{manager} 'kernel*'"
    return f"{plainly if manager == _APKS else upgrade} && reboot"


_IS_KERNEL: Final[Callable[[str], object]] = re.compile(
    r"linux-image-.*|linux-(?:lts|virt|edge|stable|rpi[0-9]*)|kernel(?:-(?:core|uek|rt|default|azure)(?:-core)?)?"
).fullmatch
