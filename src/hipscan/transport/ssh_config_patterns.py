"""Host patterns as ssh_config and known_hosts write them: `*`, `?`, `!`, commas.

    *.example.org,!bastion.example.org,10.0.0.?

Matching is on bytes, because a known_hosts file may hold any; it takes time proportional to
pattern times text, so that no pattern can stall a scan.
"""

from collections.abc import Iterable
from typing import Final

_STAR: Final = ord("*")
_ANY: Final = ord("?")
# OpenSSH copies each pattern into a buffer of this many bytes and gives up on longer ones.
_LONGEST: Final = 1022


def matches(pattern: bytes, text: bytes) -> bool:
    """Tell whether the whole of `text` matches `pattern`; only `*` and `?` are special."""
    here = at = resume = 0
    star = -1
    while at < len(text):
        wanted = pattern[here] if here < len(pattern) else -1
        if wanted == _STAR:
            star, resume = here, at
            here += 1
        elif wanted in (_ANY, text[at]):
            here += 1
            at += 1
        elif star >= 0:
            resume += 1
            here, at = star + 1, resume
        else:
            return False
    return not pattern[here:].strip(b"*")


def any_of(patterns: Iterable[bytes], name: bytes) -> bool:
    """Tell whether `name` matches one of `patterns` and none of the negated ones, in any case."""
    found = False
    for pattern in patterns:
        negated = pattern.startswith(b"!")
        bare = pattern[negated:].lower()
        if len(bare) > _LONGEST:
            return False
        if matches(bare, name.lower()):
            if negated:
                return False
            found = True
    return found


def listed(patterns: bytes, name: bytes) -> bool:
    """Tell whether `name` matches a comma separated list of patterns."""
    return any_of(patterns.split(b","), name)
