r"""Dovecot 2.2 to 2.4: dovecot.conf with what it includes, and settings of blocks within it.

The last setting of a block wins. What a `protocol`, `local` or `remote` block says holds for some
connections, so the worst of all values is what counts. `ssl = required` takes no password in clear
text, whatever else is set. Release 2.4 has new names
(auth_allow_cleartext for disable_plaintext_auth) and stricter defaults (its upgrade notes).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_loopback, is_remote, words
from hipscan.probes.allow_list import beside
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member
from hipscan.probes.tls.tls_grades import PROTOCOLS, old_protocols

_MAIN: Final = "/etc/dovecot/dovecot.conf"
_KEYS: Final = (
    "ssl|ssl_min_protocol|ssl_protocols|disable_plaintext_auth|auth_allow_cleartext|"
    "auth_mechanisms|auth_debug_passwords|auth_verbose_passwords|protocols|listen|"
    "imap|pop3|lmtp|submission|sieve|plain|login|anonymous|port"
)

SCRIPT: Final = rf"""
clean() {{ awk '
!/^:/ {{ print; next }}
{{ line = substr($0, 2); sub(/^[ \t]+/, "", line); sub(/[ \t]+#.*$/, "", line) }}
line ~ /^#/ || line == "" {{ next }}
line ~ /^!include(_try)?[ \t]/ || line ~ /^[}}]/ {{ print ":" line; next }}
line ~ /[{{][ \t]*[}}]?$/ {{ print ":" line; next }}
{{ key = line; sub(/[ \t]*=.*/, "", key) }}
key ~ /^({_KEYS})$/ {{ print ":" line }}'; }}
parts() {{ awk '
/^F/ {{ folder = substr($0, 2); sub(/\/[^\/]*$/, "", folder) }}
/^:!include/ {{ path = $2; print (path ~ /^\//) ? path : folder "/" path }}'; }}
if command -v dovecot >/dev/null; then printf 'version %s\n' "$(dovecot --version)"; fi
follow clean parts {_MAIN}
"""

FIELDS: Final = {
    "version": Field(FieldType.TEXT, "the release"),
    "protocols": Field(FieldType.LIST, "what it serves: imap, pop3, lmtp, submission, sieve"),
    "listen": Field(FieldType.LIST, "listen"),
    "remote": Field(FieldType.BOOLEAN, "whether other hosts reach it"),
    "ssl": Field(
        FieldType.TEXT,
        "no, yes or required: the weakest that is set; required too where every clear port is off",
    ),
    "clear_logins": Field(FieldType.BOOLEAN, "whether passwords are taken without TLS"),
    "weak_protocols": Field(FieldType.LIST, "protocols below TLS 1.2 that it allows"),
    "anonymous": Field(FieldType.BOOLEAN, "whether one may log in without a name"),
    "logs_passwords": Field(FieldType.BOOLEAN, "whether it writes passwords to the log"),
    "file": Field(FieldType.TEXT, "its main file"),
}


def parse(read: Listing) -> Facts:
    """Parse the release and the files.

    version 2.3.19.1 (9b53102964)
    F/etc/dovecot/dovecot.conf
    :!include conf.d/*.conf
    F/etc/dovecot/conf.d/10-ssl.conf
    :ssl = required
    """
    if _MAIN not in read.files:
        if not read.notes:
            raise ValueError("no dovecot.conf")
        return {"dovecot_server": ok()}
    stated = next((line for line in read.plain if line.startswith("version ")), "")
    found = re.search(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?", stated)
    release = tuple(int(part or 0) for part in found.groups()) if found else ()
    return {"dovecot_server": ok(_record(release, list(_settings(_MAIN, read, (), 0))))}


def _settings(
    path: str, read: Listing, blocks: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield (blocks, key, value) in the order in which Dovecot reads them."""
    for line in read.files.get(path, ()):
        text = line.strip()
        include = re.match(r"^!include(?:_try)?\s+(\S+)", text)
        if include:
            wanted = beside(include[1], path)
            for each in sorted(name for name in read.files if fnmatchcase(name, wanted)):
                if depth < 8 and each != path:  # noqa: PLR2004  # nothing nests so deep
                    yield from _settings(each, read, blocks, depth + 1)
        elif text.startswith("}"):
            blocks = blocks[:-1]
        elif text.endswith("{"):
            blocks = (*blocks, text[:-1].strip())
        elif "=" in text:
            key, _, value = text.partition("=")
            yield blocks, key.strip(), value.strip().strip("\"'")


def _record(release: tuple[int, ...], made: Sequence[tuple[tuple[str, ...], str, str]]) -> Record:
    held: dict[tuple[tuple[str, ...], str], str] = {}
    for blocks, key, value in made:
        earlier = held.get((blocks, key), "")
        held[blocks, key] = value.replace(f"${key}", earlier)
    new = release >= (2, 4, 0)
    listen = words(held.get(((), "listen"), "*, ::"))
    serves = _protocols(held)
    clear = (
        ("auth_allow_cleartext", "yes", "no") if new else ("disable_plaintext_auth", "no", "yes")
    )
    levels = _values("ssl", held) or ["yes"]
    if "no" not in levels and _has_no_clear_port(serves, held):
        levels = ["required"]
    weakest = next((level for level in ("no", "yes") if level in levels), "required")
    record: dict[str, Value] = {
        "version": ".".join(map(str, release)),
        "protocols": serves,
        "listen": listen,
        "remote": is_remote(listen) and bool(serves),
        "ssl": weakest,
        "clear_logins": weakest != "required"
        and clear[1] in (_values(clear[0], held) or [clear[2]]),
        "weak_protocols": _weak(release, held),
        "anonymous": "anonymous" in " ".join(_values("auth_mechanisms", held)).split()
        or held.get((("auth_mechanisms",), "anonymous")) == "yes",
        "logs_passwords": "yes" in _values("auth_debug_passwords", held)
        or any(value not in ("no", "") for value in _values("auth_verbose_passwords", held)),
        "file": _MAIN,
    }
    return record


def _values(key: str, held: Mapping[tuple[tuple[str, ...], str], str]) -> list[str]:
    """Return what a setting is, globally and in blocks for some connections from other hosts."""
    return [
        value.lower()
        for (blocks, name), value in held.items()
        if name == key and all(_is_filter(block) for block in blocks)
    ]


def _is_filter(block: str) -> bool:
    """Say whether a block is for some connections, not for a listener, and not only for our own."""
    kind, _, what = block.partition(" ")
    if kind in ("local", "remote"):
        return not is_loopback(what.partition("/")[0])
    return kind in ("protocol", "local_name")


def _has_no_clear_port(
    serves: Sequence[str], held: Mapping[tuple[tuple[str, ...], str], str]
) -> bool:
    """Say whether `port = 0` closes the ports of imap and pop3, so that TLS alone is left."""
    off = {
        blocks[-1].removeprefix("inet_listener").strip()
        for (blocks, name), value in held.items()
        if blocks and name == "port" and value == "0"
    }
    return bool(serves) and set(serves) - {"lmtp"} <= off & {"imap", "pop3"}


def _protocols(held: Mapping[tuple[tuple[str, ...], str], str]) -> Sequence[str]:
    plain = held.get(((), "protocols"), "").split()
    listed = [name for (blocks, name), v in held.items() if blocks == ("protocols",) and v == "yes"]
    return sorted({name for name in (*plain, *listed) if not name.startswith("$")})


def _weak(
    release: tuple[int, ...], held: Mapping[tuple[tuple[str, ...], str], str]
) -> list[Value] | None:
    """Return the protocols below TLS 1.2; since 2.3 one names the oldest, before that all."""
    if release and release < (2, 3, 0):
        words_ = " ".join(_values("ssl_protocols", held) or ["!sslv3"]).split()
        gone = {word.lstrip("!") for word in words_ if word.startswith("!")}
        return [*old_protocols(name for name in PROTOCOLS[2:] if name.lower() not in gone)]
    default = "tlsv1.2" if release >= (2, 3, 15) else "tlsv1"
    names = {name.lower(): place for place, name in enumerate(PROTOCOLS)}
    least = _values("ssl_min_protocol", held) or [default if release else ""]
    names |= {"any": 2, "ssl3": 2, "latest": len(PROTOCOLS) - 1}
    places = [names.get(name) for name in least]
    if None in places:
        return None
    return [*old_protocols(PROTOCOLS[min(place for place in places if place is not None) :])]


MEMBER: Final = Member(
    name="dovecot",
    title="Dovecot",
    paths=(_MAIN,),
    facts=(FactSpec("dovecot_server", "Dovecot as a whole.", ("file",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    programs="dovecot",
    packages="dovecot-core",
    whole=frozenset({"dovecot_server"}),
)
