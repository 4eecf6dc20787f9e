r"""Frames: what the script prints, read back.

    @5f0c begin gzip+base64
    @5f0c frame platform plain
    |#begin platform 0a1b2c3d
    |kernel 6.1.0
    @5f0c done platform 0 3
    @5f0c frame packages
    |H4sIAAAAAAAEA...
    @5f0c done packages 0 9
    @5f0c end

Everything before `begin`, and every line that is neither of this nonce nor behind a bar, is
noise (start-up files, banners) and passed over. A frame counts once its `done` line is there,
whatever happens afterwards; of two frames for one probe the first counts.
"""

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hipscan.probes.base import Frame, Probe

_PLAIN: Final = "plain"
_CODES: Final = frozenset({"gzip+base64", "base64", "gzip+hex", "hex"})


@dataclass(frozen=True, slots=True)
class Framed:
    """A reply taken apart: whether it began and ended, and the frames that arrived whole."""

    began: bool
    ended: bool
    frames: Mapping[str, Frame]


def end_line(nonce: str) -> bytes:
    """Return the line that ends a reply, without its newline."""
    return f"@{nonce} end".encode()


def read_reply(stdout: bytes, nonce: str, probes: Iterable[Probe]) -> Framed:
    """Take a reply apart; bytes in it can be anything, and nothing here raises."""
    limits = {probe.name: probe.limit for probe in probes}
    mark = f"@{nonce} ".encode()
    code = coded = ""
    frames: dict[str, Frame] = {}
    name, body = "", list[bytes]()
    ended = False
    for line in stdout.split(b"\n"):
        if line.startswith(b"|"):
            body.append(line[1:])
            continue
        if not line.startswith(mark):
            continue
        match line[len(mark) :].decode("latin-1").split():
            case ["begin", word] if word in _CODES:
                code = word
            case ["frame", word, *form] if form in ([], [_PLAIN]):
                name, body, coded = word, [], _PLAIN if form else code
            case ["done", word, status, centiseconds] if word == name and code:
                if word in limits and word not in frames:
                    frames[word] = _frame(
                        word, status, centiseconds, _decode(body, coded, limits[word])
                    )
                name = ""
            case ["end"]:
                ended = True
                break
    return Framed(bool(code), ended, frames)


def _frame(name: str, status: str, centiseconds: str, content: tuple[bytes, bool]) -> Frame:
    code = int(status) if status.isdigit() else 1
    duration = int(centiseconds) * 10 if centiseconds.isdigit() else 0
    payload, truncated = content
    return Frame(name, code, duration, payload, truncated)


def _decode(lines: Sequence[bytes], code: str, limit: int) -> tuple[bytes, bool]:
    """Return (payload, truncated); what cannot be decoded gives what came before the damage."""
    if code == _PLAIN:
        payload = b"\n".join(lines)[:limit]
        return payload, len(payload) >= limit - 1  # a newline at the very end does not show
    body = b"".join(line.strip() for line in lines)
    try:
        raw = bytes.fromhex(body.decode("ascii")) if code.endswith("hex") else _from_base64(body)
    except (ValueError, binascii.Error):
        return b"", False
    if not code.startswith("gzip"):
        return raw[:limit], len(raw) >= limit
    inflater = zlib.decompressobj(wbits=31)
    try:
        payload = inflater.decompress(raw, limit)
    except zlib.error:
        return b"", False
    return payload, len(payload) >= limit


def _from_base64(body: bytes) -> bytes:
    whole = len(body) - len(body) % 4  # a killed probe leaves a last group that is cut
    return base64.b64decode(body[:whole], validate=True)


def write_reply(nonce: str, frames: Iterable[Frame]) -> bytes:
    """Return the reply that a host would give with these frames (for replay and tests)."""
    parts = [f"@{nonce} begin gzip+base64\n"]
    for frame in frames:
        code = base64.encodebytes(gzip.compress(frame.payload, 1, mtime=0)).decode("ascii")
        payload = "".join(f"|{line}\n" for line in code.splitlines())
        done = f"{frame.probe} {frame.status} {frame.milliseconds // 10}"
        parts.append(f"@{nonce} frame {frame.probe}\n{payload}@{nonce} done {done}\n")
    return ("".join(parts) + f"@{nonce} end\n").encode("ascii")
