"""Progress: names what is slow, plain where no terminal is, nothing when it is not wanted."""

import io
import threading
from contextlib import redirect_stderr

import pytest

from hipscan.cli import progress
from hipscan.cli.progress import Progress
from hipscan.model.target import Target

_WAIT = 30.0


class Screen(io.StringIO):
    """Standard error that tells when something was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = threading.Event()

    def write(self, text: str) -> int:
        self.shown.set()
        return super().write(text)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Hurry, and return what takes the place of standard error."""
    monkeypatch.setattr(progress, "_PLAIN_SECONDS", 0.01)
    monkeypatch.setattr(progress, "_SLOW_SECONDS", 0.0)
    return Screen()


def test_what_is_slow_is_named_and_tamed(screen: Screen) -> None:
    with redirect_stderr(screen), Progress(2, quiet=False) as shown:
        shown.watched(lambda _: screen.shown.wait(_WAIT))(Target("web1\x1b[2J", "web1"))
    first = screen.getvalue().split("\n")[0]
    assert first.startswith("0 of 2 targets done, ")
    assert "\x1b" not in screen.getvalue()
    assert "\r" not in screen.getvalue()


def test_quiet_is_quiet(screen: Screen) -> None:
    with redirect_stderr(screen), Progress(1, quiet=True) as shown:
        shown.watched(lambda _: None)(Target("web1", "web1"))
    assert screen.getvalue() == ""


def test_a_failing_target_is_done_too() -> None:
    shown = Progress(2, quiet=True)

    def work(_: Target) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        shown.watched(work)(Target("web1", "web1"))
    assert shown._text() == "1 of 2 targets done, 0 at work"
