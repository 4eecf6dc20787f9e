"""Reading archives that may be hostile: nothing is extracted, every size has a limit.

A zip is refused as a whole when it holds too much, when what it holds is much larger than
itself (a bomb), or when it is damaged.
"""

import json
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hipscan.feeds.base import FeedError

_MIB: Final = 1024 * 1024
_DIRECTORY_END: Final = b"PK\x05\x06"
_END_SIZE: Final = 22
_LARGE_END: Final = b"PK\x06\x06"  # of zip64: osv.dev's writer makes it from 65,535 members on
_IN_LARGE_END: Final = 0xFFFFFFFF
_HALVES: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_REMAINS: Final = re.compile(r"(?:.*/)?(?:__MACOSX/.*|\._[^/]*)")  # of macOS, beside each file
_MAX_COMMENT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an archive is taken: bytes and counts. `ratio` is content over archive."""

    archive: int = 2048 * _MIB
    directory: int = 96 * _MIB
    members: int = 1_000_000
    member: int = 64 * _MIB
    total: int = 16 * 1024 * _MIB
    ratio: int = 200


LIMITS: Final = Limits()


def documents(path: Path, limits: Limits = LIMITS) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of each *.json in a zip; raise FeedError."""
    size = path.stat().st_size
    if size > limits.archive or _directory_size(path, size) > limits.directory:
        raise FeedError(f"{path} is larger than an archive of records can be")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check(path, size, members, limits)
            for member in members:
                if member.filename.endswith(".json") and not _REMAINS.fullmatch(member.filename):
                    yield member.filename, archive.read(member)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise FeedError(f"{path} is damaged: {error}", hint="get it again") from None
    except RuntimeError:
        raise FeedError(f"{path} is encrypted") from None


def files(
    folder: Path, paths: Sequence[Path], limits: Limits = LIMITS
) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of files below `folder`; raise FeedError."""
    total = 0
    for path in paths:
        text = content(path, limits)
        total += len(text)
        if total > limits.total:
            raise FeedError(f"{folder} holds more than hipscan takes")
        yield path.name, text


def content(path: Path, limits: Limits = LIMITS) -> bytes:
    """Return the content of a file, unpacked where it is gzip; raise FeedError."""
    raw = _plain(path, limits)
    return _gunzip(path, raw, limits) if raw.startswith(b"\x1f\x8b") else raw


def parse(name: str, text: bytes) -> Any:  # noqa: ANN401  # JSON
    r"""Return JSON; raise ValueError also for what is nested too deep or counts too far.

    So it is for half a character (`"\ud83d"` alone), which no database takes.
    """
    try:
        found: Any = json.loads(text)
        if _HALVES.search(text):
            json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError(f"{name}: nested too deep") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return found


def _plain(path: Path, limits: Limits) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise FeedError(f"{path} is not a regular file", hint="name a plain file")
        if status.st_size > limits.member:
            raise FeedError(f"{path} has more than {limits.member // _MIB} MiB")
        return path.read_bytes()
    except OSError as error:
        raise FeedError(f"{path} cannot be read: {error.strerror}") from None


def _gunzip(path: Path, raw: bytes, limits: Limits) -> bytes:
    most = min(limits.member, max(_MIB, len(raw) * limits.ratio))
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(raw, most + 1)
    except zlib.error as error:
        raise FeedError(f"{path} is damaged: {error}", hint="get it again") from None
    if len(text) > most:
        raise FeedError(f"{path} unpacks to more than {limits.ratio} times its size")
    if not unpacker.eof:
        raise FeedError(f"{path} is cut off", hint="get it again")
    return text


def _check(path: Path, size: int, members: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Refuse the archive by what its directory says; no more than that is read of a member."""
    if len(members) > limits.members:
        raise FeedError(f"{path} has more than {limits.members} members")
    if any(member.file_size > limits.member for member in members):
        raise FeedError(f"{path} has a member of more than {limits.member // _MIB} MiB")
    total = sum(member.file_size for member in members)
    if total > limits.total or total > max(_MIB, size * limits.ratio):
        raise FeedError(f"{path} unpacks to more than {limits.ratio} times its size")


def _directory_size(path: Path, size: int) -> int:
    """Return the bytes of the directory of members, as the end of the archive states them."""
    with path.open("rb") as stream:
        stream.seek(max(0, size - _END_SIZE - _MAX_COMMENT))
        tail = stream.read()
    at = tail.rfind(_DIRECTORY_END)
    found = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if found != _IN_LARGE_END:
        return found
    large = tail.rfind(_LARGE_END, 0, at)
    return int.from_bytes(tail[large + 40 : large + 48], "little") if large >= 0 else found
