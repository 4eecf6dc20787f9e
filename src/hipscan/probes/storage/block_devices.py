r"""Block devices as sysfs shows them, and what lies beneath a file system down to the disks.

One line of the storage probe for each device, fields between tabs: name, number, kind, dm uuid,
dm name, the names or numbers of what it stands on, and the file behind a loop or zram device.

    dm-0	253:0	dm	CRYPT-LUKS2-5c0d...-data	data	vdb1
    vdb1	254:17	partition			254:16
    vdb	254:16	disk
    loop0	7:0	loop				/srv/data.img
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# dm uuids of cryptsetup that guard integrity only: the data stays readable.
_READABLE: Final = ("CRYPT-VERITY-", "CRYPT-INTEGRITY-", "CRYPT-SUBDEV-")
_NETWORK_DISKS: Final = ("nbd", "rbd", "drbd", "zd")  # nothing here says what they rest on


@dataclass(frozen=True, slots=True)
class Device:
    """One block device; `below` names or numbers what it stands on, `backing` is a file."""

    name: str
    number: str
    kind: str
    uuid: str = ""
    label: str = ""
    below: tuple[str, ...] = ()
    backing: str = ""

    @property
    def encrypts(self) -> bool:
        """Say whether this layer itself encrypts what lies above it."""
        return self.uuid.startswith("CRYPT-") and not self.uuid.startswith(_READABLE)

    def __str__(self) -> str:
        match self.uuid.partition("-")[0]:
            case "CRYPT":
                return f"{self.uuid.split('-')[1].lower()} {self.label}"
            case "LVM":
                return f"lvm {self.label}"
            case "mpath":
                return f"multipath {self.label}"
            case _:
                return f"{self.kind} {self.label or self.name}"


@dataclass(frozen=True, slots=True)
class Beneath:
    """What lies beneath something: encrypted, not, or not known (None); and the layers in order."""

    encrypted: bool | None
    layers: tuple[str, ...] = ()


UNKNOWN: Final = Beneath(None)


def read_devices(lines: Iterable[str]) -> tuple[Device, ...]:
    """Parse the lines of the probe; the module's docstring shows some."""
    devices = []
    for line in lines:
        name, number, kind, uuid, label, below, backing, *_ = [*line.split("\t"), *[""] * 6]
        devices.append(Device(name, number, kind, uuid, label, tuple(below.split()), backing))
    return tuple(devices)


class Devices:
    """All devices of a host, found by number, name, dm name or path."""

    def __init__(self, devices: Sequence[Device], files: Mapping[str, "Beneath"]) -> None:
        self._known: dict[str, Device] = {}
        for device in devices:
            for key in (device.number, device.name, f"mapper/{device.label}"):
                self._known.setdefault(key, device)
        self._files = files

    def find(self, reference: str) -> Device | None:
        """Return the device of a number (`253:0`), a name (`sda1`) or a path below /dev."""
        found = self._known.get(reference.removeprefix("/dev/"))
        if found or not reference.startswith("/dev/"):
            return found
        group, slash, volume = reference.removeprefix("/dev/").partition("/")
        if not slash:
            return None
        doubled = f"{group.replace('-', '--')}-{volume.replace('-', '--')}"
        return self._known.get(f"mapper/{doubled}")

    def beneath(self, reference: str, *, depth: int = 0) -> Beneath:
        """Follow a device down to every disk: encrypted when each way passes an encrypting layer.

        Nesting beyond 20 layers, and a device that sysfs does not show, are not known.
        """
        device = self.find(reference)
        if device is None or depth > 20:  # noqa: PLR2004  # no real stack comes near it
            return UNKNOWN
        if device.backing:
            file = self._files.get(device.backing, UNKNOWN)
            below = [Beneath(file.encrypted, (f"file {device.backing}", *file.layers))]
        else:
            below = [self.beneath(part, depth=depth + 1) for part in device.below]
        layers = (str(device), *dict.fromkeys(layer for part in below for layer in part.layers))
        if device.encrypts:
            return Beneath(encrypted=True, layers=layers)
        if not below:
            return Beneath(_leaf(device), layers)
        return Beneath(together(part.encrypted for part in below), layers)


def _leaf(device: Device) -> bool | None:
    return None if device.name.startswith(_NETWORK_DISKS) else False


def together(parts: Iterable[bool | None]) -> bool | None:
    """Return whether all parts are encrypted: one open part decides, one unknown part leaves it."""
    seen = tuple(parts)
    if False in seen:
        return False
    return None if None in seen or not seen else True
