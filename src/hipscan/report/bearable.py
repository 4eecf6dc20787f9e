"""Texts of hosts and packs in a form that a terminal, and what reads its output, can bear."""

import re
from collections.abc import Iterable
from typing import Final

from hipscan.sanitize import line

_LONGEST: Final = 240
# What GitHub's runner obeys at the start of a line: ::name key=value::text and ##[name]text.
_COMMAND: Final = re.compile(r"(\s*)([:#])(?::[A-Za-z][A-Za-z-]*(?:\s[^:]*)?::|#\[)")


def cut(text: str) -> str:
    """Return `text` as one printable line of bearable length; what was cut leaves three dots."""
    return line(text) if len(text) <= _LONGEST else f"{line(text[:_LONGEST])}..."


def listed(words: Iterable[str], most: int) -> str:
    """Return the first `most` words, and how many more there are."""
    found = list(words)
    tail = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + tail


def tamed(row: str) -> str:
    """Return `row` so that no runner of CI jobs takes it for one of its commands.

    The escape takes its place from the indentation, so that the row grows no wider.
    """
    found = _COMMAND.match(row)
    return f"{found[1][3:]}\\x{ord(found[2]):02x}{row[found.end(2) :]}" if found else row
