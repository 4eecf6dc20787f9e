"""Files are read without hanging and written whole or not at all."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hipscan.documents import files
from hipscan.errors import OutputError, UsageError


def test_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\x00text")
    assert files.read(path) == b"\x00text"


def test_refuses_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"inventory .*/none cannot be read: No such file"):
        files.read(tmp_path / "none", what="inventory")


def test_a_fifo_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UsageError, match="not a regular file"):
        files.read(tmp_path / "fifo")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev", "/proc/self/fd/nothing", "a\0b"])
def test_devices_folders_and_nonsense_are_refused(path: str) -> None:
    with pytest.raises(UsageError):
        files.read(Path(path))


def test_the_size_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert files.read(path, limit=5) == b"12345"
    with pytest.raises(UsageError, match="larger than 4 bytes"):
        files.read(path, limit=4)


def test_a_sparse_giant_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "giant"
    path.touch()
    os.truncate(path, 10 * 1024**3)
    with pytest.raises(UsageError, match="larger than"):
        files.read(path)


@pytest.mark.parametrize("old", [None, b"old"])
def test_writes_a_private_file(tmp_path: Path, old: bytes | None) -> None:
    path = tmp_path / "report.html"
    if old:
        path.write_bytes(old)
        path.chmod(0o644)
    mask = os.umask(0)
    files.write(path, b"new")
    os.umask(mask)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_planted_symlink_is_replaced(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "report").symlink_to(victim)
    files.write(tmp_path / "report", b"new")
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "report").read_bytes() == b"new"


def test_a_planted_hard_link_is_replaced(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "report").hardlink_to(victim)
    files.write(tmp_path / "report", b"new")
    assert victim.read_bytes() == b"precious"


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "report"
    contents = {letter * 100_000 for letter in (b"a", b"b")}
    files.write(path, b"a" * 100_000)

    def rewrite() -> None:
        for _ in range(20):
            for content in contents:
                files.write(path, content)

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(rewrite) for _ in range(2)]
        while not all(writer.done() for writer in writers):
            assert path.read_bytes() in contents


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        files.write(tmp_path / "report", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_full_device_is_an_output_error() -> None:
    with pytest.raises(OutputError, match=r"/dev/full could not be written: No space left"):
        files.write(Path("/dev/full"), b"x")


def test_streams_are_written_as_they_are() -> None:
    reading, writing = os.pipe()
    files.write(Path(f"/dev/fd/{writing}"), b"report")
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        assert stream.read() == b"report"


@pytest.mark.parametrize("path", ["", ".", "none/report", "a\0b"])
def test_wrong_targets_say_why(path: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="could not be written"):
        files.write(tmp_path / path, b"x")


def test_a_fifo_without_a_reader_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OutputError, match="could not be written"):
        files.write(tmp_path / "fifo", b"x")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a pipe of another user")
def test_a_pipe_of_another_user_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    os.chown(tmp_path / "fifo", 12345, 12345)
    with pytest.raises(OutputError, match="of another user"):
        files.write(tmp_path / "fifo", b"x")


def test_a_symlink_to_a_pipe_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "report").symlink_to(tmp_path / "fifo")
    files.write(tmp_path / "report", b"new")
    assert (tmp_path / "report").read_bytes() == b"new"
