"""Read and write files so that nothing surprises: no hang, no flood, no half-written report.

Reading takes regular files only (a FIFO would wait for ever) and stops at a size. Writing is
atomic: another process sees the old file or the new one, both whole, and ours is 0600.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from hipscan.errors import OutputError, UsageError

MAX_BYTES: Final = 16 * 1024 * 1024


def read(
    path: Path,
    *,
    what: str = "file",
    limit: int = MAX_BYTES,
    judge: Callable[[os.stat_result], None] = lambda _status: None,
) -> bytes:
    """Return the content of the regular file at `path`, at most `limit` bytes.

    `what` names the file's part in messages ("inventory"). `judge` sees the status of the very
    file that is read and may refuse it. Raises UsageError.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise UsageError(_unreadable(path, what, error), hint=_read_hint(error)) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{what} {path} is not a regular file", hint="name a plain file")
        judge(status)
        content = b"" if status.st_size > limit else _drain(descriptor, limit + 1)
    except OSError as error:
        raise UsageError(_unreadable(path, what, error)) from None
    finally:
        os.close(descriptor)
    if status.st_size > limit or len(content) > limit:
        raise UsageError(f"{what} {path} is larger than {limit} bytes")
    return content


def _drain(descriptor: int, limit: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        return stream.read(limit)


def _unreadable(path: Path, what: str, error: Exception) -> str:
    return f"{what} {path} cannot be read: {_reason(error)}"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _read_hint(error: Exception) -> str:
    match error:
        case FileNotFoundError():
            return "check the path; it is looked up from the current folder"
        case PermissionError():
            return "run as a user who may read it, or change its mode"
        case _:
            return ""


def write(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write `content`, or its pieces one by one, to `path` whole or not at all, as 0600.

    A device, a pipe or a terminal (`/dev/stdout`, `/dev/full`) is written to as it is. A symlink
    outside of /dev and /proc is replaced, not followed. Raises OutputError.
    """
    pieces = (content,) if isinstance(content, bytes) else content
    try:
        if _is_stream(path):
            _write_stream(path, pieces)
        else:
            _write_file(path, pieces)
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{path} could not be written: {_reason(error)}", hint=_write_hint(path, error)
        ) from None


def _write_hint(path: Path, error: Exception) -> str:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return f"make the folder {path.parent} first"
        case IsADirectoryError():
            return "name a file, not a folder"
        case PermissionError():
            return f"choose a folder you may write to; {path.parent} is not one"
        case _:
            return ""


def _is_stream(path: Path) -> bool:
    """Return whether `path` is something other than a file; refuse what others have planted."""
    device = path.absolute().parts[1:2] in {("dev",), ("proc",)} and "shm" not in path.parts
    try:
        status = path.stat(follow_symlinks=device)
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(None, "it is a folder")
    if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
        return False
    if not device and status.st_uid != os.geteuid():
        raise PermissionError(None, "it is a pipe or device of another user")
    return True


def _write_stream(path: Path, pieces: Iterable[bytes]) -> None:
    """Write to a pipe or device; a FIFO that nobody reads fails instead of waiting."""
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(path, flags)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                rest = rest[stream.write(rest) or 0 :]


def _write_file(path: Path, pieces: Iterable[bytes]) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name last; some file systems refuse to sync a folder, which loses nothing."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
