"""The closed vocabulary of matchers: what a rule can ask of one field.

Answers are three-valued: True, False, or None when the field is not known. A missing field
matches nothing; only `exists: false` does.

    equals: V        in: [..]          not_in: [..]       matches: RE2 pattern, searched
    at_least: N      at_most: N        exists: BOOL       empty: BOOL (text or list)
    contains: V      contains_any: []  contains_all: []   within: [..]  (list fields)
    mode_within: "0640"                no permission bit beyond these
    glob: [..]       under: [..]       paths
    age_at_most_days: N                a time, against now
    days_left_at_least: N              a time, against now
    not: MATCHER     any_of: [..]      each: MATCHER      some: MATCHER  (elements of a list)
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, StrEnum
from fnmatch import translate
from functools import cache
from typing import Final

from hipscan.model.fact import Record, Value
from hipscan.model.rule import Check, Fields, Matcher
from hipscan.rules.patterns import search

_DAY: Final = 86_400
_MODE: Final = re.compile(r"[0-7]{4}")
VARIABLE: Final = re.compile(r"\$([a-z][a-z0-9_]*)")

Answer = bool | None


class Missing(Enum):
    """Stands for a field that the record does not have."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True, slots=True)
class Scope:
    """What operands can refer to: variables, and the time as seconds since 1970."""

    variables: Mapping[str, object] = field(default_factory=dict)
    now: float = 0.0

    def resolve(self, operand: object) -> object:
        """Return `operand` with `$name` replaced; raise LookupError for an unknown name."""
        if isinstance(operand, str) and (named := VARIABLE.fullmatch(operand)):
            if named[1] not in self.variables:
                raise LookupError(f"no variable is called ${named[1]}")
            return self.variables[named[1]]
        return operand


class OperandKind(StrEnum):
    """What an operator takes."""

    SCALAR = "a text, a number, true or false"
    SCALARS = "a list of texts, numbers, true or false"
    NUMBER = "a number"
    FLAG = "true or false"
    TEXTS = "a list of texts"
    PATTERN = "a regular expression"
    MODE = 'four octal digits in quotes, such as "0640"'
    MATCHER = "a matcher"
    MATCHERS = "a list of matchers"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: what it takes, which field types it suits, how it decides, how it reads."""

    takes: OperandKind
    suits: frozenset[str]
    decide: Callable[[Value, object, Scope], Answer]
    phrase: str


_ANY: Final = frozenset({"text", "integer", "boolean", "list", "mode", "time"})
_TEXT: Final = frozenset({"text", "mode"})
_LIST: Final = frozenset({"list"})
_NUMBER: Final = frozenset({"integer", "time"})


def _sequence(value: object) -> Sequence[object]:
    if isinstance(value, list | tuple):
        return value
    return (value,)


def _same(value: object, operand: object, _scope: Scope | None = None) -> bool:
    # True is 1 to Python, not to a rule.
    return value == operand and isinstance(value, bool) == isinstance(operand, bool)


def _among(value: object, operand: object, _scope: Scope | None = None) -> bool:
    choices = _sequence(operand)
    return value in choices and any(_same(value, choice) for choice in choices)


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{what} is {value!r}, not a number")
    return value


def _mode_within(value: Value, operand: object, _scope: Scope) -> bool:
    if not isinstance(value, str) or not _MODE.fullmatch(value):
        raise TypeError(f"{value!r} is not a file mode")
    return int(value, 8) & ~int(str(operand), 8) == 0


def _glob(value: Value, operand: object, _scope: Scope) -> bool:
    return _like_any(tuple(_sequence(operand))).match(str(value)) is not None


@cache
def _like_any(globs: tuple[object, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(str(glob)) for glob in globs) or "(?!)")


def _under(value: Value, operand: object, _scope: Scope) -> bool:
    path = str(value).rstrip("/") + "/"
    return any(path.startswith(str(folder).rstrip("/") + "/") for folder in _sequence(operand))


def _age(value: Value, operand: object, scope: Scope) -> bool:
    return scope.now - _number(value, "the time") <= _number(operand, "the limit") * _DAY


def _days_left(value: Value, operand: object, scope: Scope) -> bool:
    return _number(value, "the time") - scope.now >= _number(operand, "the limit") * _DAY


def _contains_any(value: Value, operand: object, _scope: Scope) -> bool:
    return any(_among(element, operand) for element in _sequence(value))


def _contains_all(value: Value, operand: object, _scope: Scope) -> bool:
    return all(_among(wanted, value) for wanted in _sequence(operand))


def _within(value: Value, operand: object, _scope: Scope) -> bool:
    return all(_among(element, operand) for element in _sequence(value))


def _not(value: Value, operand: object, scope: Scope) -> Answer:
    inner = decide(_matcher(operand), value, scope)
    return None if inner is None else not inner


def _any_of(value: Value, operand: object, scope: Scope) -> Answer:
    return some_of([decide(_matcher(part), value, scope) for part in _sequence(operand)])


def _each(value: Value, operand: object, scope: Scope) -> Answer:
    return all_of([decide(_matcher(operand), _value(part), scope) for part in _sequence(value)])


def _some(value: Value, operand: object, scope: Scope) -> Answer:
    return some_of([decide(_matcher(operand), _value(part), scope) for part in _sequence(value)])


def _matcher(operand: object) -> Matcher:
    if not isinstance(operand, Matcher):
        raise TypeError(f"{operand!r} is not a matcher")
    return operand


def _value(part: object) -> Value:
    if part is None or isinstance(part, str | int | float | bool):
        return part
    raise TypeError(f"{part!r} cannot be compared")


def all_of(answers: Sequence[Answer]) -> Answer:
    """Return the three-valued conjunction: a False decides, an unknown leaves it open."""
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True


def some_of(answers: Sequence[Answer]) -> Answer:
    """Return the three-valued disjunction: a True decides, an unknown leaves it open."""
    if any(answer is True for answer in answers):
        return True
    return None if any(answer is None for answer in answers) else False


_K = OperandKind

OPERATORS: Final[Mapping[str, Operator]] = {
    "equals": Operator(_K.SCALAR, _ANY - _LIST, _same, "is {}"),
    "in": Operator(_K.SCALARS, _ANY - _LIST, _among, "is one of {}"),
    "not_in": Operator(_K.SCALARS, _ANY - _LIST, lambda v, o, _: not _among(v, o), "is none of {}"),
    "matches": Operator(_K.PATTERN, _TEXT, lambda v, o, _: search(str(o), str(v)), "matches {}"),
    "at_least": Operator(
        _K.NUMBER,
        _NUMBER,
        lambda v, o, _: _number(v, "it") >= _number(o, "the limit"),
        "is at least {}",
    ),
    "at_most": Operator(
        _K.NUMBER,
        _NUMBER,
        lambda v, o, _: _number(v, "it") <= _number(o, "the limit"),
        "is at most {}",
    ),
    "contains": Operator(_K.SCALAR, _LIST, lambda v, o, _: _among(o, v), "contains {}"),
    "contains_any": Operator(_K.SCALARS, _LIST, _contains_any, "contains one of {}"),
    "contains_all": Operator(_K.SCALARS, _LIST, _contains_all, "contains all of {}"),
    "within": Operator(_K.SCALARS, _LIST, _within, "has nothing but {}"),
    "mode_within": Operator(_K.MODE, frozenset({"mode"}), _mode_within, "is {} or tighter"),
    "glob": Operator(_K.TEXTS, _TEXT, _glob, "is like {}"),
    "under": Operator(_K.TEXTS, _TEXT, _under, "is below {}"),
    "exists": Operator(_K.FLAG, _ANY, lambda _v, o, _: bool(o), "is set: {}"),
    "empty": Operator(_K.FLAG, _TEXT | _LIST, lambda v, o, _: (not v) is bool(o), "is empty: {}"),
    "age_at_most_days": Operator(_K.NUMBER, frozenset({"time"}), _age, "is at most {} days old"),
    "days_left_at_least": Operator(
        _K.NUMBER, frozenset({"time"}), _days_left, "is at least {} days ahead"
    ),
    "not": Operator(_K.MATCHER, _ANY, _not, "not: {}"),
    "any_of": Operator(_K.MATCHERS, _ANY, _any_of, "{}"),
    "each": Operator(_K.MATCHER, _LIST, _each, "has only elements that: {}"),
    "some": Operator(_K.MATCHER, _LIST, _some, "has an element that: {}"),
}


def decide(matcher: Matcher, value: Value | Missing, scope: Scope) -> Answer:
    """Say whether `value` matches a bound matcher; None when it is not known.

    Raises TypeError, ValueError or LookupError when the question makes no sense for the value
    (the rule's outcome is then `error`).
    """
    if value is MISSING:
        return matcher.operator == "exists" and matcher.operand is False
    if value is None:
        return None
    return OPERATORS[matcher.operator].decide(value, matcher.operand, scope)


def bound(check: Check, scope: Scope) -> Check:
    """Return `check` with every variable replaced; raise LookupError for an unknown one."""
    if check.is_bound:
        return check
    return Check(
        check.fact,
        _bound_fields(check.where, scope),
        check.require,
        _bound_fields(check.expect, scope),
    )


def _bound_fields(fields: Fields, scope: Scope) -> Fields:
    return {name: _bound(matcher, scope) for name, matcher in fields.items()}


def _bound(matcher: Matcher, scope: Scope) -> Matcher:
    if matcher.is_bound:
        return matcher
    return Matcher(matcher.operator, _bound_operand(matcher.operand, scope))


def _bound_operand(operand: object, scope: Scope) -> object:
    if isinstance(operand, Matcher):
        return _bound(operand, scope)
    if isinstance(operand, tuple):
        return tuple(_bound_operand(part, scope) for part in operand)
    return scope.resolve(operand)


def select(fields: Fields, record: Record, scope: Scope) -> Answer:
    """Say whether `record` matches every one of `fields`, which are bound."""
    together: Answer = True
    for name, matcher in fields.items():
        answer = decide(matcher, record.get(name, MISSING), scope)
        if answer is False:
            return False
        if answer is None:
            together = None
    return together


def describe(matcher: Matcher) -> str:
    """Return what a bound matcher wants, in words: `is at least 3072`."""
    operand = matcher.operand
    if matcher.operator == "any_of":
        return " or ".join(describe(_matcher(part)) for part in _sequence(operand))
    if matcher.operator == "exists":
        return "is set" if operand else "is not set"
    if matcher.operator == "empty":
        return "is empty" if operand else "is not empty"
    if matcher.operator == "not":
        return f"not ({describe(_matcher(operand))})"
    text = describe(operand) if isinstance(operand, Matcher) else show(operand)
    return OPERATORS[matcher.operator].phrase.format(text)


def show(value: object) -> str:
    """Return a value as a person writes it."""
    match value:
        case None:
            return "unknown"
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return ", ".join(show(part) for part in value) or "nothing"
        case Missing():
            return "not set"
        case "":
            return "empty"
        case _:
            return str(value)


def show_time(seconds: int) -> str:
    """Return a time as a person writes it; one that no calendar has stays a number."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return str(seconds)
