"""What a host has written: its overlay's upper layer, compared between two moments.

The upper layer holds each file that differs from the image, and a character device 0:0 for each
that was deleted. What is on a tmpfs of the host (/run, /dev/shm) is not in it.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

OPAQUE = "trusted.overlay.opaque"
Mark = Mapping[str, "Entry"]

# What sshd, sudo and PAM write about a log-in, and where the journal keeps what it is told.
LOGIN_RECORDS = (
    "var/log/audit/",
    "var/log/journal/",
    "var/log/auth.log",
    "var/log/btmp",
    "var/log/lastlog",
    "var/log/wtmp",
    "var/lib/lastlog/",
    "var/lib/wtmpdb/",
    "var/lib/sudo/lectured/",
)


class Kind(StrEnum):
    """How a path differs between two moments; `touched`: equal but for its time stamp."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    TOUCHED = "touched"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a path is: mode with file type, owner, group, digest of its content, nanoseconds."""

    mode: int
    owner: int
    group: int
    content: str
    modified: int

    def rights(self) -> tuple[int, int, int]:
        """Its mode, owner and group."""
        return (self.mode, self.owner, self.group)


def mark(upper: Path, lower: Sequence[Path]) -> Mark:
    """Return every path of the upper layer that is not exactly what the layers below have."""
    entries = dict(_walk(upper))
    return {path: entry for path, entry in entries.items() if entry != _below(path, lower)}


def compare(before: Mark, after: Mark, lower: Sequence[Path]) -> list[tuple[Kind, str]]:
    """Return what happened between two marks, sorted by path, but for new log-in records."""
    found = []
    for path in sorted(before.keys() | after.keys()):
        below = _below(path, lower)
        old = _present(before.get(path, below))
        new = _present(after.get(path, below))
        kind = _kind(old, new)
        if kind and not _is_login_record(path, old, new):
            found.append((kind, "/" + path))
    return found


def _is_login_record(path: str, old: Entry | None, new: Entry | None) -> bool:
    """Whether a log grew or came to be; one that vanished or changed its rights is a change."""
    logged = path.startswith(LOGIN_RECORDS) or f"{path}/".startswith(LOGIN_RECORDS)
    return logged and new is not None and (old is None or old.rights() == new.rights())


def _kind(old: Entry | None, new: Entry | None) -> Kind | None:
    if old == new:
        return None
    if old is None:
        return Kind.ADDED
    if new is None:
        return Kind.REMOVED
    equal = old.rights() == new.rights() and old.content == new.content
    return Kind.TOUCHED if equal else Kind.CHANGED


def _present(entry: Entry | None) -> Entry | None:
    return None if entry and entry.content == "deleted" else entry


def _walk(upper: Path) -> Iterator[tuple[str, Entry]]:
    for folder, folders, files in os.walk(upper):
        for name in (*folders, *files):
            path = Path(folder, name)
            try:
                yield str(path.relative_to(upper)), _written(path)
            except FileNotFoundError:
                continue  # gone while we looked: the host is alive


def _written(path: Path) -> Entry:
    """Describe a path of the upper layer; one that hides a folder of the image is another one."""
    entry = _entry(path)
    if OPAQUE in os.listxattr(path, follow_symlinks=False):
        return replace(entry, content="made again, without what was in it")
    return entry


def _below(path: str, lower: Sequence[Path]) -> Entry | None:
    """Return what the image has at a path: the topmost layer that knows it decides."""
    for layer in lower:
        try:
            entry = _entry(layer / path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        return _present(entry)
    return None


def _entry(path: Path) -> Entry:
    status = path.lstat()
    # A folder's time changes with what is in it, which is reported by itself.
    modified = 0 if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns
    return Entry(status.st_mode, status.st_uid, status.st_gid, _content(path, status), modified)


def _content(path: Path, status: os.stat_result) -> str:
    if stat.S_ISREG(status.st_mode):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    if stat.S_ISLNK(status.st_mode):
        return str(path.readlink())
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
        return "deleted"
    return ""
