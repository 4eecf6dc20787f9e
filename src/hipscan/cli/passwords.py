"""Passwords: by prompt, file or descriptor; never by a flag's value, never from the environment."""

import getpass
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from hipscan.documents import files
from hipscan.errors import UsageError
from hipscan.model.secret import Secret

_MOST_BYTES = 4096


@dataclass(slots=True)
class PasswordSource:
    """Where one password comes from; asked for at most once in a run, when it is needed."""

    what: str
    ask: bool = False
    file: Path | None = None
    descriptor: int | None = None
    _known: Secret | None = None
    _lock: Lock = field(default_factory=Lock)

    def get(self) -> Secret | None:
        """Return the password, or None when none was offered."""
        with self._lock:
            if self._known is None:
                self._known = self._read()
            return self._known

    def _read(self) -> Secret | None:
        if self.file is not None:
            content = files.read(self.file, what=f"{self.what} file", limit=_MOST_BYTES)
            return _first_line(content, self.what)
        if self.descriptor is not None:
            try:
                with os.fdopen(self.descriptor, "rb") as stream:
                    return _first_line(stream.read(_MOST_BYTES), self.what)
            except OSError as error:
                raise UsageError(
                    f"descriptor {self.descriptor} for the {self.what}: {error.strerror}"
                ) from None
        return self._prompt() if self.ask else None

    def _prompt(self) -> Secret:
        if not sys.stdin.isatty():
            raise UsageError(
                f"no terminal to ask for the {self.what}",
                hint="use the option that ends in -file or -fd",
            )
        return Secret(getpass.getpass(f"{self.what}: ", stream=sys.stderr))


def _first_line(content: bytes, what: str) -> Secret:
    text = content.decode("utf-8", "surrogateescape").split("\n", 1)[0].rstrip("\r")
    if not text:
        raise UsageError(f"the {what} is empty")
    return Secret(text)
