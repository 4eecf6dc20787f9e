"""Kernel modules that a server with patient data has no use for: loaded, loadable, or blocked.

A module is blocked when modprobe runs /bin/false or /bin/true alone in its place (modprobe.d(5)
`install`, a line for the shell; of several the first counts, as kmod does it) or the kernel's
command line names it in module_blacklist. `blacklist` alone only keeps a module from being loaded
by its aliases.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from hipscan.model.fact import FactStatus, Record, absent, missing
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
from hipscan.probes.gathering import GATHER, by_precedence

# Rare file systems, rare network protocols, and the ways to plug a disk in.
NAMES: Final = (
    "bluetooth",
    "cramfs",
    "dccp",
    "firewire_core",
    "firewire_sbp2",
    "freevxfs",
    "hfs",
    "hfsplus",
    "jffs2",
    "overlay",
    "rds",
    "sctp",
    "squashfs",
    "thunderbolt",
    "tipc",
    "uas",
    "udf",
    "usb_storage",
)

FOLDERS: Final = (
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
)

SCRIPT: Final = (
    GATHER
    + rf"""
if [ -r /proc/modules ]; then
  awk '{{ print "loaded", $1 }}' /proc/modules && printf 'takes modules\n'
elif [ -e /proc/modules ] || [ ! -e /proc/uptime ]; then note denied /proc/modules
else printf 'none\n'
fi
tree=/lib/modules/$(uname -r)
set --
for path in "$tree/modules.dep" "$tree/modules.builtin"; do
  if [ ! -e "$path" ]; then note_missing "$path"
  elif [ ! -r "$path" ]; then note denied "$path"
  else set -- "$@" "$path"
  fi
done
[ $# -eq 0 ] || awk '
{{
  path = $1
  sub(/:.*/, "", path); sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path)
}}
path ~ /^({"|".join(NAMES)})$/ {{ print FILENAME ~ /builtin$/ ? "builtin" : "available", path }}
' "$@"
read -r line </proc/cmdline
for word in $line; do
  case $word in module_blacklist=*) printf 'barred %s\n' "${{word#*=}}" ;; esac
done
gather .conf {" ".join(FOLDERS)} | awk '
!/^:/ {{ hold = "" }}
hold != "" {{ $0 = ":" hold substr($0, 2); hold = "" }}
/^:.*\\$/ {{ hold = substr($0, 2, length($0) - 2) " "; print ":"; next }}
/^:[ \t]*blacklist[ \t]/ || !/^:/ {{ print; next }}
/^:[ \t]*install[ \t]/ {{
  sub(/^:[ \t]*install[ \t]+/, ""); name = $1
  sub(/^[^ \t]+[ \t]*/, ""); sub(/[ \t]*(#.*)?$/, "")
  print ":install", name, /^(\/(usr\/)?s?bin\/)?(true|false)$|^(:|exit( [0-9]+)?)$/ ? $0 : "hidden"
  next
}}
{{ print ":" }}'
"""
)

# What a shell does without loading anything.
_NOTHING: Final = re.compile(r"(?:/(?:usr/)?s?bin/)?(?:true|false)|:|exit(?: \d+)?")

FIELDS: Final = {
    "name": Field(FieldType.TEXT, "the module, with underscores"),
    "loaded": Field(FieldType.BOOLEAN, "whether it is in the kernel now"),
    "builtin": Field(FieldType.BOOLEAN, "whether it is part of the kernel itself"),
    "available": Field(FieldType.BOOLEAN, "whether there is a file to load it from"),
    "blocked": Field(FieldType.BOOLEAN, "whether modprobe or the kernel refuses to load it"),
    "blacklisted": Field(FieldType.BOOLEAN, "whether modprobe ignores its aliases"),
    "usable": Field(FieldType.BOOLEAN, "loaded, built in, or available and not blocked"),
    "file": Field(FieldType.TEXT, "the file that blocks it; nothing where none does"),
    "line": Field(FieldType.INTEGER, "the line of the file"),
}


@dataclass(frozen=True, slots=True)
class _Line:
    word: str
    pattern: str
    command: str
    file: str
    line: int


def parse(text: str, _status: int) -> Facts:
    """Parse what is loaded, what could be, and modprobe's files.

    loaded usb_storage
    takes modules
    available udf
    barred dccp,sctp
    F/etc/modprobe.d/local.conf
    :install usb-storage /bin/false
    """
    read = listing(text)
    if any(note.text == "/proc/modules" for note in read.notes):
        return {"kernel_module": missing(FactStatus.DENIED, "denied: /proc/modules")}
    if "none" in read.plain:
        return {"kernel_module": absent("this kernel takes no modules")}
    said: dict[str, set[str]] = {"loaded": set(), "builtin": set(), "available": set()}
    said["barred"] = set()
    if "takes modules" not in read.plain:
        raise ValueError("no word about the kernel's modules")
    for line in read.plain:
        kind, _, name = line.partition(" ")
        if kind != "takes":
            said[kind] |= {plain(each) for each in name.split(",")}
    lines = list(_lines(read))
    whole = all(note.kind == "absent" for note in read.notes)
    records = [_record(name, said, lines, whole=whole) for name in NAMES]
    return {"kernel_module": judge_notes(read.notes, records)}


def plain(name: str) -> str:
    """Return a module's name as the kernel spells it: usb-storage is usb_storage."""
    return name.strip().replace("-", "_")


def _lines(read: Listing) -> Iterator[_Line]:
    for path in by_precedence(read.files, FOLDERS):
        for number, text in enumerate(read.files[path], 1):
            match text.split():
                case ["blacklist" | "install" as word, name, *command]:
                    yield _Line(word, plain(name), " ".join(command), path, number)
                case _:
                    pass


def _record(name: str, said: dict[str, set[str]], lines: list[_Line], *, whole: bool) -> Record:
    """Return the record of a module; `whole` says that no file is hidden, which might block it."""
    about = [line for line in lines if fnmatchcase(name, line.pattern)]
    install = next((line for line in about if line.word == "install"), None)
    refused = install is not None and _NOTHING.fullmatch(install.command) is not None
    loaded, builtin = name in said["loaded"], name in said["builtin"]
    available, blocked = name in said["available"], refused or name in said["barred"]
    loadable = available and not blocked
    return {
        "name": name,
        "loaded": loaded,
        "builtin": builtin,
        "available": available,
        "blocked": blocked,
        "blacklisted": any(line.word == "blacklist" for line in about),
        "usable": loaded or builtin or (loadable if whole or not loadable else None),
        "file": install.file if install and refused else "",
        "line": install.line if install and refused else 0,
    }


PROBE: Final = Probe(
    name="kernel_modules",
    facts=(
        FactSpec("kernel_module", "Kernel modules a server can do without.", ("name",), FIELDS),
    ),
    script=SCRIPT,
    parse=parse,
)
