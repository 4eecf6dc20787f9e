"""The order of rpm's versions: epoch, version and release (rpm-version(7), `rpm.labelCompare`).

    1:1.1.1k-7.el8_6       epoch 1, version 1.1.1k, release 7.el8_6
    2.0~rc1-1              a tilde sorts before everything, even before the end
    2.0^20240101git-1      a caret sorts after the end and before everything else

rpm reads runs of digits and runs of letters; what stands between only parts them, so `1.2`,
`1_2` and `1.2.` are equal. Numbers are newer than letters.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from hipscan.versions import base
from hipscan.versions.base import InvalidVersion, check_text, number_key

# The places of a key in their order; all of them sort before every letter.
_NO_RELEASE: Final = " "
_TILDE: Final = "!"
_END: Final = "#"
_CARET: Final = "$"
_LETTERS: Final = "%"
_DIGITS: Final = "&"

_RUNS: Final = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_EPOCH: Final = re.compile(r"[0-9]*")


def compare(a: str, b: str) -> int:
    """Return -1, 0 or 1 as rpm orders `a` and `b`; raise InvalidVersion."""
    return base.compare(key, a, b)


@lru_cache(maxsize=16384)
def key(version: str) -> str:
    """Return text whose plain order is rpm's order of [epoch:]version[-release].

    A version without a release is older than the same one with any. Raises InvalidVersion.
    """
    check_text(version)
    epoch, upstream, release = split(version)
    return number_key(epoch) + _part_key(upstream) + _release_key(release)


def split(version: str) -> tuple[str, str, str | None]:
    """Return (epoch, version, release); an absent epoch is "0", an absent release None."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    if not _EPOCH.fullmatch(epoch) or ":" in rest:
        raise InvalidVersion(version, "its epoch is not a number")
    upstream, dash, release = rest.rpartition("-")
    if not dash:
        return epoch, rest, None
    if not upstream or not release:
        raise InvalidVersion(version, "a part of it is empty")
    return epoch, upstream, release


def _release_key(release: str | None) -> str:
    return _NO_RELEASE if release is None else _part_key(release)


def _part_key(part: str) -> str:
    return "".join(_tokens(part)) + _END


def _tokens(part: str) -> Iterator[str]:
    for run in _RUNS.findall(part):
        if run == "~":
            yield _TILDE
        elif run == "^":
            yield _CARET
        elif run.isdigit():
            yield _DIGITS + number_key(run)
        else:
            yield _LETTERS + run
