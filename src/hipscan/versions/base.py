"""What every ordering of versions offers: a key whose plain order is the ecosystem's own.

A key is text. It can be stored, indexed and compared by a database, and two versions are equal
to the package manager exactly when their keys are.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

Key: TypeAlias = Callable[[str], str]
"""Turns a version into its key; raises InvalidVersion."""

_SHORT: Final = 25


class InvalidVersion(ValueError):  # noqa: N818  # the name that packaging made known
    """A text that the package manager itself would not take for a version."""

    def __init__(self, version: str, reason: str) -> None:
        super().__init__(f"{version[:80]!r} is not a version: {reason}")
        self.version = version
        self.reason = reason


def number_key(digits: str) -> str:
    """Return text that sorts as the number in `digits` does, however long it is.

    The length goes first: 0 is "A", 7 is "B7", 12 is "C12". No key is the start of another.
    """
    significant = digits.lstrip("0")
    length = len(significant)
    if length < _SHORT:
        return chr(ord("A") + length) + significant
    return f"Z{length:09d}{significant}"


def compare(key: Key, a: str, b: str) -> int:
    """Return -1, 0 or 1: whether version `a` is older than, equal to or newer than `b`."""
    first, second = key(a), key(b)
    return (first > second) - (first < second)


def check_text(version: str) -> None:
    """Refuse what no version holds: nothing, white space, control or foreign characters."""
    if not version:
        raise InvalidVersion(version, "it is empty")
    if not version.isascii() or not version.isprintable() or " " in version:
        raise InvalidVersion(version, "it holds a space or a character beyond printable ASCII")
