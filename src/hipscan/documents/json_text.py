r"""Strict JSON (RFC 8259) with positions, for documents that people or other programs hand in.

    {
      "author": "Clinic IT",       (text; "\u00e9" and "\ud83d\ude00" are joined)
      "version": 1
    }

A key twice in one object is a mistake, and so is anything but UTF-8, half of a character, a number
that JSON cannot carry, more than 8 MiB, 50 levels or 200,000 values. JSON gives no way to go on
after a mistake of syntax: the first ends the reading. Tabs, and characters that an editor does not
show, are allowed: unlike YAML, such files are mostly written by programs.
"""

import json
import math
import re
from bisect import bisect_right
from typing import Final

from hipscan.documents.document import Document, Place, Value
from hipscan.documents.scalars import quoted, short
from hipscan.errors import DocumentError, Mistake, Position

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_DEPTH: Final = 50
MAX_VALUES: Final = 200_000

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_STRING: Final = re.compile(r'"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z.])")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS: Final[dict[str, Value]] = {"true": True, "false": False, "null": None}
_LONGEST_NUMBER: Final = 40


def load(content: bytes, *, name: str) -> Document:
    """Return the document in `content`; `name` is the file's, for positions.

    Raises DocumentError with every mistake.
    """
    if len(content) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES} bytes"
        raise DocumentError((Mistake(Position(name, 1, 1), message, "split it"),))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        where = Position(name, line, 1)
        raise DocumentError((Mistake(where, message, "save the file as UTF-8"),)) from None
    return _Reader(text, name).document()


class _Stop(Exception):  # noqa: N818  # not an error: it ends the reading early
    """Nothing after this mistake can be understood."""


class _Reader:
    """Goes over the text once, at most MAX_DEPTH calls deep."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._at = 0
        self._values = 0
        self._mistakes: list[Mistake] = []
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def document(self) -> Document:
        """Read the whole text: one value, and nothing behind it."""
        value, top = None, Place(1, 1)
        try:
            value, top = self._value(1)
            self._skip()
            if self._at < len(self._text):
                raise self._stopped(self._at, "something after the end of the document")
        except _Stop:
            pass
        if self._mistakes:
            raise DocumentError(tuple(self._mistakes))
        return Document(self._name, value, top)

    def _value(self, depth: int) -> tuple[Value, Place]:
        self._skip()
        start = self._at
        self._values += 1
        if depth > MAX_DEPTH:
            raise self._stopped(start, f"nested more than {MAX_DEPTH} levels deep")
        if self._values > MAX_VALUES:
            raise self._stopped(start, f"more than {MAX_VALUES} values in one file", "split it")
        place = Place(*self._line_and_column(start))
        match self._text[start : start + 1]:
            case "{":
                return self._object(place, depth), place
            case "[":
                return self._array(place, depth), place
            case '"':
                return self._string(), place
            case _:
                return self._scalar(), place

    def _object(self, place: Place, depth: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        self._at += 1
        if self._ends("}"):
            return found
        while True:
            start = self._at
            if self._text[start : start + 1] != '"':
                raise self._stopped(start, "a key in double quotes is expected here")
            key = self._string()
            self._expect(":")
            value, inside = self._value(depth + 1)
            if key in found:
                first = (place.inside[key].key or (0, 0))[0]
                self._wrong(start, f"key {quoted(key)} again", f"line {first} has it already")
            else:
                inside.key = self._line_and_column(start)
                found[key], place.inside[key] = value, inside
            if self._ends("}"):
                return found
            self._expect(",", or_else="}")
            self._skip()

    def _array(self, place: Place, depth: int) -> list[Value]:
        found: list[Value] = []
        self._at += 1
        if self._ends("]"):
            return found
        while True:
            value, place.inside[len(found)] = self._value(depth + 1)
            found.append(value)
            if self._ends("]"):
                return found
            self._expect(",", or_else="]")

    def _string(self) -> str:
        start = self._at
        token = _STRING.match(self._text, start)
        if token is None:
            raise self._stopped(
                start, "a text that is not closed in its line", "write \\n for a new line"
            )
        self._at = token.end()
        try:
            text: str = json.loads(token[0])
        except ValueError:
            message = "an escape that JSON does not know"
            raise self._stopped(start, message, "double the backslash") from None
        if not text.isascii() and re.search("[\ud800-\udfff]", text):
            self._wrong(start, "an escape that is half of a character", "write both halves")
            return token[0]
        return text

    def _scalar(self) -> Value:
        start = self._at
        if token := _NUMBER.match(self._text, start):
            self._at = token.end()
            return self._number(start, token[0])
        word = _WORD.match(self._text, start)
        if word and word[0] in _WORDS:
            self._at = word.end()
            return _WORDS[word[0]]
        if start >= len(self._text):
            raise self._stopped(start, "the document ends here", "is the file whole?")
        what = short(word[0] if word else self._text[start])
        raise self._stopped(
            start, f"{what} is no value of JSON", "text is written in double quotes"
        )

    def _number(self, start: int, text: str) -> Value:
        value: float = math.inf if len(text) > _LONGEST_NUMBER else json.loads(text)
        if math.isinf(value):
            self._wrong(start, "a number that is too long or too large")
            return 0
        return value

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _ends(self, mark: str) -> bool:
        """Skip space, and `mark` when it comes next; say whether it did."""
        self._skip()
        is_next = self._text[self._at : self._at + 1] == mark
        self._at += is_next
        return is_next

    def _expect(self, mark: str, *, or_else: str = "") -> None:
        if not self._ends(mark):
            other = f" or {or_else!r}" if or_else else ""
            raise self._stopped(self._at, f"{mark!r}{other} is expected here")

    def _line_and_column(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._lines, at)
        return line, at - self._lines[line - 1] + 1

    def _wrong(self, at: int, message: str, instead: str = "") -> None:
        where = Position(self._name, *self._line_and_column(at))
        self._mistakes.append(Mistake(where, message, instead))

    def _stopped(self, at: int, message: str, instead: str = "") -> _Stop:
        self._wrong(at, message, instead)
        return _Stop()
