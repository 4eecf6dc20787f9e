"""What fstab and systemd's mount units say about the options of a mount at the next start.

A unit in /etc or /run wins over the line of fstab, fstab over a unit of the distribution
(systemd.unit(5): fstab's units are made in /run/systemd/generator); drop-ins hold for all of them,
and the last `Options=` counts. Read for the folders that rules ask about only.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from posixpath import basename, dirname
from typing import Final

FOLDERS: Final = ("/etc/systemd/system", "/run/systemd/system")
SHIPPED: Final = ("/usr/lib/systemd/system", "/lib/systemd/system")

# Folders that every account writes to, or that hold other people's files or records.
NAMES: Final = ("tmp", "var", "var-tmp", "var-log", "var-log-audit", "home", "dev-shm")

# `user=NAME`, which mount writes itself, and `defaults` change none of them.
_OWNED: Final = ("nosuid", "nodev")
_IMPLIED: Final[Mapping[str, Sequence[str]]] = {
    "user": (*_OWNED, "noexec"),
    "users": (*_OWNED, "noexec"),
    "owner": _OWNED,
    "group": _OWNED,
}

SCRIPT: Final = rf"""
for unit in {" ".join(NAMES)}; do
  for folder in {" ".join((*FOLDERS, *SHIPPED))}; do
    for path in "$folder/$unit.mount" "$folder/$unit.mount.d"/*.conf; do
      [ ! -f "$path" ] || [ ! -r "$path" ] || set -- "$@" "$path"
    done
  done
done
"""


def read_units(lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return what each file says in its lines `Options=`, in order, by path.

    /usr/lib/systemd/system/tmp.mount
    /usr/lib/systemd/system/tmp.mount<tab>mode=1777,nosuid,nodev
    """
    pairs = [line.partition("\t") for line in lines]
    return {
        path: tuple(words for _, tab, words in group if tab)
        for path, group in groupby(pairs, key=lambda pair: pair[0])
    }


def configured(
    target: str, fstab: Sequence[str] | None, units: Mapping[str, Sequence[str]]
) -> tuple[str, ...] | None:
    """Return the options of `target` after the next start; None where nothing names it.

    `fstab` holds the options of its line there.
    """
    unit = target.strip("/").replace("/", "-") + ".mount"
    ours = next((p for folder in FOLDERS if (p := f"{folder}/{unit}") in units), None)
    theirs = next((p for folder in SHIPPED if (p := f"{folder}/{unit}") in units), None)
    if ours is None and fstab is not None:
        base: Sequence[str] = [",".join(fstab)]
    else:
        chosen = ours or theirs
        if chosen is None:
            return None
        base = units[chosen]
    pieces = sorted((p for p in units if basename(dirname(p)) == f"{unit}.d"), key=basename)
    said = [*base, *(words for path in pieces for words in units[path])]
    return in_force(word for word in said[-1].split(",") if word) if said else ()


def in_force(words: Iterable[str]) -> tuple[str, ...]:
    """Return the options with what they imply, less those that a later one takes back (mount(8)).

    user,exec        gives user nosuid nodev exec
    noexec,exec      gives exec
    """
    made: dict[str, None] = {}
    for word in words:
        for each in (word, *_IMPLIED.get(word, ())):
            made.pop(each.removeprefix("no") if each.startswith("no") else f"no{each}", None)
            made[each] = None
    return tuple(made)
