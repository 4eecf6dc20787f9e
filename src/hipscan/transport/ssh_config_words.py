r"""One line of ssh_config: its keyword and its arguments.

    HostName = "web1.example.org"   # a comment
    IdentityFile ~/.ssh/the\ key

Quotes and backslashes as OpenSSH's parser treats them. Source: ssh_config(5); measured with
`ssh -G`.
"""

import re
from dataclasses import dataclass
from typing import Final

from hipscan.errors import UsageError

_LINE: Final = re.compile(r'[ \t]*"?([^ \t="]+)"?[ \t]*=?[ \t]*(.*)', re.DOTALL)
_ESCAPABLE: Final = "\\\"'"
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class Directive:
    """A keyword in lower case, its text as written, and where it stands."""

    keyword: str
    text: str
    where: str

    def words(self) -> tuple[str, ...]:
        """Return the arguments; UsageError when there is none, or a quote stays open."""
        found = _words(self.text)
        if not found or "" in found:
            problem = f"{self.keyword} needs a value" if found is not None else "a quote stays open"
            raise UsageError(f"{self.where}: {problem}", hint="correct your ssh_config")
        return found

    def word(self) -> str:
        """Return the only argument; UsageError when there are more."""
        found = self.words()
        if len(found) > 1:
            raise self.wrong()
        return found[0]

    def wrong(self) -> UsageError:
        """Return the error that the value cannot be used."""
        return UsageError(
            f"{self.where}: {self.keyword} cannot be {self.text!r}", hint="correct your ssh_config"
        )


def directive(line: str, where: str) -> Directive | None:
    """Split a line; None for a comment or a blank line."""
    found = _LINE.fullmatch(line.strip(" \t\r\n\f"))
    if found is None or found[1].startswith("#"):
        return None
    return Directive(found[1].lower(), found[2], where)


def seconds(text: str) -> int | None:
    """Read a time such as `90`, `1m30` or `1h`; None when it is none."""
    if not re.fullmatch(r"(\d+[smhdw]?)+", text, re.IGNORECASE):
        return None
    parts = re.findall(r"(\d+)([smhdw]?)", text.lower())
    return sum(int(amount) * _UNITS[unit] for amount, unit in parts)


def _words(text: str) -> tuple[str, ...] | None:
    """Split `text` into arguments; None when a quote stays open."""
    words: list[str] = []
    rest = text.lstrip(" \t")
    while rest and not rest.startswith("#"):
        split = _first(rest)
        if split is None:
            return None
        word, rest = split
        words.append(word)
        rest = rest.lstrip(" \t")
    return tuple(words)


def _first(text: str) -> tuple[str, str] | None:
    """Split the first argument off, its quotes and backslashes resolved."""
    word, quote = "", ""
    at = 0
    while at < len(text) and (quote or text[at] not in " \t"):
        char, following = text[at], text[at + 1 : at + 2]
        if char == "\\" and following and (following in _ESCAPABLE or following + quote == " "):
            word += following
            at += 1
        elif char == quote or (not quote and char in "\"'"):
            quote = "" if quote else char
        else:
            word += char
        at += 1
    return None if quote else (word, text[at:])
