"""Strict YAML: the part of it that means the same to every reader, with positions.

    # inventory.yaml
    hosts:
      web1:
        port: 2222          (a number, as in JSON)
        user: "no"          (text; without the quotes it is refused)

`load` reports everything that is wrong at once. Refused are: unquoted words that YAML 1.1 turns
into something else (see `scalars`), a key twice in one mapping, keys that are not text, merge
keys, anchors, aliases, tags, directives, a second document, tabs, invisible characters, a byte
order mark, anything but UTF-8, more than 1 MiB, 50 levels or 100,000 values.

Built on the events of PyYAML's parsers, which do not recurse (its C composer does, and crashes the
process over a document that is nested deep enough). A file is read with libyaml, ten times as
fast, where PyYAML has it; what that finds anything wrong with is read again with the parser in
Python, whose verdict and positions count.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import yaml
from yaml import events

from hipscan.documents.document import Document, Place, Value
from hipscan.documents.scalars import Trap, quoted, resolve, short
from hipscan.errors import DocumentError, Mistake, Position

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 50
MAX_VALUES: Final = 100_000
MAX_MISTAKES: Final = 100

_BOM: Final = "\ufeff"
_WIDE_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs"})


def load(text: bytes | str, *, name: str) -> Document:
    """Return the document in `text`; `name` is the file's, for positions.

    An empty document holds None. Raises DocumentError with every mistake.
    """
    content = _decoded(text, name)
    invisible = tuple(_invisible(content, name))
    if invisible:
        raise DocumentError(invisible)
    if yaml.__with_libyaml__ and "\t" not in content:  # libyaml lets tabs stand in more places
        with suppress(DocumentError, yaml.YAMLError):
            return _Composer(content, name, yaml.CSafeLoader).document()
    return _Composer(content, name, yaml.SafeLoader).document()


def _decoded(text: bytes | str, name: str) -> str:
    start = Position(name, 1, 1)
    if len(text) > MAX_BYTES:
        raise DocumentError((Mistake(start, f"the file is larger than {MAX_BYTES} bytes"),))
    if isinstance(text, str):
        return text
    if text.startswith(_WIDE_BOMS):
        raise DocumentError((Mistake(start, "the file is UTF-16", "save it as UTF-8"),))
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        before = text[: error.start].decode()
        where = _position(name, before, len(before))
        what = f"byte 0x{text[error.start]:02x} is not UTF-8"
        raise DocumentError((Mistake(where, what, "save the file as UTF-8"),)) from None


def _position(name: str, text: str, index: int) -> Position:
    line_start = text.rfind("\n", 0, index) + 1
    return Position(name, text.count("\n", 0, index) + 1, index - line_start + 1)


def _invisible(text: str, name: str) -> Iterator[Mistake]:
    """Find what an editor does not show: it would change what a reviewer sees."""
    content = text.replace("\r\n", "\n")
    if content.startswith(_BOM):
        start = Position(name, 1, 1)
        yield Mistake(start, "the file starts with a byte order mark", "save it as plain UTF-8")
        content = content[1:]
    if content.replace("\n", "").replace("\t", "").isprintable():
        return
    found = 0
    for number, line in enumerate(content.split("\n"), start=1):
        for column, char in enumerate(line, start=1):
            if char in " \t" or unicodedata.category(char) not in _INVISIBLE:
                continue
            yield Mistake(Position(name, number, column), *_about(char))
            found += 1
            if found == MAX_MISTAKES:
                return


def _about(char: str) -> tuple[str, str]:
    if char == "\r":
        return "a carriage return that does not end a line", 'end lines with "\\n"'
    known = unicodedata.name(char, "control character").lower()
    escape = f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"  # noqa: PLR2004  # widths of the two escapes
    return (
        f"an invisible character ({known}, U+{ord(char):04X})",
        f'remove it, or write "{escape}" in double quotes',
    )


class _Stop(Exception):  # noqa: N818  # not an error: it ends the reading early
    """Nothing after this mistake can be understood, or should be read."""


class _Composer:
    """Builds the value and its places from events, and collects mistakes on the way."""

    def __init__(
        self, text: str, name: str, parser: type[yaml.SafeLoader | yaml.CSafeLoader]
    ) -> None:
        self._name = name
        self._events: Iterator[events.Event] = yaml.parse(text, Loader=parser)
        self._mistakes: list[Mistake] = []
        self._values = 0
        self._last: events.Event | None = None

    def document(self) -> Document:
        """Read the whole stream: one document, or none."""
        value: Value = None
        top = Place(1, 1)
        try:
            value, top = self._stream()
        except yaml.MarkedYAMLError as error:
            self._mistakes.append(_syntax(error, self._name))
        except (ValueError, OverflowError):  # PyYAML makes a character of any number
            here = Position(self._name, *(_mark(self._last) if self._last else (1, 1)))
            message = "after this place, an escape beyond U+10FFFF"
            self._mistakes.append(Mistake(here, message, 'write at most "\\U0010ffff"'))
        except _Stop:
            pass
        if self._mistakes:
            raise DocumentError(tuple(self._mistakes))
        return Document(self._name, value, top)

    def _stream(self) -> tuple[Value, Place]:
        next(self._events)  # the start of the stream
        start = next(self._events)
        if isinstance(start, events.StreamEndEvent):
            return None, Place(1, 1)
        self._check_start(start)
        value, place = self._value(next(self._events), 1)
        next(self._events)  # the end of the document
        after = next(self._events)
        if not isinstance(after, events.StreamEndEvent):
            self._wrong(after, "a second document in one file", "keep one document in a file")
        return value, place

    def _check_start(self, start: events.Event) -> None:
        if getattr(start, "version", None) or getattr(start, "tags", None):
            self._wrong(start, "a YAML directive", "remove the lines that start with %")

    def _value(self, event: events.Event, depth: int) -> tuple[Value, Place]:
        self._count(event, depth)
        place = Place(*_mark(event))
        if isinstance(event, events.AliasEvent):
            self._wrong(
                event,
                f"alias *{short(event.anchor or '')}",
                "write the value again where it is used",
            )
            return None, place
        self._check_properties(event)
        match event:
            case events.MappingStartEvent():
                return self._mapping(place, depth), place
            case events.SequenceStartEvent():
                return self._sequence(place, depth), place
            case _:
                return self._scalar(event), place

    def _count(self, event: events.Event, depth: int) -> None:
        self._values += 1
        self._last = event
        if depth > MAX_DEPTH:
            self._stop(event, f"nested more than {MAX_DEPTH} levels deep")
        if self._values > MAX_VALUES:
            self._stop(event, f"more than {MAX_VALUES} values in one file")

    def _check_properties(self, event: events.Event) -> None:
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor is not None:
            self._wrong(event, f"anchor &{short(anchor)}", "remove it; nothing may refer to it")
        if tag is not None:
            self._wrong(event, f"tag {short(tag)}", "remove it; quote what shall be text")

    def _sequence(self, place: Place, depth: int) -> list[Value]:
        items: list[Value] = []
        while not isinstance(event := next(self._events), events.SequenceEndEvent):
            item, inside = self._value(event, depth + 1)
            place.inside[len(items)] = inside
            items.append(item)
        return items

    def _mapping(self, place: Place, depth: int) -> dict[str, Value]:
        pairs: dict[str, Value] = {}
        while not isinstance(event := next(self._events), events.MappingEndEvent):
            key = self._key(event, depth + 1)
            value, inside = self._value(next(self._events), depth + 1)
            if key is None:
                continue
            if key in pairs:
                first = place.inside[key].key or (0, 0)
                self._wrong(event, f"key {quoted(key)} again", f"line {first[0]} has it already")
                continue
            inside.key = _mark(event)
            place.inside[key] = inside
            pairs[key] = value
        return pairs

    def _key(self, event: events.Event, depth: int) -> str | None:
        if isinstance(event, events.ScalarEvent) and event.implicit[0] and event.value == "<<":
            self._wrong(event, "a merge key <<", 'write the keys out, or "<<" for text')
            return None
        before = len(self._mistakes)
        key, _ = self._value(event, depth)
        if isinstance(key, str):
            return key
        if len(self._mistakes) == before:
            self._wrong(event, *_not_text(event))
        return None

    def _scalar(self, event: events.Event) -> Value:
        text: str = getattr(event, "value", "")
        if getattr(event, "style", None):  # libyaml says "" for none
            return self._quoted(event, text)
        meaning = resolve(text)
        if isinstance(meaning, Trap):
            self._wrong(event, meaning.message, meaning.instead)
            return text
        return meaning

    def _quoted(self, event: events.Event, text: str) -> str:
        r"""Join the halves of a character, as JSON writes it: "\ud83d\ude00"."""
        if text.isascii():
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self._wrong(event, "an escape that is half of a character", "write both halves")
            return ""

    def _wrong(self, event: events.Event, message: str, instead: str = "") -> None:
        where = Position(self._name, *_mark(event))
        self._mistakes.append(Mistake(where, message, instead))
        if len(self._mistakes) >= MAX_MISTAKES:
            raise _Stop

    def _stop(self, event: events.Event, message: str) -> None:
        self._wrong(event, message)
        raise _Stop


def _mark(event: events.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _not_text(event: events.Event) -> tuple[str, str]:
    if isinstance(event, events.ScalarEvent):
        word = event.value or "null"
        return f"the key {short(word)} is not text", f"write {quoted(event.value)}"
    return "a list or a mapping as a key", "a key is text"


_ADVICE: Final = {
    "mapping values are not allowed here": "quote text that holds ': ', and check the indent",
    "could not find expected ':'": "a key ends with ':' and a space; check the line before",
    "found undefined escape": "use single quotes, or double the backslash",
    "found unexpected end of stream": "a quote is not closed",
    "found unknown escape character": "use single quotes, or double the backslash",
    "expected <block end>": "check that keys of one mapping start in the same column",
    "expected ',' or": "check that the bracket is closed and entries are parted by ','",
    "that cannot start any token": "put the text in quotes",
}


def _syntax(error: yaml.MarkedYAMLError, name: str) -> Mistake:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    where = Position(name, line + 1, column + 1)
    problem = short(error.problem or "not YAML", 120)
    if problem.startswith("found character '\\t'"):
        return Mistake(where, "a tab between the words", "use spaces")
    advice = next((say for part, say in _ADVICE.items() if part in problem), "")
    during = f" {error.context}" if error.context else ""
    return Mistake(where, f"{problem}{during}", advice)
