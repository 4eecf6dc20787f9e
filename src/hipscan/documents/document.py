"""Document: what a file says, and where in the file it says it.

The value is plain data, so that any schema can judge it. Its positions stand beside it in a tree
of the same shape, so that whoever finds something wrong can say in which line it is.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from hipscan.errors import Mistake, Position

Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | float | bool | None"
"""What a document can hold: the types of JSON."""

Step: TypeAlias = str | int
Path: TypeAlias = Sequence[Step]
"""The way from the top of a document to a value: keys and list indices."""


@dataclass(slots=True)
class Place:
    """Line and column, from 1, of one value, of its key, and of everything inside it."""

    line: int
    column: int
    key: tuple[int, int] | None = None
    inside: dict[Step, "Place"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read without a mistake: its value, its name, and its positions."""

    name: str
    value: Value
    top: Place

    def position(self, path: Path, *, key: bool = False) -> Position:
        """Return where the value at `path` starts, or, with `key`, where its key does.

        Steps that lead nowhere are skipped, so that a missing key is reported where its mapping
        stands, and the names that schema libraries put between the steps do no harm.
        """
        place = self.top
        for step in path:
            place = place.inside.get(step, place)
        line, column = place.key if key and place.key else (place.line, place.column)
        return Position(self.name, line, column)

    def has(self, path: Path) -> bool:
        """Return whether the document says anything at `path`, every step of it."""
        place: Place | None = self.top
        for step in path:
            place = place.inside.get(step) if place else None
        return place is not None

    def mistake(self, path: Path, message: str, instead: str = "", *, key: bool = False) -> Mistake:
        """Return the mistake that `message` describes, at the position of `path`."""
        return Mistake(self.position(path, key=key), message, instead)

    def mistakes_from(
        self,
        errors: Iterable[tuple[Path, str]],
        *,
        allowed: Mapping[tuple[Step, ...], Sequence[str]] | None = None,
    ) -> tuple[Mistake, ...]:
        """Turn what a schema found, (path, message) each, into mistakes with positions.

        `allowed` names the keys that may stand where an unknown one does, by its path: that
        mistake points at the key and says what was probably meant.
        """
        return tuple(self._mistakes(errors, allowed or {}))

    def _mistakes(
        self, errors: Iterable[tuple[Path, str]], allowed: Mapping[tuple[Step, ...], Sequence[str]]
    ) -> Iterator[Mistake]:
        for path, message in errors:
            names = allowed.get(tuple(path))
            instead = suggest(str(path[-1]), names) if names and path else ""
            yield self.mistake(path, message, instead, key=names is not None)


_LISTED = 12


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that `word` was probably meant to be."""
    near = difflib.get_close_matches(word.casefold(), sorted(names), n=1, cutoff=0.6)
    return near[0] if near else None


def suggest(word: str, names: Iterable[str]) -> str:
    """Return "did you mean 'user'?" when `word` is near one of `names`, else what there is."""
    known = sorted(name if name.isprintable() else repr(name) for name in set(names))
    if near := nearest(word, known):
        return f"did you mean {near!r}?"
    if not known:
        return ""
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"there are: {', '.join(known[:_LISTED])}{more}"
