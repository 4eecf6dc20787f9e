"""Grades of TLS protocols and of OpenSSL cipher strings, shared by every TLS server's probe.

Sources: RFC 8996 and SP 800-52r2 for protocols; RFC 7465 (RC4), SP 800-131A (3DES, MD5) and the
Mozilla server-side guidelines for ciphers; FIPS 197 and SP 800-52r2 for what is approved.
"""

import re
from collections.abc import Iterable
from typing import Final

from hipscan.probes.tls.tls_floor import Floor

PROTOCOLS: Final = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
OLD: Final = frozenset(PROTOCOLS[:4])

# What a word of a cipher string adds, as (pattern of the word, families).
_ADDS: Final = (
    (r"^(COMPLEMENTOFDEFAULT|COMPLEMENTOFALL)$", ("anonymous", "null")),
    (r"^ALL$", ("anonymous", "3DES", "RC4", "IDEA", "SEED")),
    (r"^HIGH$", ("anonymous",)),
    (r"^MEDIUM$", ("3DES", "RC4", "IDEA", "SEED", "anonymous")),
    (r"^LOW$", ("DES",)),
    (r"(^|\+|-)(aNULL|ADH|AECDH|DH-anon)", ("anonymous",)),
    (r"(^|\+|-)(eNULL|NULL)(-|\+|$)", ("null",)),
    (r"(^|\+|-)EXP(ORT)?\d*(-|\+|$)", ("export",)),
    (r"RC4", ("RC4",)),
    (r"3DES|CBC3", ("3DES",)),
    (r"(^|\+|-)DES(-CBC(-|$)|\+|$)", ("DES",)),
    (r"(^|\+|-)MD5(\+|$)|-MD5$", ("MD5",)),
    (r"RC2", ("RC2",)),
    (r"IDEA", ("IDEA",)),
    (r"SEED", ("SEED",)),
)
_TAKES: Final = {
    "ANULL": "anonymous",
    "ADH": "anonymous",
    "AECDH": "anonymous",
    "ENULL": "null",
    "NULL": "null",
    "EXP": "export",
    "EXPORT": "export",
    "RC4": "RC4",
    "3DES": "3DES",
    "DES": "DES",
    "MD5": "MD5",
    "RC2": "RC2",
    "IDEA": "IDEA",
    "SEED": "SEED",
}
# Built into no libssl of a supported distribution, or refused from security level 1 on, so that
# only an explicit name deserves a word.
_IMPLIED: Final = frozenset({"ALL", "HIGH", "MEDIUM"})


def weak_families(ciphers: str, floor: Floor) -> list[str]:
    """Return the families of weak ciphers that an OpenSSL cipher string lets in, sorted.

    With OpenSSL 3 a group such as HIGH or ALL brings none of them: they are not built in, or the
    security level forbids them. A weak cipher that is named counts in any case.

    "HIGH:RC4-SHA:!aNULL" -> ["RC4"]
    """
    words = [word for word in re.split(r"[:, ;]+", ciphers.strip("\"' ")) if word]
    kept: set[str] = set()
    gone: set[str] = set()
    modern = floor.stops_old_protocols(ciphers)
    for word in words:
        if word[0] in "!-":
            out = {_TAKES.get(part.upper(), "") for part in [word[1:]]}
            kept -= out
            gone |= out if word[0] == "!" else set()
        elif word[0] not in "+@" and not (modern and word.upper() in _IMPLIED):
            kept |= _families(word)
    return sorted(kept - gone)


_UNAPPROVED: Final = ("ARIA", "CAMELLIA", "CHACHA20")
# Words of a cipher string that bring nothing but what NIST approves, or nothing that is built in.
_APPROVED: Final = re.compile(r"AES|FIPS|LOW|EXP|NULL|RC4|3DES|(^|-)DES|MD5|MEDIUM", re.IGNORECASE)
_DEFAULTS: Final = frozenset({"DEFAULT", "PROFILE=SYSTEM", "@SYSTEM"})


def unapproved_families(ciphers: str, floor: Floor) -> list[str]:
    """Return the ciphers outside NIST's list that an OpenSSL cipher string lets in, sorted.

    An empty string is OpenSSL's default. A group such as HIGH or ECDHE brings all of them, the
    default only ChaCha20; under the crypto policy FIPS nothing does. Suites of TLS 1.3 have a
    setting of their own and are not judged here.

    "HIGH:!aNULL:!CAMELLIA" -> ["ARIA", "CHACHA20"]
    """
    if floor.policy.startswith("FIPS"):
        return []
    words = [word for word in re.split(r"[:, ;]+", ciphers.strip("\"' ")) if word] or ["DEFAULT"]
    kept: set[str] = set(weak_families(ciphers, floor))
    gone: set[str] = set()
    for word in words:
        named = {family for family in _UNAPPROVED if family in word.upper()}
        if word[0] in "!-":
            kept -= named
            gone |= named if word[0] == "!" else set()
        elif word in _DEFAULTS:
            kept.add("CHACHA20")
        elif word[0] not in "+@":
            kept |= named or (set() if _APPROVED.search(word) else set(_UNAPPROVED))
    return sorted(kept - gone)


def _families(word: str) -> set[str]:
    found: set[str] = set()
    for pattern, families in _ADDS:
        if re.search(pattern, word, re.IGNORECASE):
            found |= set(families)
    return found


def old_protocols(protocols: Iterable[str]) -> list[str]:
    """Return the protocols below TLS 1.2, in order of age."""
    listed = set(protocols)
    return [name for name in PROTOCOLS if name in listed and name in OLD]


def severity(protocols: Iterable[str], ciphers: str, floor: Floor) -> str:
    """Return how bad old protocols are: low where the library refuses them anyway."""
    old = old_protocols(protocols)
    if not old:
        return "info"
    return "low" if floor.stops_old_protocols(ciphers) else "high"
