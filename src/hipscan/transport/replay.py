r"""Answers from saved exchanges: for tests of probes and rules, ours and those of other packs.

An exchange file is a JSON document with what one target answered, secrets taken out:

    {"schema": "hipscan-exchange/1", "target": "db1", "exit_status": 0, "frames": [
      {"probe": "platform", "status": 0, "milliseconds": 12, "truncated": false,
       "payload": "I2JlZ2luIHBsYXRmb3Jt..."}]}

The payload is base64 of the bytes that the probe printed. The frames are dressed for the wire by
the function given to the transport (hipscan.collect.framing.write_reply), with the nonce of the
request, so that a replayed reply takes the same way as a real one.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hipscan.errors import TargetError, Unreachable, UsageError
from hipscan.model import codec
from hipscan.model.target import Target
from hipscan.transport.base import Budget, Ending, Reply, Request

SCHEMA: Final = "hipscan-exchange/1"
_PEER: Final = {"transport": "replay", "address": "replay"}


@dataclass(frozen=True, slots=True)
class SavedFrame:
    """What one probe printed; `status` is the exit status of the limiter around it."""

    probe: str
    status: int
    milliseconds: int
    payload: bytes
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one target answered."""

    target: str
    frames: tuple[SavedFrame, ...]
    exit_status: int | None = 0


# The nonce and the frames to the bytes of a reply.
Encode = Callable[[str, Iterable[SavedFrame]], bytes]


@dataclass(frozen=True, slots=True)
class _FrameDocument:
    probe: str
    status: int
    milliseconds: int
    truncated: bool
    payload: str


@dataclass(frozen=True, slots=True)
class _Document:
    schema: str
    target: str
    exit_status: int | None
    frames: tuple[_FrameDocument, ...]


def dumps(exchange: Exchange) -> str:
    """Return an exchange as the text of its file; equal exchanges give equal text."""
    frames = tuple(
        _FrameDocument(
            frame.probe,
            frame.status,
            frame.milliseconds,
            frame.truncated,
            base64.b64encode(frame.payload).decode("ascii"),
        )
        for frame in exchange.frames
    )
    document = _Document(SCHEMA, exchange.target, exchange.exit_status, frames)
    return json.dumps(codec.encode(document), indent=1) + "\n"


def loads(text: str, *, where: str = "exchange") -> Exchange:
    """Return the exchange in `text`. Raises UsageError, naming `where`, for anything else."""
    try:
        return _parse(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: not a {SCHEMA} document: {error}") from error


def _parse(text: str) -> Exchange:
    document = codec.decode(_Document, json.loads(text))
    if document.schema != SCHEMA:
        raise ValueError(f"schema is {document.schema!r}")
    frames = tuple(_frame(frame) for frame in document.frames)
    return Exchange(document.target, frames, document.exit_status)


def _frame(document: _FrameDocument) -> SavedFrame:
    try:
        payload = base64.b64decode(document.payload, validate=True)
    except binascii.Error as error:
        raise ValueError(f"payload of {document.probe}: {error}") from error
    return SavedFrame(
        document.probe, document.status, document.milliseconds, payload, document.truncated
    )


def load(path: Path) -> Exchange:
    """Return the exchange in a file. Raises UsageError when it is missing or wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    return loads(text, where=str(path))


class ReplayTransport:
    """Answers each target with its saved exchange."""

    def __init__(self, exchanges: Iterable[Exchange], encode: Encode) -> None:
        """Answer from `exchanges`, found by the target's name, dressed by `encode`."""
        self._exchanges: Mapping[str, Exchange] = {item.target: item for item in exchanges}
        self._encode = encode

    def exchange(self, target: Target, request: Request, budget: Budget) -> Reply:
        """Return what was saved, under the limits of `budget`. See `Transport`."""
        saved = self._exchanges.get(target.name)
        if saved is None:
            raise TargetError(Unreachable.UNSUPPORTED, f"no saved exchange of {target.name}")
        stdout = self._encode(nonce_of(request), saved.frames)
        ending = Ending.COMPLETE if len(stdout) <= budget.stdout_bytes else Ending.FLOOD
        return Reply(stdout[: budget.stdout_bytes], b"", ending, saved.exit_status, _PEER)


def nonce_of(request: Request) -> str:
    """Return the nonce in the end line of a request, `@NONCE end`."""
    return request.end.split()[0].removeprefix(b"@").decode("ascii")
