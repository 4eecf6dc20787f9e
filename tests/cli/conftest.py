"""Fixtures of the command line's tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hipscan.__main__ import run
from tests.cli.running import Done, environment
from tests.sshd import start_sshd

__all__ = ["start_sshd"]

Hipscan = Callable[..., Done]


@pytest.fixture
def hipscan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Hipscan:
    """Run the command line in this process, with `tmp_path` as its folder and its home."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "XDG_CONFIG_HOME", "HIPSCAN_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)

    def command(*words: object) -> Done:
        status = run([str(word) for word in words])
        captured = capsys.readouterr()
        return Done(status, captured.out, captured.err)

    return command
