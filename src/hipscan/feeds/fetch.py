"""Downloading a feed: the only place of hipscan that speaks HTTP.

A download goes into a file beside the index and is imported from there, so what arrives damaged,
cut or forged never touches the index. It is conditional (ETag, Last-Modified), takes up where an
interrupted one ended (Range with If-Range), is bounded in bytes and time, and goes through the
proxies that the environment names. Addresses may redirect, but not from https to http.
"""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from hipscan import __version__
from hipscan.feeds.base import FeedError

_MIB: Final = 1024 * 1024
_PIECE: Final = 64 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200
_PARTIAL: Final = 206
_NOT_MODIFIED: Final = 304
_BAD_RANGE: Final = 416
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a download: bytes, seconds for all of it, for a connection, between two pieces."""

    size: int = 2048 * _MIB
    seconds: float = 1800.0
    connect: float = 15.0
    silence: float = 30.0
    attempts: int = 4
    redirects: int = 5
    pause: float = 1.0


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said of a file: by this a later request asks whether it has changed."""

    url: str = ""
    etag: str = ""
    last_modified: str = ""

    @property
    def dated(self) -> str:
        """Return the time of Last-Modified in ISO 8601, "" where there is none."""
        try:
            found = parsedate_to_datetime(self.last_modified)
        except ValueError:
            return ""
        return found.isoformat(timespec="seconds")


class _AgainError(Exception):
    """An attempt failed in a way that another one may not."""


@dataclass(slots=True)
class Download:
    """One file from one address into one folder.

    `path` is where it goes; beside it stand `.part` while it is not whole, and `.json`, the
    validators of what was imported last.
    """

    url: str
    path: Path
    limits: Limits = Limits()
    sleep: Callable[[float], None] = time.sleep

    def fetch(self, *, is_known: bool) -> bool:
        """Download; return False when the server says that nothing has changed.

        `is_known` says that the index has what was downloaded last. Raises FeedError.
        """
        deadline = time.monotonic() + self.limits.seconds
        problem = ""
        for attempt in range(self.limits.attempts):
            if attempt:
                self.sleep(min(self.limits.pause * 2**attempt, 30))
            try:
                return self._attempt(deadline, is_known=is_known)
            except _AgainError as error:
                problem = str(error)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                problem = _reason(error)
            if time.monotonic() > deadline:
                break
        raise FeedError(
            f"{self.url} could not be downloaded: {problem}",
            hint="what the index has is kept; try again later, or import a file",
        )

    def validators(self) -> Validators:
        """Return what the server said of the file that `path` is."""
        return _load(self._beside(".new.json"))

    def keep(self) -> None:
        """Note that the downloaded file was imported, and remove it."""
        with suppress(FileNotFoundError):
            self._beside(".new.json").replace(self._beside(".json"))
            self.path.unlink()

    def discard(self) -> None:
        """Remove what was downloaded and turned out to be no good."""
        for path in (self.path, self._beside(".new.json"), self._beside(".part")):
            path.unlink(missing_ok=True)

    def _attempt(self, deadline: float, *, is_known: bool) -> bool:
        part = self._beside(".part")
        begun = _load(self._beside(".part.json"))
        size = part.stat().st_size if part.exists() and begun.url == self.url else 0
        headers = self._headers(begun, size, is_known=is_known)
        with requests.Session() as session:
            session.headers.update({"User-Agent": f"hipscan/{__version__}"})
            with self._answer(session, headers) as answer:
                if answer.status_code == _NOT_MODIFIED:
                    return False
                if answer.status_code == _BAD_RANGE:
                    part.unlink(missing_ok=True)
                    raise _AgainError("the server has another file now")
                self._check(answer)
                self._receive(answer, part, size, deadline)
        part.replace(self.path)
        self._beside(".part.json").replace(self._beside(".new.json"))
        return True

    def _headers(self, begun: Validators, size: int, *, is_known: bool) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        last = _load(self._beside(".json"))
        if size and (begun.etag or begun.last_modified):
            headers |= {"Range": f"bytes={size}-", "If-Range": begun.etag or begun.last_modified}
        elif is_known and last.url == self.url:
            if last.etag:
                headers["If-None-Match"] = last.etag
            if last.last_modified:
                headers["If-Modified-Since"] = last.last_modified
        return headers

    def _answer(self, session: requests.Session, headers: dict[str, str]) -> requests.Response:
        """Return the answer behind all redirects."""
        url = self.url
        for _ in range(self.limits.redirects + 1):
            answer = session.get(
                url,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(self.limits.connect, self.limits.silence),
            )
            if answer.status_code not in _REDIRECTS:
                return answer
            answer.close()
            target = urljoin(url, answer.headers.get("Location", ""))
            if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
                raise FeedError(f"{self.url} leads away from https, to {target[:200]}")
            url = target
        raise FeedError(f"{self.url} redirects more than {self.limits.redirects} times")

    def _check(self, answer: requests.Response) -> None:
        status = answer.status_code
        if status in _AGAIN:
            raise _AgainError(f"the server answered {status}")
        if status not in {_OK, _PARTIAL}:
            raise FeedError(
                f"{self.url}: the server answered {status} {answer.reason or ''}".rstrip(),
                hint="is the address right? the key `feeds` of hipscan.yaml may name another one",
            )
        if _length(answer) > self.limits.size:
            raise FeedError(f"{self.url} is larger than {self.limits.size // _MIB} MiB")

    def _receive(self, answer: requests.Response, part: Path, size: int, deadline: float) -> None:
        is_rest = answer.status_code == _PARTIAL
        if is_rest and not answer.headers.get("Content-Range", "").startswith(f"bytes {size}-"):
            part.unlink(missing_ok=True)
            raise _AgainError("the server sent another part than it was asked for")
        at = size if is_rest else 0
        _save(self._beside(".part.json"), _said(self.url, answer))
        with part.open("ab" if is_rest else "wb") as stream:
            for piece in self._pieces(answer, deadline):
                at += len(piece)
                if at > self.limits.size:
                    part.unlink(missing_ok=True)
                    raise FeedError(f"{self.url} sends more than {self.limits.size // _MIB} MiB")
                stream.write(piece)
        expected = _length(answer)
        if expected and at != expected + (size if is_rest else 0):
            raise _AgainError(f"the connection ended after {at} bytes")
        self._compare(answer, part)

    def _pieces(self, answer: requests.Response, deadline: float) -> Iterator[bytes]:
        # read1 returns what is there: a server that trickles cannot outlast the deadline.
        while piece := answer.raw.read1(_PIECE):
            if time.monotonic() > deadline:
                raise _AgainError(f"it takes longer than {self.limits.seconds:.0f} s")
            yield piece

    def _compare(self, answer: requests.Response, part: Path) -> None:
        for algorithm, expected in _digests(answer):
            found = hashlib.new(algorithm, usedforsecurity=False)
            with part.open("rb") as stream:
                while piece := stream.read(_MIB):
                    found.update(piece)
            if found.digest() != expected:
                part.unlink()
                raise _AgainError(f"what arrived has another {algorithm} than the server says")

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(f"{self.path.name}{suffix}")


def _length(answer: requests.Response) -> int:
    said = answer.headers.get("Content-Length", "")
    return int(said) if said.isascii() and said.isdigit() else 0


def _said(url: str, answer: requests.Response) -> Validators:
    etag = answer.headers.get("ETag", "")
    return Validators(
        url,
        "" if etag.startswith("W/") else etag,  # a weak one says nothing about bytes
        answer.headers.get("Last-Modified", ""),
    )


def _digests(answer: requests.Response) -> Iterator[tuple[str, bytes]]:
    """Yield (algorithm, digest) of the whole file: x-goog-hash (storage), Repr-Digest (RFC 9530).

    x-goog-hash: crc32c=n03x6A==,md5=Ojk9c3dhfxgoKVVHYwFbHQ==
    Repr-Digest: sha-256=:AEGPTgUMw5e96wxZuDtpfm23RBU3nFwtgY5fw4NYORo=:
    """
    names = {"md5": "md5", "sha-256": "sha256", "sha-512": "sha512"}
    said = ",".join(answer.headers.get(name, "") for name in ("x-goog-hash", "Repr-Digest"))
    for part in said.split(","):
        name, _, text = part.strip().partition("=")
        if name in names:
            with suppress(ValueError):
                yield names[name], base64.b64decode(text.strip(":"), validate=True)


def _load(path: Path) -> Validators:
    try:
        return Validators(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return Validators()


def _save(path: Path, validators: Validators) -> None:
    path.write_text(json.dumps(asdict(validators)))


def _reason(error: Exception) -> str:
    """Return what went wrong without the library's words around it."""
    text = str(error)
    match error:
        case requests.exceptions.Timeout() | urllib3.exceptions.TimeoutError():
            return "the server is silent"
        case requests.exceptions.SSLError():
            return f"its certificate is not trusted: {text[:200]}"
        case requests.exceptions.ConnectionError() if "resolve" in text or "Name or" in text:
            return "its name cannot be resolved"
        case requests.exceptions.ConnectionError():
            return f"no connection: {text[:200]}"
        case _:
            return text[:200]
