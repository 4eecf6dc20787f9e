"""The order of Debian's versions, as dpkg compares them (deb-version(7)).

    1:9.2p1-2+deb12u3      epoch 1, upstream version 9.2p1, revision 2+deb12u3
    5.15~rc1-1             a tilde sorts before everything, even before the end

dpkg reads a version as text and number in turn, for ever: past the end come empty text and the
number 0 again and again. So `1.0`, `1.` and `1.00` are equal, and so are `45A-0` and `45A0`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from hipscan.versions import base
from hipscan.versions.base import InvalidVersion, check_text, number_key

# The places of a key in their order. Zeros that end a text have two, because what follows them
# decides whether they are less or more than the end of the version, which is zeros for ever.
_TILDE: Final = "!"
_ZEROS_THEN_TILDE: Final = '"'
_END: Final = "#"
_ZEROS_THEN_MORE: Final = "$"
_NUMBER: Final = "%"

_PARTS: Final = re.compile(r"([^0-9]*)([0-9]*)")
_MAX_EPOCH: Final = 2**31 - 1
_OTHERS: Final = 256  # dpkg puts what is neither letter nor tilde after all letters


def compare(a: str, b: str) -> int:
    """Return -1, 0 or 1 as dpkg orders `a` and `b`; raise InvalidVersion."""
    return base.compare(key, a, b)


@lru_cache(maxsize=16384)
def key(version: str) -> str:
    """Return text whose plain order is dpkg's order of versions; raise InvalidVersion."""
    check_text(version)
    epoch, upstream, revision = split(version)
    return number_key(epoch) + _part_key(upstream) + _part_key(revision)


def split(version: str) -> tuple[str, str, str]:
    """Return (epoch, upstream version, revision); an absent epoch is "0", a revision ""."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    elif not epoch.isdigit() or int(epoch[:_MAX_DIGITS]) > _MAX_EPOCH:
        raise InvalidVersion(version, "its epoch is not a number that dpkg takes")
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream = rest
    if not upstream or (dash and not revision):
        raise InvalidVersion(version, "a part of it is empty")
    return epoch, upstream, revision if dash else ""


_MAX_DIGITS: Final = 4000


def _part_key(part: str) -> str:
    tokens = list(_tokens(part))
    after = _END
    for index in range(len(tokens) - 1, -1, -1):
        if tokens[index] != _ZEROS_THEN_MORE:
            after = tokens[index]
        elif after == _END:
            tokens.pop()
        elif after == _TILDE:
            tokens[index] = _ZEROS_THEN_TILDE
    return "".join(tokens) + _END


def _tokens(part: str) -> Iterator[str]:
    """Yield one token for each character of text, and one for each number that ends a text."""
    for text, digits in _PARTS.findall(part):
        yield from (_character(char) for char in text)
        if text or digits:
            number = number_key(digits)
            yield _ZEROS_THEN_MORE if number == number_key("") else _NUMBER + number


def _character(char: str) -> str:
    if char == "~":
        return _TILDE
    return char if char.isalpha() else chr(ord(char) + _OTHERS)
