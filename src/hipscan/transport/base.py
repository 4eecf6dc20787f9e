"""What every transport offers: one dialogue with one remote shell, under limits.

The dialogue (architecture, "The script"):

    we    start the remote command, bare words: `sh -s`, or `sudo ... sh -s`
    host  sudo's prompt, a nonce of ours          only with sudo, only where a password is asked
    we    the password                            once; a second prompt ends the dialogue
    host  ready, another nonce of ours            only with sudo: the root shell is there
    we    script and data in one piece
    host  the reply, up to the line that ends it

`dialogue.converse` runs it over a `Channel`; a transport opens connections and makes channels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from hipscan.model.secret import Secret
from hipscan.model.target import Target


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one exchange: seconds for the whole of it, bytes for each stream."""

    connect_seconds: float = 10.0
    login_seconds: float = 20.0
    seconds: float = 120.0
    stdout_bytes: int = 32 * 1024 * 1024
    stderr_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Handshake:
    """What is awaited before a script is sent to a shell behind sudo.

    `prompt` and `ready` are nonces that appear on standard error and output; `password` is
    sent at most once, and only after `prompt`.
    """

    prompt: bytes
    ready: bytes
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to run: the remote command, what to feed it, and the line that ends the reply."""

    command: str
    payload: bytes
    end: bytes
    handshake: Handshake | None = None


class Ending(StrEnum):
    """Why the reply ended."""

    COMPLETE = "complete"  # the end line arrived
    CLOSED = "closed"  # the stream ended before it
    DEADLINE = "deadline"
    FLOOD = "flood"  # more bytes than the budget allows


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: bytes as they came, never decoded here.

    `peer` says how the target was reached: transport, address, host key fingerprint, negotiated
    algorithms, and a note where another transport was used than asked for.
    """

    stdout: bytes
    stderr: bytes
    ending: Ending
    exit_status: int | None = None
    peer: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the user gave to log in with; asked for lazily, so that keys and agents go first.

    `login_password(target)` and `passphrase(path)` return None when there is none (no prompt
    possible). The sudo password travels in `Handshake`.
    """

    login_password: Callable[[Target], Secret | None] = lambda _target: None
    passphrase: Callable[[Path], Secret | None] = lambda _path: None


@dataclass(frozen=True, slots=True)
class TrustOptions:
    """Flags about trust: `--known-hosts`, `--ssh-config`, `--accept-new-host-keys`."""

    known_hosts: Path | None = None
    ssh_config: Path | None = None
    accept_new: bool = False


class Channel(Protocol):
    """A running remote command: two streams in, one out. Nothing here blocks without a limit."""

    def send(self, data: bytes) -> int:
        """Take as many bytes as fit now, possibly none; return how many."""

    def receive(self, seconds: float) -> tuple[bytes, bytes, bool]:
        """Wait up to `seconds` for output; return (stdout, stderr, whether both have ended)."""

    def exit_status(self) -> int | None:
        """Return the exit status if it is known by now."""

    def close(self) -> None:
        """End it: no process of ours stays on this machine."""


class Transport(Protocol):
    """Reaches a target and holds one dialogue with it."""

    def exchange(self, target: Target, request: Request, budget: Budget) -> Reply:
        """Connect, run `request`, return the reply.

        Raises TargetError when no dialogue came about (name, connection, trust, login, sudo).
        What broke off in the middle is a Reply whose `ending` says so.
        """
