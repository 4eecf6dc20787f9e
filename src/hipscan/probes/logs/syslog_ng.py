"""syslog-ng's network destinations and sources (syslog-ng.conf(5)), as far as a log path uses them.

source s_net { network(ip("0.0.0.0") port(6514) transport("tls") tls(...)); };
destination d_far { syslog("logs.example.org" transport("tls") port(6514)
                           tls(peer-verify(required-trusted) ca-dir("/etc/ssl/certs"))); };
log { source(s_src); destination(d_far); };
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from posixpath import join
from typing import Final

from hipscan.model.fact import Record
from hipscan.probes.logs.rsyslog import Found

MAIN: Final = "/etc/syslog-ng/syslog-ng.conf"
_NOISE: Final = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*')
_BLOCK: Final = re.compile(
    r"(?<![\w-])(source|destination)(?:\s+\"?([\w.-]+)\"?)?\s*\{", re.IGNORECASE
)
_DRIVER: Final = re.compile(r"(?<![\w-])(network|syslog|tcp6?|udp6?)\s*\(", re.IGNORECASE)
_URL: Final = re.compile(
    r"(?<![\w-])urls?\s*\(\s*\"?(https?)://(\[[^\]]+\]|[^:/\s\")]+)(?::(\d+))?", re.IGNORECASE
)
_SET: Final = re.compile(r"(?<![\w-])default-network-drivers\s*\(", re.IGNORECASE)
_PATH: Final = re.compile(r"\blog\s*\{")
_USED: Final = re.compile(r"\b(source|destination)\s*\(\s*\"?([\w.-]+)\"?\s*\)", re.IGNORECASE)
_UNVERIFIED: Final = ("no", "optional-untrusted", "optional-trusted", "required-untrusted")
_LOCAL: Final = ("127.", "localhost", "::1")


def read(
    files: Mapping[str, Sequence[str]], *, starts: bool | None, missing: Collection[str] = ()
) -> Found:
    """Read the main file and what it includes; `missing` are patterns that no file matches."""
    unread: list[str] = []
    lines = _with_includes(MAIN, files, unread, 0)
    text = _NOISE.sub(_hush, "\n".join(lines))
    used = {
        (match[1].lower(), match[2])
        for path in _PATH.finditer(text)
        for match in _USED.finditer(_balanced(text, path.end(), "{}"))
    }
    kinds: dict[str, list[Record]] = {"source": [], "destination": []}
    for block in _BLOCK.finditer(text):
        kind = block[1].lower()
        body = _balanced(text, block.end(), "{}")
        if not block[2] or (kind, block[2]) in used:
            kinds[kind] += _drivers(body, kind, starts=starts)
            kinds[kind] += _others(body, kind, starts=starts)
    lost = tuple(path for path in unread if path not in missing)
    return Found(tuple(kinds["destination"]), tuple(kinds["source"]), (), lost)


def _hush(match: re.Match[str]) -> str:
    return match[0] if match[0].startswith('"') else ""


def _with_includes(
    path: str, files: Mapping[str, Sequence[str]], unread: list[str], depth: int
) -> Iterator[str]:
    for line in files.get(path, ()):
        match = re.match(r'\s*@include\s+"([^"]+)"', line)
        if not match or depth > 8:  # noqa: PLR2004  # deeper is a circle
            yield line
            continue
        pattern = match[1] if match[1].startswith("/") else join("/etc/syslog-ng", match[1])
        patterns = (pattern, pattern.rstrip("/") + "/*")
        names = sorted(name for name in files if any(fnmatchcase(name, each) for each in patterns))
        if not names and not pattern.endswith("/scl.conf"):  # it lies with the program
            unread.append(pattern)
        for name in names:
            yield from _with_includes(name, files, unread, depth + 1)


def _balanced(text: str, start: int, pair: str) -> str:
    """Return what stands between a bracket that ends at `start` and the one that closes it."""
    depth = 1
    for at in range(start, len(text)):
        depth += (text[at] == pair[0]) - (text[at] == pair[1])
        if depth == 0:
            return text[start:at]
    return text[start:]


def _drivers(body: str, kind: str, *, starts: bool | None) -> Iterator[Record]:
    for match in _DRIVER.finditer(body):
        options = _balanced(body, match.end(), "()")
        driver = match[1].lower().removesuffix("6")
        transport = _option(options, "transport") or driver.replace("network", "tcp")
        transport = transport.replace("syslog", "tcp")
        is_tls = transport in {"tls", "syslog-tls"} or transport.endswith("+tls")
        shared = {
            "daemon": "syslog-ng",
            "transport": "tcp" if is_tls else transport,
            "port": _option(options, "port") or ("6514" if is_tls else "514"),
            "tls": is_tls,
            "starts": starts,
            "file": MAIN,
            "line": 0,
        }
        if kind == "source":
            address = _option(options, "ip") or _option(options, "localip")
            yield {**shared, "address": address or "*", "local": address.startswith(_LOCAL)}
        else:
            named = re.match(r'\s*"?([^"\s()]+)"?\s*(?![\w(])', options)
            host = named[1] if named else _option(options, "host")
            place = {"target": host, "local": host.startswith(_LOCAL)}
            yield {**shared, **place, "verified": is_tls and _is_verified(options)}


def _is_verified(options: str) -> bool:
    return _option(options, "peer-verify") not in _UNVERIFIED


def _others(body: str, kind: str, *, starts: bool | None) -> Iterator[Record]:
    """Yield what goes to a URL, and the ports of default-network-drivers()."""
    shared = {"daemon": "syslog-ng", "starts": starts, "file": MAIN, "line": 0}
    if kind == "destination":
        for scheme, host, port in _URL.findall(body):
            is_tls = scheme.lower() == "https"
            yield {
                **shared,
                "transport": "http",
                "target": host,
                "port": port or ("443" if is_tls else "80"),
                "tls": is_tls,
                "verified": is_tls and _is_verified(body),
                "local": host.startswith((*_LOCAL, "[::1]")),
            }
    elif _SET.search(body):
        for transport, port in (("tcp", "514"), ("udp", "514"), ("tcp", "601")):
            place = {"transport": transport, "port": port, "address": "*"}
            yield {**shared, **place, "tls": False, "local": False}


def _option(options: str, name: str) -> str:
    match = re.search(rf'(?<![\w-]){name}\s*\(\s*"?([^")\s]*)"?\s*\)', options, re.IGNORECASE)
    return match[1].lower() if match else ""
