"""Option files of MySQL and MariaDB: groups, includes and the many ways to spell an option.

Sources: the reference manuals of both servers on using option files and on program options.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from hipscan.probes.base import Listing

# Known options with the defaults that both servers share; "" where there is none.
DEFAULTS: Final[Mapping[str, str]] = {
    "bind_address": "*",
    "general_log": "off",
    "innodb_encrypt_tables": "off",
    "local_infile": "",
    "log_error": "",
    "plugin_load": "",
    "plugin_load_add": "",
    "port": "3306",
    "require_secure_transport": "off",
    "secure_file_priv": "",
    "server_audit_logging": "off",
    "skip_grant_tables": "off",
    "skip_name_resolve": "off",
    "skip_networking": "off",
    "skip_ssl": "off",
    "ssl": "",
    "ssl_ca": "",
    "ssl_cert": "",
    "ssl_cipher": "",
    "ssl_key": "",
    "tls_version": "",
}

MAINS: Final = ("/etc/my.cnf", "/etc/mysql/my.cnf")
_STARTERS: Final = ("/etc/systemd/", "/etc/default/", "/etc/sysconfig/")
AUTO: Final = "mysqld-auto.cnf"
# Beginnings of names that the servers take for the whole; those that people write.
SHORT: Final = (
    "skip_grant(_t[a-z]*)?|skip_net[a-z]*|bind_a[a-z]*|require_secure(_[a-z]*)?|local_in[a-z]*"
)

_SWITCHES: Final = frozenset(key for key, value in DEFAULTS.items() if value == "off") | {
    "ssl",
    "local_infile",
}
_DEPTH: Final = 10


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a file, as the servers understand it."""

    group: str
    key: str
    value: str
    file: str
    line: int


def read_options(read: Listing) -> Iterator[Option]:
    """Yield the options of all files in the order in which they are read."""
    for path in MAINS:
        yield from _file(path, read, 0)
    named = [path for path in read.files if path.startswith(_STARTERS)]
    for path in (*named, *(path for path in read.files if path.endswith(f"/{AUTO}"))):
        yield from _file(path, read, 0, "mysqld")


def _file(path: str, read: Listing, depth: int, group: str = "") -> Iterator[Option]:
    for number, raw in enumerate(read.files.get(path, ()), 1):
        line = raw.strip()
        if line.startswith("[") and "]" in line:
            group = line[1 : line.index("]")].strip().lower()
        elif line.startswith("!include"):
            for each in _included(line, read):
                if depth < _DEPTH:
                    yield from _file(each, read, depth + 1)
        elif line and line[0] not in "#;":
            key, value = option(line)
            yield Option(group, key, value, path, number)


def _included(line: str, read: Listing) -> list[str]:
    word, *rest = line.split(None, 1)
    pattern = "".join(rest).rstrip("/")
    if word == "!includedir":
        depth = pattern.count("/") + 1
        near = (path for path in read.files if path.count("/") == depth)
        return sorted(path for path in near if fnmatchcase(path, f"{pattern}/*.cnf"))
    return [pattern]


def option(line: str) -> tuple[str, str]:
    """Return (option, value) as the servers understand a line.

    skip-networking          -> skip_networking on
    loose-ssl_cert = "/x"    -> ssl_cert /x
    disable-local-infile     -> local_infile off
    skip-grant               -> skip_grant_tables on
    """
    name, equals, value = line.partition("=")
    key = name.strip().lower().replace("-", "_").removeprefix("loose_")
    value = value.strip().strip("\"'")
    for prefix, state in (("enable_", "on"), ("disable_", "off")):
        if key.startswith(prefix):
            key, equals, value = key.removeprefix(prefix), "=", state
    if len(key) > 5 and key not in (*DEFAULTS, "networking"):  # noqa: PLR2004  # as short as people write
        key = next((name for name in DEFAULTS if name.startswith(key)), key)
    if key in ("skip_ssl", "networking"):
        other = {"on": "off", "off": "on"}[_switch(value, bare=not equals)]
        return ("ssl" if key == "skip_ssl" else "skip_networking"), other
    return key, _switch(value, bare=not equals) if key in _SWITCHES else value


def _switch(value: str, *, bare: bool) -> str:
    return "on" if bare or value.lower() in ("1", "on", "true", "yes", "force") else "off"


def is_read(group: str, server: str, version: tuple[int, int, int] | None) -> bool:
    """Say whether the server reads a group; one for another version is not."""
    base, _, series = group.partition("-")
    own = {"mysqld", "server"} | (
        {"mariadb", "mariadbd", "client-server", "galera"} if server == "mariadb" else set()
    )
    if group in own:
        return True
    numbered = base in own - {"server", "galera"} and bool(re.fullmatch(r"\d+\.\d+", series))
    return numbered and (version is None or series == f"{version[0]}.{version[1]}")
