r"""Where data rests: mounts, swap, fstab and PHI paths, and whether the layers beneath encrypt it.

Everything comes from /proc and /sys, without lsblk: dm-crypt is known by its uuid in sysfs, and
each way down to a disk must pass it (RAID and LVM over one plain disk are not encrypted). Native
encryption of ZFS is asked with `zfs get`, that of ext4 and f2fs folders with `lsattr -d`.
Encryption that only the storage itself or a hypervisor does cannot be seen from here.

    Mline of /proc/self/mountinfo
    Sline of /proc/swaps
    T7 UUID=... /srv ext4 defaults          (line 7 of fstab)
    U/etc/systemd/system/tmp.mount	mode=1777,nosuid    (an Options= of a mount unit)
    Bdm-0	253:0	dm	CRYPT-LUKS2-...-data	data	vdb1
    Rsda1 sdb1                              (devices of one btrfs)
    Ztank/phi	aes-256-gcm
    Ptype mode owner group of a PHI path, tab separated, with the path as named and as it is
"""

from collections.abc import Iterator
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, absent, missing
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Listing,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.storage.at_rest import KEEPS_DATA, AtRest
from hipscan.probes.storage.block_devices import Beneath
from hipscan.probes.storage.mount_units import NAMES, configured, read_units
from hipscan.probes.storage.mount_units import SCRIPT as MOUNT_UNITS
from hipscan.probes.storage.mounts import Mount, MountKind, scrub, unescape

_SCRIPT: Final = r"""
[ -r /proc/self/mountinfo ] || { note denied /proc/self/mountinfo; exit 0; }

set -- /proc/self/mountinfo
for path in /proc/swaps /etc/fstab; do
  if [ -r "$path" ]; then set -- "$@" "$path"
  elif [ -e "$path" ]; then note denied "$path"
  else note_missing "$path"
  fi
done
@UNITS@
# Passwords among the options of network mounts stay here.
awk '
function hide(text,   found, low, part, secret) {
  found = ""
  while (match(text, /(:\/\/|^\/\/)[^\/@ \t]*@/)) {
    part = substr(text, RSTART, RLENGTH); sub(/\/\/.*/, "//hidden@", part)
    found = found substr(text, 1, RSTART - 1) part; text = substr(text, RSTART + RLENGTH)
  }
  text = found text; found = ""; low = tolower(text)
  secret = "(^|,)([a-z0-9_.-]*(pass|secret|token|psk)[a-z0-9_.-]*=|key=|user(name)?=[^,%]*%)[^,]*"
  while (match(low, secret)) {
    part = substr(text, RSTART, RLENGTH)
    if (part ~ /^,?[Uu][Ss][Ee][Rr]/) sub(/%.*/, "%hidden", part); else sub(/=.*/, "=hidden", part)
    found = found substr(text, 1, RSTART - 1) part
    text = substr(text, RSTART + RLENGTH); low = tolower(text)
  }
  return found text
}
FILENAME ~ /mountinfo$/ {
  line = $1
  for (i = 2; i <= NF; i++) line = line " " (i == 3 || i == 5 ? $i : hide($i))
  print "M" line; next
}
FILENAME ~ /swaps$/ { if (FNR > 1) print "S" $0; next }
FILENAME ~ /\/systemd\// {
  if (FNR == 1) print "U" FILENAME
  if (sub(/^[ \t]*Options[ \t]*=[ \t]*/, "")) print "U" FILENAME "\t" hide($0)
  next
}
/^[ \t]*(#|$)/ { next }
{ print "T" FNR " " hide($1) " " $2 " " $3 " " hide($4) }
' "$@" || note error "reading mounts"

[ -d /sys/class/block ] || note absent /sys/class/block
for dev in /sys/class/block/*; do
  [ -r "$dev/dev" ] || continue
  read -r number <"$dev/dev"
  kind=disk uuid='' label='' below='' backing=''
  if [ -e "$dev/partition" ]; then
    kind=partition; read -r below <"$dev/../dev"
  elif [ -d "$dev/dm" ]; then
    kind=dm; read -r uuid <"$dev/dm/uuid"; read -r label <"$dev/dm/name"
  elif [ -d "$dev/md" ]; then kind=raid
  elif [ -d "$dev/bcache" ]; then kind=bcache
  elif [ -r "$dev/loop/backing_file" ]; then
    kind=loop; IFS= read -r backing <"$dev/loop/backing_file"
  elif [ -e "$dev/comp_algorithm" ]; then
    kind=zram
    [ -r "$dev/backing_dev" ] && read -r backing <"$dev/backing_dev"
    [ "$backing" = none ] && backing=''
  fi
  size=''
  [ -r "$dev/size" ] && read -r size <"$dev/size"
  [ "$size" = 0 ] && continue
  for slave in "$dev"/slaves/*; do
    [ -e "$slave" ] && below="$below ${slave##*/}"
  done
  printf 'B%s\t%s\t%s\t%s\t%s\t%s\t%s\n' \
    "${dev##*/}" "$number" "$kind" "$uuid" "$label" "$below" "$backing"
done
for set in /sys/fs/btrfs/*/devices; do
  [ -d "$set" ] || continue
  line=''
  for dev in "$set"/*; do line="$line ${dev##*/}"; done
  printf 'R%s\n' "${line# }"
done
if grep -q ' - zfs ' /proc/self/mountinfo; then
  if command -v zfs >/dev/null; then
    zfs get -H -t filesystem -o name,value encryption | sed 's/^/Z/'
  else note unsupported zfs
  fi
fi

IFS=$NL
set -f
set --
for path in $HIPSCAN_DATA; do
  case $path in /*) ;; *) continue ;; esac
  if [ ! -e "$path" ]; then note_missing "$path"; continue; fi
  real=$(readlink -f -- "$path"; echo .)
  real=${real%"$NL".}
  case $real in '' | *"$NL"*) note special "$path"; continue ;; esac
  printf 'P%s\t%s\t%s\n' "$(stat -L -c '%a %U %G' -- "$path")" "$path" "$real"
  set -- "$@" "$real"
done
if [ $# -gt 0 ] && command -v lsattr >/dev/null; then lsattr -d -- "$@" | sed 's/^/A/'; fi
exit 0
"""

SCRIPT: Final = _SCRIPT.replace("@UNITS@", MOUNT_UNITS.strip())

_ENCRYPTED: Final = Field(
    FieldType.BOOLEAN,
    "whether every layer below is encrypted by this host; unknown for network mounts, and for"
    " overlays whose upper folder cannot be seen; left out for memory and kernel interfaces",
)
_LAYERS: Final = Field(FieldType.LIST, "what lies beneath, from the top: crypt, lvm, raid, disk")
_KIND: Final = Field(
    FieldType.TEXT, "disk, network, memory, overlay, stacked (encrypts by file), fuse or pseudo"
)

MOUNT_FIELDS: Final = {
    "target": Field(FieldType.TEXT, "the folder"),
    "source": Field(FieldType.TEXT, "what is mounted: a device, a server's path, a name"),
    "fstype": Field(FieldType.TEXT, "type of the file system"),
    "options": Field(FieldType.LIST, "options of mount and file system; passwords are hidden"),
    "at_boot": Field(
        FieldType.LIST,
        "options at the next start by fstab or a mount unit; those of now where neither names it",
    ),
    "kind": _KIND,
    "local": Field(FieldType.BOOLEAN, "whether the data is on this machine"),
    "encrypted": _ENCRYPTED,
    "layers": _LAYERS,
    "phi": Field(FieldType.BOOLEAN, "whether a PHI path of the target lies on it"),
}
SWAP_FIELDS: Final = {
    "device": Field(FieldType.TEXT, "the device or file"),
    "kind": Field(FieldType.TEXT, "partition, file, or zram (compressed memory)"),
    "size": Field(FieldType.INTEGER, "KiB"),
    "encrypted": Field(
        FieldType.BOOLEAN,
        "whether it is encrypted on its way to a disk; left out for zram that only uses memory",
    ),
    "layers": _LAYERS,
}
FSTAB_FIELDS: Final = {
    "target": Field(FieldType.TEXT, "the folder, or none for swap"),
    "source": Field(FieldType.TEXT, "a device, UUID=, LABEL=, or a server's path"),
    "fstype": Field(FieldType.TEXT, "type of the file system"),
    "options": Field(FieldType.LIST, "options; passwords are hidden"),
    "file": Field(FieldType.TEXT, "always /etc/fstab"),
    "line": Field(FieldType.INTEGER, "the line, counted from 1"),
}
PARTITION_FIELDS: Final = {
    "target": Field(FieldType.TEXT, "the folder"),
    "separate": Field(FieldType.BOOLEAN, "whether something is mounted right there"),
}
PHI_FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the path as the inventory names it"),
    "mount": Field(FieldType.TEXT, "the mount it lies on, or one that lies below it"),
    "exists": Field(FieldType.BOOLEAN, "whether the path is there; without it nothing else is"),
    "real": Field(FieldType.TEXT, "the path without symbolic links"),
    "kind": _KIND,
    "encrypted": _ENCRYPTED,
    "layers": _LAYERS,
    "mode": Field(FieldType.MODE, "permission bits of the path"),
    "owner": Field(FieldType.TEXT, "owner of the path"),
    "group": Field(FieldType.TEXT, "group of the path"),
}

_FACTS: Final = ("mount", "partition", "swap", "fstab", "phi_path")


def parse(text: str, _status: int) -> Facts:
    """Parse mounts, swaps, fstab, devices and PHI paths; the module's docstring shows them."""
    seen = listing(text)
    if seen.of_kind("denied") and not seen.plain:
        return dict.fromkeys(_FACTS, judge_notes(seen.notes, ()))
    storage = AtRest(seen.plain)
    return {
        "mount": judge_notes((), list(_mounts(storage, seen))),
        "partition": judge_notes((), list(_partitions(storage))),
        "swap": _swaps(storage, seen),
        "fstab": _fstab(storage, seen),
        "phi_path": _phi_paths(storage, seen),
    }


def _rest(mount: Mount, beneath: Beneath) -> Record:
    record: dict[str, Value] = {"kind": mount.kind.value}
    if mount.kind in KEEPS_DATA:
        record |= {"encrypted": beneath.encrypted, "layers": list(beneath.layers)}
    return record


def _mounts(storage: AtRest, seen: Listing) -> Iterator[Record]:
    hidden = any(note.text == "/etc/fstab" for note in seen.of_kind("denied"))
    reals = [real for _, _, real in storage.phi()]
    units = read_units(storage.lines.get("U", ()))
    words = [_words(line) for line in storage.lines.get("T", ())]
    entries = {_folder(unescape(word[2])): _options(word[4]) for word in words}
    for mount in storage.mounts:
        options = configured(mount.target, entries.get(mount.target), units)
        yield {
            "target": mount.target,
            "source": mount.source,
            "fstype": mount.fstype,
            "options": list(mount.options),
            "at_boot": None if hidden else list(mount.options if options is None else options),
            "local": mount.kind is not MountKind.NETWORK,
            **_rest(mount, storage.under(mount)),
            "phi": any(mount in storage.carrying(real) for real in reals),
        }


def _partitions(storage: AtRest) -> Iterator[Record]:
    targets = {mount.target for mount in storage.mounts}
    for name in NAMES:
        folder = "/" + name.replace("-", "/")
        yield {"target": folder, "separate": folder in targets}


def _swaps(storage: AtRest, seen: Listing) -> Fact:
    if any(note.text == "/proc/swaps" for note in seen.of_kind("denied")):
        return missing(FactStatus.DENIED, "/proc/swaps")
    if any(note.text == "/proc/swaps" for note in seen.notes):
        return absent("this kernel has no swap")
    return judge_notes((), [_swap(line, storage) for line in storage.lines.get("S", ())])


def _swap(line: str, storage: AtRest) -> Record:
    """Read a line of /proc/swaps: `/dev/dm-1  partition  976892  0  -2`."""
    name, kind, size, *_ = line.split()
    path = unescape(name).removesuffix(" (deleted)")
    record: dict[str, Value] = {"device": path, "kind": kind, "size": int(size)}
    device = storage.devices.find(path)
    if device and device.kind == "zram":
        record["kind"] = "zram"
        if not device.backing:
            return record
    beneath = storage.at(path)
    return {**record, "encrypted": beneath.encrypted, "layers": list(beneath.layers)}


def _fstab(storage: AtRest, seen: Listing) -> Fact:
    notes = [note for note in seen.notes if note.text == "/etc/fstab"]
    if notes and notes[0].kind == "absent":
        return absent("there is no /etc/fstab")
    return judge_notes(notes, [_entry(line) for line in storage.lines.get("T", ())])


def _folder(target: str) -> str:
    return target if target == "/" else target.rstrip("/")


def _words(line: str) -> list[str]:
    return [*scrub(line).split(" "), *[""] * 3]


def _options(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _entry(line: str) -> Record:
    number, source, target, fstype, options, *_ = _words(line)
    return {
        "target": unescape(target),
        "source": unescape(source),
        "fstype": fstype,
        "options": _options(options),
        "file": "/etc/fstab",
        "line": int(number),
    }


def _phi_paths(storage: AtRest, seen: Listing) -> Fact:
    own = {"/etc/fstab", "/proc/swaps", "/sys/class/block"}
    notes = [note for note in seen.notes if note.text.startswith("/") and note.text not in own]
    records: list[Record] = [
        {"path": note.text, "exists": False} for note in notes if note.kind == "absent"
    ]
    for status, path, real in storage.phi():
        records += [_phi(storage, status, path, real, mount) for mount in storage.carrying(real)]
    if not records and not notes:
        return absent("no PHI path is named for this target")
    return judge_notes(notes, records)


def _phi(storage: AtRest, status: str, path: str, real: str, mount: Mount) -> Record:
    mode, owner, group = status.split(" ") if status else ("", "", "")
    return {
        "path": path,
        "mount": mount.target,
        "exists": True,
        "real": real,
        **_rest(mount, storage.folder(real, mount)),
        "mode": mode.zfill(4) if mode else None,
        "owner": owner or None,
        "group": group or None,
    }


def redact(payload: bytes) -> bytes:
    """Hide passwords among mount options once more, whatever the host sent."""
    return scrub(payload.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


PROBE: Final = Probe(
    name="storage",
    facts=(
        FactSpec("mount", "File systems that are mounted.", ("target",), MOUNT_FIELDS),
        FactSpec(
            "partition",
            "Folders that are often given a file system of their own.",
            ("target",),
            PARTITION_FIELDS,
        ),
        FactSpec("swap", "Swap areas in use.", ("device",), SWAP_FIELDS),
        FactSpec("fstab", "What is mounted at start-up.", ("target",), FSTAB_FIELDS),
        FactSpec(
            "phi_path",
            "The target's PHI paths, once for each mount that carries some of them.",
            ("path", "mount"),
            PHI_FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    data="phi_path",
    commands=("zfs get", "lsattr -d"),
    redact=redact,
)
