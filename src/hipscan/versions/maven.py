"""The order of Maven's versions (maven.apache.org/pom.html, "Version Order Specification").

    1-alpha-1 < 1-beta < 1-m1 < 1-rc < 1-snapshot < 1 = 1.0 = 1-ga = 1-final < 1-sp < 1-foo < 1.1

A version is a list of numbers and words; a dash, every change between digits and letters, and a
word that ends the version or stands before a digit open a list inside the list. Zeros and words
that mean "final" are dropped where a list ends.

Maven's own order goes in a circle for odd mixtures: 1.sp.x < 1-alpha < 1 < 1.sp.x. A key cannot;
what comes before the bare version is then less than what comes after it.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, TypeAlias

from hipscan.versions.base import InvalidVersion, check_text, number_key

Item: TypeAlias = "str | list[Item]"
"""A number as digits, a word, or a list of items."""

# The places of a key in their order: words, lists and numbers before the end, the end, and after.
_BEFORE: Final = ("!", '"', "#")
_END: Final = "$"
_AFTER: Final = ("%", "&", "'")

_WORDS: Final = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_FINAL: Final = _WORDS.index("")
_SAME: Final = {"ga": "", "final": "", "release": "", "cr": "rc"}
_SHORT: Final = {"a": "alpha", "b": "beta", "m": "milestone"}  # only with a number behind
_PIECES: Final = re.compile(r"([0-9]+|[^0-9.-]+|)([.-]?)")
_DEEPEST: Final = 60


@lru_cache(maxsize=16384)
def key(version: str) -> str:
    """Return text whose plain order is Maven's order of versions; raise InvalidVersion."""
    check_text(version)
    top: list[Item] = []
    lists = [top]
    for text, follower in _pieces(version.lower()):
        if lists[-1] and not text.isdigit() and follower not in {".", "-"}:
            _open(lists)
        lists[-1].append(_item(text, is_before_digit=follower.isdigit()))
        if follower not in {".", ""}:
            _open(lists)
    if len(lists) > _DEEPEST:
        raise InvalidVersion(version, "it has too many parts")
    for found in reversed(lists):
        _trim(found)
    return _list_key(top)


def _open(lists: list[list[Item]]) -> None:
    """Open a list inside the last one."""
    inner: list[Item] = []
    lists[-1].append(inner)
    lists.append(inner)


def _pieces(version: str) -> Iterator[tuple[str, str]]:
    """Yield numbers and words, "0" for nothing, with the character that follows, "" at the end."""
    for piece in _PIECES.finditer(version):
        if piece[0]:
            yield piece[1] or "0", piece[2] or version[piece.end() : piece.end() + 1]


def _item(text: str, *, is_before_digit: bool) -> str:
    if text.isdigit():
        return text
    word = _SHORT.get(text, text) if is_before_digit else text
    return _SAME.get(word, word)


def _trim(items: list[Item]) -> None:
    """Take away what means nothing: zeros, "final" and empty lists, from the end on."""
    for at in range(len(items) - 1, -1, -1):
        if _sign(items[at]) == 0 and not _holds_something(items[at]):
            del items[at]
        elif not isinstance(items[at], list):
            break


def _holds_something(item: Item) -> bool:
    return isinstance(item, list) and bool(item)


def _sign(item: Item) -> int:
    """Return -1, 0 or 1: whether `item` comes before the end of a version, is like it, or after."""
    if isinstance(item, list):
        return next((sign for part in item if (sign := _sign(part))), 0)
    if item.isdigit():
        return 1 if item.strip("0") else 0
    rank = _WORDS.index(item) if item in _WORDS else len(_WORDS)
    return (rank > _FINAL) - (rank < _FINAL)


def _list_key(items: list[Item]) -> str:
    parts: list[str] = []
    follows = 0
    for item in reversed(items):
        follows = _sign(item) or follows
        parts.append(_item_key(item, _BEFORE if follows < 0 else _AFTER))
    return "".join(reversed(parts)) + _END


def _item_key(item: Item, places: tuple[str, str, str]) -> str:
    if isinstance(item, list):
        return places[1] + _list_key(item)
    if item.isdigit():
        return places[2] + number_key(item)
    rank = _WORDS.index(item) if item in _WORDS else len(_WORDS)
    return f"{places[0]}{rank}{item if rank == len(_WORDS) else ''} "
