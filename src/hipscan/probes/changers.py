"""Who besides root can change a path: the file, what it links to, or a folder above either."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from posixpath import dirname
from typing import Final

from hipscan.model.fact import Value
from hipscan.probes.files.file_status import owner_name

_DIRECTORY: Final = 0o040000
_STICKY: Final = 0o1000


@dataclass(frozen=True, slots=True)
class PathStatus:
    """What stat says of one path: `mode` with the bits of its type."""

    mode: int
    uid: int
    gid: int
    user: str
    group: str

    @property
    def is_folder(self) -> bool:
        """Say whether it is a folder."""
        return bool(self.mode & _DIRECTORY)


def path_status(line: str) -> tuple[str, PathStatus]:
    """Parse a line of stat: type and mode, numbers, names, path.

    T81ed:1000:1000:ann:ann:/srv/ward/export.sh
    """
    bits, uid, gid, user, group, path = line[1:].split(":", 5)
    names = owner_name(user, uid), owner_name(group, gid)
    return path, PathStatus(int(bits, 16), int(uid), int(gid), *names)


def changers(
    path: str, end: str, status: Mapping[str, PathStatus], peopled: AbstractSet[int]
) -> list[Value]:
    """Return who can change `path`, whose links end at `end`, as `user NAME: PATH`.

    `peopled` are the numbers of groups that have members; an empty group changes nothing.
    """
    chain = dict.fromkeys((*above(path), *above(end)))
    return list(_changers(chain, status, peopled, whole=path in status))


def above(path: str) -> Iterator[str]:
    """Yield a path and the folders above it; a host may send one such as `//x` or none at all."""
    yield path
    while (up := dirname(path)) not in (path, ""):
        yield up
        path = up


def _changers(
    chain: Mapping[str, None],
    status: Mapping[str, PathStatus],
    peopled: AbstractSet[int],
    *,
    whole: bool,
) -> Iterator[str]:
    first = next(iter(chain), "")
    for step in chain:
        about = status.get(step)
        if about is None:
            continue
        if about.uid != 0:
            yield f"user {about.user}: {step}"
        # In a sticky folder nobody replaces an entry of root, but anybody makes one.
        if about.is_folder and about.mode & _STICKY and whole and step != first:
            continue
        if about.mode & 0o002:
            yield f"everybody: {step}"
        elif about.mode & 0o020 and about.gid != 0 and about.gid in peopled:
            yield f"group {about.group}: {step}"
