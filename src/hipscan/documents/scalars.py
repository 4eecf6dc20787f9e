"""What an unquoted word in YAML means here, and which words are traps.

Only what JSON knows has a meaning of its own: true, false, null and decimal numbers. Everything
that YAML 1.1 or its readers would silently turn into something else is refused, with what to
write instead:

    mode: 0600          384 in PyYAML, 600 elsewhere      "0600"
    root: no            false                             "no" or false
    at: 12:30:45        45045, counted in sixties         "12:30:45"
    until: 2026-12-31   a date object                     "2026-12-31"
    limit: .inf         a number JSON cannot carry        "inf"

Everything else is text.
"""

import math
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

Plain: TypeAlias = str | int | float | bool | None

_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None, "": None}
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_LARGEST: Final = 2**63 - 1
_INTEGER_LENGTH: Final = 20
_TRAP_LENGTH: Final = 64  # longer than any of them; some patterns are slow on long text

_YES: Final = frozenset({"y", "yes", "on"})
_NO: Final = frozenset({"n", "no", "off"})


@dataclass(frozen=True, slots=True)
class Trap:
    """An unquoted word that does not mean what it looks like."""

    message: str
    instead: str


_TRAPS: Final = (
    (
        re.compile(r"[-+]?0o?[0-9][0-9_]*"),
        "is an octal number to some readers of YAML and a decimal one to others",
    ),
    (re.compile(r"[-+]?0[xXbB][0-9a-fA-F_]+"), "is a number only to some readers of YAML"),
    (re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE), "is a number that JSON cannot carry"),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"),
        "is read as a number counted in sixties",
    ),
    (
        re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ] *[0-9]{1,2}:[0-9]{2}.*)?"),
        "is read as a date by some readers of YAML",
    ),
    (
        re.compile(r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*\.?[0-9_]*)([eE][-+]?[0-9]+)?"),
        "is a number only to some readers of YAML",
    ),
)


def short(text: str, length: int = 40) -> str:
    """Return `text` cut to `length` characters."""
    return text if len(text) <= length else text[: length - 3] + "..."


def quoted(text: str) -> str:
    """Return `text` as a double-quoted YAML scalar of one line, cut when it is long."""
    return '"' + repr(short(text))[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'


def resolve(text: str) -> Plain | Trap:
    """Return what the unquoted scalar `text` means, or the trap that it is."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _NUMBER.fullmatch(text):
        return _float(text)
    return _trap(text) or text


def _integer(text: str) -> int | Trap:
    if len(text) > _INTEGER_LENGTH or not -_LARGEST - 1 <= int(text) <= _LARGEST:
        return Trap(f"{quoted(text)} is too large a number", f"write {quoted(text)} for text")
    return int(text)


def _float(text: str) -> float | Trap:
    number = float(text)
    if math.isinf(number):
        return Trap(f"{quoted(text)} is too large a number", f"write {quoted(text)} for text")
    return number


def _trap(text: str) -> Trap | None:
    word = text.lower()
    if word in _YES | _NO:
        truth = "true" if word in _YES else "false"
        return Trap(
            f"unquoted {text} is {truth} to some readers of YAML",
            f"write {quoted(text)} for text, or {truth}",
        )
    if word in _WORDS or word == "~":
        plain = "null" if word == "~" else word
        return Trap(
            f"unquoted {text} is {plain} to some readers of YAML",
            f"write {plain}, or {quoted(text)} for text",
        )
    return _number_trap(text)


def _number_trap(text: str) -> Trap | None:
    if len(text) > _TRAP_LENGTH:
        return None
    for pattern, message in _TRAPS:
        if pattern.fullmatch(text):
            return Trap(f"unquoted {short(text)} {message}", f"write {quoted(text)} for text")
    return None
