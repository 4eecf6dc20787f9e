"""pg_hba.conf: who may connect to a PostgreSQL cluster, from where, and how they prove it.

The first line that matches a connection decides, so a line whose connections are all caught by
an earlier one is shadowed and changes nothing. Files named by include (since 16) are read where
they are named. Source: PostgreSQL's documentation, chapter 21.1.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from posixpath import dirname
from typing import Final

from hipscan.probes.files.config_syntax import continued

TYPES: Final = ("local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc")

_TOKEN: Final = re.compile(r'(?:[^\s,"#]|"(?:[^"]|"")*")+|,|#.*')
_KEYWORDS: Final = frozenset({"all", "sameuser", "samerole", "samegroup", "replication"})
_LOCAL: Final = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_DEPTH: Final = 10

Files = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class HbaLine:
    """One line; `method` is None where the line, or a file it names, could not be read."""

    type: str
    databases: tuple[str, ...]
    users: tuple[str, ...]
    address: str
    method: str | None
    options: tuple[str, ...]
    file: str
    line: int

    @property
    def is_remote(self) -> bool:
        """Say whether a connection from another host can match."""
        if self.type == "local" or self.address in ("samehost", "localhost"):
            return False
        network = _network(self.address)
        return network is None or not any(_inside(network, local) for local in _LOCAL)

    def covers(self, other: "HbaLine") -> bool:
        """Say whether every connection that `other` matches is matched here too."""
        return (
            self.method is not None
            and (self.type == other.type or (self.type == "host" and other.type != "local"))
            and _covers(self.databases, other.databases, besides="replication")
            and _covers(self.users, other.users)
            and _covers_address(self.address, other.address)
        )


def fields(text: str) -> list[tuple[str, ...]]:
    """Split a line into fields, each a tuple of names; quotes take a keyword's meaning away.

    host all,"all" +staff 10.0.0.0/8 ldap ldapserver=x -> [("host",), ("all", '"all"'), ...]
    """
    found: list[tuple[str, ...]] = []
    joined = False
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word.startswith("#"):
            break
        if word == ",":
            joined = True
            continue
        bare = word.replace('"', "")
        name = f'"{bare}"' if '"' in word and bare in _KEYWORDS else bare
        if joined and found:
            found[-1] = (*found[-1], name)
        else:
            found.append((name,))
        joined = False
    return found


def read_hba(path: str, files: Files, depth: int = 0) -> Iterator[HbaLine]:
    """Read a file and those it includes.

    # TYPE  DATABASE  USER      ADDRESS        METHOD
    local   all       postgres                 peer
    host    all       all       10.0.0.0/8     scram-sha-256
    """
    for number, text in continued(files.get(path, ())):
        match fields(text):
            case []:
                pass
            case [("include" | "include_if_exists" | "include_dir" as word,), (name,), *_]:
                yield from _included(word, name, (path, number), files, depth)
            case parts:
                yield _line(parts, path, number)


def _included(
    word: str, name: str, place: tuple[str, int], files: Files, depth: int
) -> Iterator[HbaLine]:
    path, number = place
    whole = name if name.startswith("/") else f"{dirname(path)}/{name}"
    pattern = f"{whole.rstrip('/')}/*.conf" if word == "include_dir" else whole
    paths = sorted(each for each in files if each == pattern or fnmatchcase(each, pattern))
    if depth >= _DEPTH or (not paths and word == "include"):
        yield _unknown(path, number)
        return
    for each in paths:
        yield from read_hba(each, files, depth + 1)


def _unknown(path: str, number: int) -> HbaLine:
    return HbaLine("", (), (), "", None, (), path, number)


def _line(parts: Sequence[tuple[str, ...]], path: str, number: int) -> HbaLine:
    match parts:
        case [("local",), databases, users, (method,), *options]:
            address = ""
        case [(kind,), databases, users, (start,), (mask,), (method,), *options] if (
            kind in TYPES and _mask(start, mask)
        ):
            address = f"{start}/{mask}"
        case [(kind,), databases, users, (address,), (method,), *options] if kind in TYPES:
            pass
        case _:
            return _unknown(path, number)
    words = tuple(option for each in options for option in each)
    kind = parts[0][0]
    return HbaLine(kind, databases, users, address, method.lower(), words, path, number)


def _mask(start: str, mask: str) -> bool:
    return (
        "/" not in start
        and re.fullmatch(r"[\d.]{7,15}|[\da-fA-F:]*::?[\da-fA-F:]*", mask) is not None
    )


def _network(address: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    start, _, mask = address.partition("/")
    try:
        if ":" in mask:
            mask = str(int(ipaddress.IPv6Address(mask)).bit_count())
        return ipaddress.ip_network(f"{start}/{mask}" if mask else start, strict=False)
    except ValueError:
        return None


def _inside(
    inner: ipaddress.IPv4Network | ipaddress.IPv6Network,
    outer: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> bool:
    return (
        inner.version == outer.version
        and inner.network_address in outer
        and inner.prefixlen >= outer.prefixlen
    )


def _covers(mine: Sequence[str], others: Sequence[str], besides: str = "") -> bool:
    """Say whether names cover others; `all` covers everything but the name in `besides`."""
    return all(other in mine or ("all" in mine and other != besides) for other in others) and bool(
        others
    )


def _covers_address(mine: str, other: str) -> bool:
    if mine in ("all", other):
        return True
    outer, inner = _network(mine), _network(other)
    return outer is not None and inner is not None and _inside(inner, outer)
