"""The order of Alpine's versions, as apk compares them (apk-package(5), apk-tools' version data).

    3.1.4-r5             dotted numbers, then the revision of the package
    9.1_p1-r2            a suffix: _alpha _beta _pre _rc come before, _cvs _svn _git _hg _p after
    1.0.2k_git20240101   a letter behind the last number, a number behind a suffix

A number behind a dot that starts with 0 is compared as text, as a fraction would be, so 1.05 is
older than 1.1. A longer version is newer, unless what it has more says that it is a preview.
"""

import re
from functools import lru_cache
from typing import Final

from hipscan.versions.base import InvalidVersion, check_text, number_key

# The places of a key in their order: where two versions part, the one with more is the newer one,
# and what may come early in a version counts for more than what comes late.
_PREVIEW: Final = "!"
_END: Final = '"'
_REVISION: Final = "#"
_HASH: Final = "$"
_NUMBER_OF_SUFFIX: Final = "%"
_SUFFIX: Final = "&"
_LETTER: Final = "'"
_FRACTION: Final = "("
_NUMBER: Final = ")"

_PREVIEWS: Final = ("alpha", "beta", "pre", "rc")
_LATER: Final = ("cvs", "svn", "git", "hg", "p")
_SHAPE: Final = re.compile(
    r"(?P<first>[0-9]+)(?P<rest>(?:\.[0-9]+)*)(?P<letter>[a-z]?)"
    r"(?P<suffixes>(?:_[a-z]+[0-9]*)*)(?:~(?P<hash>[0-9a-f]+))?(?:-r(?P<revision>[0-9]+))?"
)
_SUFFIXES: Final = re.compile(r"_([a-z]+)([0-9]*)")


@lru_cache(maxsize=16384)
def key(version: str) -> str:
    """Return text whose plain order is apk's order of versions; raise InvalidVersion."""
    check_text(version)
    shape = _SHAPE.fullmatch(version)
    if shape is None:
        raise InvalidVersion(version, "apk's grammar has no such version")
    numbers = "".join(_dotted(digits) for digits in shape["rest"].split(".")[1:])
    suffixes = "".join(_suffix(version, *parts) for parts in _SUFFIXES.findall(shape["suffixes"]))
    return (
        number_key(shape["first"])
        + numbers
        + (_LETTER + shape["letter"] if shape["letter"] else "")
        + suffixes
        + (_HASH + shape["hash"] + _END if shape["hash"] else "")
        + (_REVISION + number_key(shape["revision"]) if shape["revision"] else "")
        + _END
    )


def _dotted(digits: str) -> str:
    return _FRACTION + digits + _END if digits.startswith("0") else _NUMBER + number_key(digits)


def _suffix(version: str, name: str, digits: str) -> str:
    number = _NUMBER_OF_SUFFIX + number_key(digits) if digits else ""
    if name in _PREVIEWS:
        return f"{_PREVIEW}{_PREVIEWS.index(name)}{number}"
    if name in _LATER:
        return f"{_SUFFIX}{_LATER.index(name)}{number}"
    raise InvalidVersion(version, f"apk knows no suffix _{name}")
