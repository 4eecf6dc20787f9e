r"""The words of sudoers(5): lines that go on, comments, quotes, escapes, lists.

    ann, bob  web1, \
      web2 = ALL  # why

A line goes on behind a backslash at its end. `#` starts a comment unless a digit follows (a uid).
Lists are separated by commas, and stand apart by white space.
"""

import re
from collections.abc import Iterator
from typing import Final

ITEM: Final = r'(?:"(?:[^"\\]|\\.)*"|\\.|[^\s,"\\])+'
_TOKEN: Final = re.compile(ITEM + r"|,")
INCLUDE: Final = re.compile(r"\s*[@#]include(dir)?\s+(.*)$")


def logical_lines(lines: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Join lines that end in a backslash; yield (number of the first line, text)."""
    start, parts = 0, list[str]()
    for number, line in enumerate(lines, 1):
        start = start if parts else number
        body = line.rstrip("\r")
        slashes = len(body) - len(body.rstrip("\\"))
        if slashes % 2 and not INCLUDE.match(body):
            parts.append(body[:-1])
            continue
        yield start, "".join((*parts, body))
        parts = []
    if parts:
        yield start, "".join(parts)


def without_comment(text: str) -> str:
    """Cut a comment off; `#` in quotes, behind a backslash or before a digit is none."""
    quoted = escaped = False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == "#" and not quoted and not text[at + 1 : at + 2].isdecimal():
            return text[:at]
    return text


def items(text: str) -> list[tuple[str, ...]]:
    """Split into comma-separated lists that stand apart by white space.

    `ann, bob  web1,web2` gives (ann, bob) and (web1, web2); quotes and escapes are undone.
    """
    lists: list[list[str]] = []
    joined = False
    for word in _TOKEN.findall(text):
        if word == ",":
            joined = True
        elif lists and (joined or lists[-1][-1].strip("!") == ""):
            last = "" if joined else lists[-1].pop()
            lists[-1].append(last + word)
            joined = False
        else:
            lists.append([word])
    return [tuple(map(unquote, words)) for words in lists]


def unquote(word: str) -> str:
    """Undo quotes and backslashes."""
    return re.sub(r'\\(.)|"', lambda found: found[1] or "", word)


def split(text: str, mark: str) -> list[str]:
    """Split at `mark` outside quotes and escapes."""
    piece = re.compile(rf'(?:"(?:[^"\\]|\\.)*"|\\.|[^{re.escape(mark)}])*', re.DOTALL)
    parts, at = [], 0
    while at <= len(text):
        found = piece.match(text, at)
        end = found.end() if found else len(text)
        parts.append(text[at:end])
        at = end + 1
    return parts
