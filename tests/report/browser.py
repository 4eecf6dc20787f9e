"""A real browser for the tests: headless Chromium, driven over its DevTools pipe.

The pipe carries JSON messages that end in NUL, commands in on descriptor 3 and answers and events
out on descriptor 4 (https://chromedevtools.github.io/devtools-protocol/). A shell puts its own
standard input and output there, so that no port is opened.
"""

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
_PATIENCE: Final = 60.0
_PHONE: Final = 500


def find() -> str | None:
    """Return the path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@dataclass(slots=True)
class Page:
    """One tab; `events` holds everything that it reported, as (method, parameters)."""

    process: subprocess.Popen[bytes]
    session: str = ""
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _buffer: bytes = b""
    _number: int = 0

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Run a command and return its answer; raise AssertionError when it is an error."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message).encode() + b"\0")
        self.process.stdin.flush()
        while True:
            found = self._next()
            if found.get("id") == self._number:
                assert "result" in found, found
                result: dict[str, Any] = found["result"]
                return result

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file, in light and as wide as a desk, and wait until it stands."""
        self.call("Emulation.setEmulatedMedia", media="", features=[])
        self.resize(1280, 900)
        for url in ("about:blank", path.as_uri() + fragment):
            self.events.clear()
            self.call("Page.navigate", url=url)
            while "Page.loadEventFired" not in self.seen():
                self._next()

    def resize(self, width: int, height: int) -> None:
        """Make the window so many CSS pixels wide and high; below 500 it is a phone."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < _PHONE,
        )

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401  # JSON
        """Return the value of a JavaScript expression, its promise awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def seen(self, prefix: str = "") -> list[str]:
        """Return the methods of the events so far that begin with `prefix`."""
        return [method for method, _ in self.events if method.startswith(prefix)]

    def requests(self) -> list[str]:
        """Return the addresses of every request that was tried."""
        return [
            parameters["request"]["url"]
            for method, parameters in self.events
            if method == "Network.requestWillBeSent"
        ]

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while b"\0" not in self._buffer:
            self._buffer += self._read(deadline - time.monotonic())
        head, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(head)
        if "method" in message:
            self.events.append((message["method"], message.get("params", {})))
        if message.get("method") == "Page.javascriptDialogOpening":
            raise AssertionError(f"a dialog opened: {message['params']}")
        return message

    def _read(self, patience: float) -> bytes:
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], max(patience, 0))
        assert ready, "Chromium does not answer"
        part = os.read(self.process.stdout.fileno(), 1 << 20)
        assert part, "Chromium has ended"
        return part


@contextmanager
def page(browser: str, profile: Path) -> Iterator[Page]:
    """Start `browser` with a new profile; yield a tab with its events switched on."""
    script = 'exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null'
    command = ["sh", "-c", script, "sh", browser, *_FLAGS, f"--user-data-dir={profile}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield _tab(Page(process))
        finally:
            process.kill()


def _tab(tab: Page) -> Page:
    target = tab.call("Target.createTarget", url="about:blank")["targetId"]
    tab.session = tab.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Network", "Runtime", "Log"):
        tab.call(f"{domain}.enable")
    tab.events.clear()
    return tab
