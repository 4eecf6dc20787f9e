"""The order of Python's versions (PEP 440), read by `packaging`.

1!2.0.post1          epoch 1, release 2.0, a correction of its text
1.0.dev3 < 1.0a1.dev1 < 1.0a1 < 1.0rc1 < 1.0 < 1.0+local < 1.0.post1.dev1 < 1.0.post1
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from hipscan.versions.base import InvalidVersion, check_text, number_key

if TYPE_CHECKING:
    from packaging.version import Version

_END: Final = "0"
_PHASES: Final = {"a": "1", "b": "2", "rc": "3"}
_FINAL: Final = "4"
_TEXT_ENDS: Final = "!"  # before every letter and digit
_LONGEST: Final = 1000  # digits: beyond 4,300 Python refuses to make a number of them


@lru_cache(maxsize=16384)
def key(version: str) -> str:
    """Return text whose plain order is the order of PEP 440; raise InvalidVersion."""
    from packaging import version as packaging  # noqa: PLC0415  # only where Python is looked at

    check_text(version)
    if len(version) > _LONGEST:
        raise InvalidVersion(version, "it is too long")
    try:
        found = packaging.Version(version)
    except packaging.InvalidVersion:
        raise InvalidVersion(version, "PEP 440 has no such version") from None
    return number_key(str(found.epoch)) + _release(found) + _phase(found) + _local(found)


def _release(found: "Version") -> str:
    numbers = list(found.release)
    while numbers and not numbers[-1]:
        numbers.pop()
    return "".join(f"1{number_key(str(number))}" for number in numbers) + _END


def _phase(found: "Version") -> str:
    """Return what orders previews, the version itself, corrections, and builds on the way."""
    dev = "1" if found.dev is None else f"0{number_key(str(found.dev))}"
    post = "0" if found.post is None else f"1{number_key(str(found.post))}"
    if found.pre:
        return f"{_PHASES[found.pre[0]]}{number_key(str(found.pre[1]))}{post}{dev}"
    is_only_dev = found.dev is not None and found.post is None
    return f"{'0' if is_only_dev else _FINAL}{post}{dev}"


def _local(found: "Version") -> str:
    parts = found.local.split(".") if found.local else []
    return "".join(_segment(part) for part in parts) + _END


def _segment(text: str) -> str:
    return f"2{number_key(text)}" if text.isdigit() else f"1{text}{_TEXT_ENDS}"
