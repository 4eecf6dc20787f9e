"""Regular expressions of packs: RE2's syntax, and no pattern that can explode.

google-re2 runs them where it is installed (`hipscan[re2]`). Elsewhere Python's `re` does, which
backtracks; so the loader refuses what could cost it more than a blink: a repetition within an
unbounded repetition, an alternation within one, more unbounded repetitions than `_MAX_UNBOUNDED`.
Texts longer than `MAX_TEXT` are not tried without RE2, so the worst case stays polynomial and
small. Lookaround, backreferences and the like are no RE2 and refused everywhere.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any, Final, Protocol

MAX_TEXT: Final = 512
_MAX_UNBOUNDED: Final = 3

# The parser of `re` is the only one that reads a pattern as `re` does; its module is not public,
# and has kept this shape from Python 3.11 to 3.14.
_parser: Any = re._parser  # type: ignore[attr-defined]  # noqa: SLF001  # see above

_NOT_RE2: Final = {
    "ASSERT": "lookahead and lookbehind",
    "ASSERT_NOT": "lookahead and lookbehind",
    "GROUPREF": "backreferences",
    "GROUPREF_EXISTS": "conditional groups",
    "ATOMIC_GROUP": "atomic groups",
    "POSSESSIVE_REPEAT": "possessive repetition",
}
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT"})


class TooLongError(ValueError):
    """The text is too long to be tried without RE2."""


class Pattern(Protocol):
    """A compiled pattern, as far as matchers need it."""

    def search(self, text: str, /) -> object:
        """Return something true when the pattern occurs in `text`."""


def refuse(pattern: str) -> str:
    """Return why `pattern` is refused, or "" when it is fine."""
    try:
        tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"not a regular expression: {error}"
    unbounded = 0
    for name, is_open, within in _walk(tree, inside=False):
        if name in _NOT_RE2:
            return f"{_NOT_RE2[name]} are not in RE2's syntax"
        if within and (name in _REPEATS or name == "BRANCH"):
            return "a repetition or alternation within an unbounded repetition can explode"
        unbounded += is_open
    if unbounded > _MAX_UNBOUNDED:
        return f"more than {_MAX_UNBOUNDED} unbounded repetitions can take very long"
    return ""


def _walk(tree: Any, *, inside: bool) -> Iterator[tuple[str, bool, bool]]:  # noqa: ANN401  # re's own tree has no types
    """Yield (operation, whether it repeats without bound, whether it is inside such a one)."""
    for operation, argument in tree:
        name = str(operation)
        is_open = name in _REPEATS and argument[1] == _parser.MAXREPEAT
        yield name, is_open, inside
        for part in _parts(argument):
            yield from _walk(part, inside=inside or is_open)


def _parts(argument: Any) -> Iterator[Any]:  # noqa: ANN401  # the same
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        for part in argument:
            yield from _parts(part)


@cache
def compiled(pattern: str) -> Pattern:
    """Return `pattern` ready to search with, by RE2 where it is installed."""
    if find_spec("re2") is None:
        return re.compile(pattern)
    import re2  # noqa: PLC0415  # an extra that may be missing

    found: Pattern = re2.compile(pattern)
    return found


def search(pattern: str, text: str) -> bool:
    """Say whether `pattern` occurs in `text`; raise TooLongError where that may take too long."""
    if len(text) > MAX_TEXT and find_spec("re2") is None:
        raise TooLongError(f"{len(text)} characters are too many to search without hipscan[re2]")
    return bool(compiled(pattern).search(text))
