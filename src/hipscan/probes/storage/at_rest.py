"""What lies beneath mounts and paths: the lines of the storage probe, joined.

hipscan.probes.storage.storage shows the lines; its records are made from what is found out here.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from hipscan.probes.storage.block_devices import UNKNOWN, Beneath, Devices, read_devices, together
from hipscan.probes.storage.mounts import (
    Mount,
    MountKind,
    is_below,
    mount_of,
    read_mount,
    scrub,
    visible,
)

KEEPS_DATA: Final = frozenset(
    {MountKind.DISK, MountKind.NETWORK, MountKind.OVERLAY, MountKind.STACKED, MountKind.FUSE}
)


class AtRest:
    """The parsed answer: mounts and devices, and what lies beneath each."""

    def __init__(self, plain: Sequence[str]) -> None:
        self.lines: dict[str, list[str]] = {}
        for line in plain:
            self.lines.setdefault(line[0], []).append(line[1:])
        self.mounts = visible(read_mount(scrub(line)) for line in self.lines.get("M", ()))
        if not self.mounts:
            raise ValueError("no mounts")
        self._plain_devices = read_devices(self.lines.get("B", ()))
        self._sets = [line.split() for line in self.lines.get("R", ())]
        self._zfs = dict(line.split("\t", 1) for line in self.lines.get("Z", ()) if "\t" in line)
        self._attributes = {
            path: flags
            for flags, _, path in (line.partition(" ") for line in self.lines.get("A", ()))
        }
        self.devices = Devices(self._plain_devices, {})
        self.devices = Devices(self._plain_devices, self._backing_files())

    def _backing_files(self) -> dict[str, Beneath]:
        """Look where the files behind loop devices lie; a loop on a loop needs a second look."""
        files = [device.backing for device in self._plain_devices if device.backing]
        found: dict[str, Beneath] = {}
        for _ in range(3):
            found = {file: self.at(file) for file in files}
            self.devices = Devices(self._plain_devices, found)
        return found

    def at(self, path: str) -> Beneath:
        """Return what lies beneath a path; a path below /dev is a device itself."""
        if path.startswith("/dev/"):
            return self.devices.beneath(path)
        mount = mount_of(path, self.mounts)
        return self.under(mount) if mount else UNKNOWN

    def under(self, mount: Mount, depth: int = 0) -> Beneath:
        """Return what lies beneath a mount."""
        match mount.kind:
            case MountKind.STACKED:
                return Beneath(encrypted=True, layers=(mount.fstype,))
            case MountKind.OVERLAY if depth < 5:  # noqa: PLR2004  # overlays nest twice at most
                lower = mount_of(mount.upper, self.mounts) if mount.upper else None
                hidden = lower is None or lower is mount
                return UNKNOWN if hidden or not lower else self.under(lower, depth + 1)
            case MountKind.DISK:
                return self._disk(mount)
            case _:
                return UNKNOWN

    def _disk(self, mount: Mount) -> Beneath:
        if mount.fstype == "zfs":
            value = self._zfs.get(mount.source)
            known = None if value is None else value != "off"
            return Beneath(known, (f"zfs {mount.source}",))
        if not mount.number.startswith("0:"):
            return self.devices.beneath(mount.number)
        device = self.devices.find(mount.source)
        members = next((names for names in self._sets if device and device.name in names), [])
        below = [self.devices.beneath(name) for name in members or [mount.source]]
        layers = tuple(dict.fromkeys(layer for part in below for layer in part.layers))
        return Beneath(together(part.encrypted for part in below), layers)

    def folder(self, real: str, mount: Mount) -> Beneath:
        """Return what lies beneath a PHI path on one of its mounts, with the folder's own flag."""
        beneath = self.under(mount)
        if "E" in self._attributes.get(real, "") and is_below(real, mount.target):
            return Beneath(encrypted=True, layers=("fscrypt", *beneath.layers))
        return beneath

    def phi(self) -> Iterator[tuple[str, str, str]]:
        """Yield (`mode owner group`, path, real path) of each PHI path that is there."""
        for line in self.lines.get("P", ()):
            status, path, real = line.split("\t")
            yield status, path, real

    def carrying(self, real: str) -> list[Mount]:
        """Return the mount of a path, and those below it that keep data."""
        own = mount_of(real, self.mounts)
        below = [
            mount
            for mount in self.mounts
            if mount.kind in KEEPS_DATA and mount is not own and is_below(mount.target, real)
        ]
        return ([own] if own else []) + below
