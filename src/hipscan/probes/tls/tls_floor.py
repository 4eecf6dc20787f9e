"""What the host's own OpenSSL allows, whatever a service's configuration asks for.

Since OpenSSL 3.0 the protocols below TLS 1.2 work only at security level 0 (its NEWS file), and
the default level is 1 or higher. A server that still lists TLSv1 there offers nothing old, unless
its cipher string, openssl.cnf or a legacy crypto policy (crypto-policies(7)) lowers the level.
`FLOOR` is the shell that reads what decides; nothing else of openssl.cnf leaves the host.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from posixpath import dirname
from typing import Final

from hipscan.probes.base import Listing

FLOOR: Final = r"""
floor() {
  for path in /usr/lib/*/libssl.so.* /usr/lib64/libssl.so.* /usr/lib/libssl.so.* \
    /lib/libssl.so.*; do
    [ ! -e "$path" ] || printf 'libssl %s\n' "${path##*/libssl.so.}"
  done
  set --
  for path in /etc/ssl/openssl.cnf /etc/pki/tls/openssl.cnf /etc/pki/tls/openssl.d/*.cnf \
    /etc/ssl/openssl.cnf.d/*.cnf /etc/crypto-policies/back-ends/opensslcnf.config \
    /etc/crypto-policies/state/current; do
    if [ -e "$path" ]; then set -- "$@" "$path"; fi
  done
  files "$@" | awk '
  /^F/ { policy = /crypto-policies\/state/ }
  !/^:/ { held = "" }
  !/^:/ || policy { print; next }
  held != "" { $0 = held substr($0, 2); held = "" }
  /\\$/ { held = substr($0, 1, length($0) - 1); print ":"; next }
  { low = tolower($0) }
  /^:[ \t]*(\[|\.include[ \t=]|openssl_conf[ \t]*=|ssl_conf[ \t]*=|system_default[ \t]*=)/ ||
  low ~ /^:[ \t]*([^ \t=.]+\.)?((min|max)protocol|cipherstring|options)[ \t]*=/ {
    sub(/[ \t]#.*/, ""); print; next
  }
  { print ":" }'
}
"""

PATHS: Final = ("/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf")

_LEVEL: Final = re.compile(r"@SECLEVEL=(\d)")
_SECTION: Final = re.compile(r"^\s*\[\s*([^\]\s]+)\s*\]")
_PAIR: Final = re.compile(r"^\s*([\w.]+)\s*=\s*(.*?)\s*$")
_LEGACY: Final = re.compile(r"^(LEGACY|.*:SHA1)\b")


@dataclass(frozen=True, slots=True)
class Floor:
    """What decides. `level` is None where nothing sets the security level."""

    libraries: tuple[str, ...] = ()  # versions of libssl: "3", "1.1"
    file: str = ""  # openssl.cnf
    policy: str = ""  # RHEL's crypto policy
    min_protocol: str = ""
    level: int | None = None

    def stops_old_protocols(self, ciphers: str = "") -> bool:
        """Say whether no handshake below TLS 1.2 can succeed, given a service's cipher string."""
        modern = bool(self.libraries) and all(name[:1] == "3" for name in self.libraries)
        own = _LEVEL.search(ciphers)
        level = int(own[1]) if own else self.level
        return modern and level != 0 and not _LEGACY.match(self.policy)


def read_floor(read: Listing) -> Floor:
    """Read what `floor` printed.

    libssl 3
    F/etc/ssl/openssl.cnf
    :openssl_conf = openssl_init
    :[openssl_init]
    """
    libraries = {line.partition(" ")[2] for line in read.plain if line.startswith("libssl ")}
    state = read.files.get("/etc/crypto-policies/state/current", ())
    file = next((path for path in PATHS if path in read.files), "")
    made = _system_default(list(_pairs(file, read, 0)))
    level = _LEVEL.search(made.get("cipherstring", ""))
    return Floor(
        libraries=tuple(sorted(libraries)),
        file=file,
        policy=next((line.strip() for line in state if line.strip()), ""),
        min_protocol=made.get("minprotocol", ""),
        level=int(level[1]) if level else None,
    )


def _pairs(path: str, read: Listing, depth: int) -> Iterator[tuple[str, str, str]]:
    section = ""
    for line in read.files.get(path, ()):
        include = re.match(r"^\s*\.include[\s=]+(.+?)\s*$", line)
        head, pair = _SECTION.match(line), _PAIR.match(line)
        if include and depth < 4:  # noqa: PLR2004  # deeper than any distribution nests
            for each in _included(include[1], path, read):
                for inner, key, value in _pairs(each, read, depth + 1):
                    yield inner or section, key, value
        elif head:
            section = "" if head[1] == "default" else head[1]
        elif pair:
            yield section, pair[1].lower(), pair[2].strip("\"'")


def _included(name: str, path: str, read: Listing) -> list[str]:
    whole = name if name.startswith("/") else f"{dirname(path)}/{name}"
    whole = f"{whole.rstrip('/')}/*" if f"{whole.rstrip('/')}/" in "\n".join(read.files) else whole
    return sorted(each for each in read.files if fnmatchcase(each, whole))


def _system_default(pairs: list[tuple[str, str, str]]) -> dict[str, str]:
    """Follow openssl_conf -> ssl_conf -> system_default to the section that counts.

    Of a name there OpenSSL passes over what stands before a dot; it tells versions of TLS from
    those of DTLS by the value (SSL_CONF_cmd(3)).
    """
    table: dict[tuple[str, str], str] = {(section, key): value for section, key, value in pairs}
    start = table.get(("", "openssl_conf"), "")
    ssl = table.get((start, "ssl_conf"), "")
    section = table.get((ssl, "system_default"), "")
    return {
        key.rpartition(".")[2]: value
        for (where, key), value in table.items()
        if section and where == section and not value.upper().startswith("DTLS")
    }
