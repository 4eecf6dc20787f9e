"""A web server on the loopback that serves a file in all the ways in which that goes wrong."""

import base64
import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Final

DAY: Final = 1_795_132_800  # 2026-11-20


@dataclass
class Served:
    """What is served, and what was asked for."""

    content: bytes
    etag: str = '"1"'
    counts: Counter[str] = field(default_factory=Counter)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    ended: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: ClassVar[Served]

    def log_message(self, *_words: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer in the way that the first part of the path names."""
        way = self.path.strip("/").partition("/")[0]
        self.served.counts[way] += 1
        self.served.headers.append({name.lower(): text for name, text in self.headers.items()})
        with suppress(BrokenPipeError, ConnectionResetError):
            getattr(self, f"_{way}")()

    def _head(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("ETag", self.served.etag)
        self.send_header("Last-Modified", formatdate(DAY, usegmt=True))
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()

    def _good(self) -> None:
        if self.headers.get("If-None-Match") == self.served.etag:
            self._head(304, 0)
            return
        digest = base64.b64encode(hashlib.sha256(self.served.content).digest()).decode()
        self._head(200, len(self.served.content), Repr_Digest=f"sha-256=:{digest}:")
        self.wfile.write(self.served.content)

    def _tampered(self) -> None:
        digest = base64.b64encode(hashlib.md5(b"another").digest()).decode()  # noqa: S324  # theirs
        self._head(200, len(self.served.content), x_goog_hash=f"crc32c=AAAA,md5={digest}")
        self.wfile.write(self.served.content)

    def _truncated(self) -> None:
        self._head(200, len(self.served.content))
        self.wfile.write(self.served.content[: len(self.served.content) // 2])
        self.close_connection = True

    def _interrupted(self) -> None:
        """Break off the first time; from then on send the rest that is asked for."""
        if self.served.counts["interrupted"] == 1:
            self._truncated()
            return
        begin = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        rest, whole = self.served.content[begin:], len(self.served.content)
        self._head(206, len(rest), Content_Range=f"bytes {begin}-{whole - 1}/{whole}")
        self.wfile.write(rest)

    def _missing(self) -> None:
        self._head(404, 0)

    def _busy(self) -> None:
        """Be out of order once."""
        if self.served.counts["busy"] == 1:
            self._head(503, 0)
        else:
            self._good()

    def _moved(self) -> None:
        self._head(302, 0, Location="/good")

    def _circle(self) -> None:
        self._head(302, 0, Location="/circle")

    def _silent(self) -> None:
        self._head(200, len(self.served.content))
        self.wfile.write(self.served.content[:10])
        self.served.ended.wait(20)
        self.close_connection = True

    def _trickle(self) -> None:
        self._head(200, 10_000_000)
        while not self.served.ended.wait(0.05):
            self.wfile.write(b"P")
            self.wfile.flush()

    def _endless(self) -> None:
        self._head(200, None, Connection="close")
        while not self.served.ended.is_set():
            self.wfile.write(b"P" * 65536)


@contextmanager
def serving(content: bytes) -> Iterator[Served]:
    """Serve `content` while the block runs."""
    served = Served(content)
    handler = type("Handler", (_Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
