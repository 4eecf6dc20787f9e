"""The order of semantic versions (semver.org 2.0.0, item 11), as npm compares them.

1.10.0               three numbers
1.0.0-rc.1           a preview comes before the version itself
1.0.0+20260101       what follows a plus says nothing about the order
"""

import re
from functools import lru_cache
from typing import Final

from hipscan.versions.base import InvalidVersion, check_text, number_key

# The places of a key in their order.
_END_OF_PREVIEW: Final = "!"
_NUMBER: Final = "1"
_TEXT: Final = "2"
_NO_PREVIEW: Final = "3"

_NUMERIC: Final = r"(0|[1-9][0-9]*)"
_IDENTIFIER: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SHAPE: Final = re.compile(
    rf"v?{_NUMERIC}\.{_NUMERIC}\.{_NUMERIC}"
    rf"(?:-(?P<preview>{_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


@lru_cache(maxsize=16384)
def key(version: str) -> str:
    """Return text whose plain order is the order of semantic versions; raise InvalidVersion."""
    check_text(version)
    shape = _SHAPE.fullmatch(version)
    if shape is None:
        raise InvalidVersion(version, "it is not MAJOR.MINOR.PATCH")
    numbers = "".join(number_key(shape[place]) for place in (1, 2, 3))
    preview = shape["preview"]
    if preview is None:
        return numbers + _NO_PREVIEW
    return numbers + "".join(_identifier(part) for part in preview.split(".")) + _END_OF_PREVIEW


def _identifier(text: str) -> str:
    if text.isdigit():
        return _NUMBER + number_key(text)
    return _TEXT + text + _END_OF_PREVIEW
