"""postgresql.conf: its grammar, and the documented defaults of what rules ask for.

Sources: PostgreSQL's documentation, chapter 20 (20.1.2 for the grammar), and its release notes
where a default changed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from posixpath import dirname
from typing import Final

DEFAULTS: Final[Mapping[str, str]] = {
    "listen_addresses": "localhost",
    "log_connections": "off",
    "log_disconnections": "off",
    "log_hostname": "off",
    "log_statement": "none",
    "logging_collector": "off",
    "port": "5432",
    "row_security": "on",
    "shared_preload_libraries": "",
    "ssl": "off",
    "ssl_ca_file": "",
    "ssl_cert_file": "server.crt",
    "ssl_ciphers": "HIGH:MEDIUM:+3DES:!aNULL",
    "ssl_key_file": "server.key",
    "ssl_min_protocol_version": "TLSv1.2",
    "ssl_prefer_server_ciphers": "on",
    "password_encryption": "scram-sha-256",
}
# The defaults of older releases: (before this major version, the setting, its default).
_ONCE: Final = (
    (14, "password_encryption", "md5"),
    (13, "ssl_min_protocol_version", "TLSv1"),
)
# Files that lead to more files.
POINTERS: Final = ("include", "include_if_exists", "include_dir", "hba_file", "data_directory")

_SWITCHES: Final = frozenset(key for key, value in DEFAULTS.items() if value in ("on", "off"))
_LINE: Final = re.compile(r"^\s*([A-Za-z_][\w.]*)(?:\s*=\s*|\s+)('(?:[^'\\]|''|\\.)*'|[^\s#]*)")
_DEPTH: Final = 10

Files = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class PgSetting:
    """One assignment; line 0 and no file for a default."""

    key: str
    value: str
    file: str = ""
    line: int = 0


def read_conf(path: str, files: Files, depth: int = 0) -> Iterator[PgSetting]:
    """Read a file, with those it includes in their places.

    listen_addresses = '*'      # a comment
    include_dir 'conf.d'
    """
    for number, text in enumerate(files.get(path, ()), 1):
        match = _LINE.match(text)
        if match is None:
            continue
        key, value = match[1].lower(), _unquoted(match[2])
        if key in ("include", "include_if_exists", "include_dir"):
            if depth < _DEPTH:
                for each in _included(key, value, path, files):
                    yield from read_conf(each, files, depth + 1)
        else:
            yield PgSetting(key, _normal(key, value), path, number)


def _included(key: str, name: str, path: str, files: Files) -> list[str]:
    whole = name if name.startswith("/") else f"{dirname(path)}/{name}"
    pattern = f"{whole.rstrip('/')}/*.conf" if key == "include_dir" else whole
    depth = pattern.count("/")
    near = (each for each in files if each.count("/") == depth and "/." not in each)
    return sorted(each for each in near if each == pattern or fnmatchcase(each, pattern))


def _unquoted(value: str) -> str:
    if not value.startswith("'"):
        return value
    return re.sub(r"''|\\(.)", lambda found: found[1] or "'", value[1:-1])


def _normal(key: str, value: str) -> str:
    """Return on or off for a switch; the server takes any unambiguous beginning of the words."""
    word = value.lower()
    if key not in _SWITCHES or not word:
        return value
    if word in ("on", "1") or "true".startswith(word) or "yes".startswith(word):
        return "on"
    off = word in ("off", "of", "0") or "false".startswith(word) or "no".startswith(word)
    return "off" if off else value


def effective(made: Sequence[PgSetting], version: int | None) -> dict[str, PgSetting]:
    """Return what holds for every known setting: the last one made, else the default."""
    once = {key: value for before, key, value in _ONCE if version is not None and version < before}
    defaults = {**DEFAULTS, **once}
    held = {key: PgSetting(key, value) for key, value in defaults.items()}
    return held | {setting.key: setting for setting in made if setting.key in defaults}
