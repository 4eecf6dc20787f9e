"""Conditions that decide nothing: they can never hold, or hold wherever a rule applies.

Only what is certain is told: values that exclude each other, bounds that cross, a part that
contradicts another about a fact of one record, a check that repeats its own `applies`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import inf
from typing import Final

from hipscan.documents.document import nearest
from hipscan.model.rule import AllOf, AnyOf, Check, Condition, Matcher, Require, Rule
from hipscan.rules.canonical import same_fields
from hipscan.rules.matchers import Scope, decide

# Facts of which a target has exactly one record, so that parts of a condition speak of the same.
_SINGLE: Final = frozenset({"platform", "target"})
_PACKAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")
# IDs of os-release(5), for names that are nearly one of them.
_SYSTEMS: Final = frozenset(
    {
        *("debian", "ubuntu", "linuxmint", "raspbian", "devuan", "kali", "rhel", "centos"),
        *("rocky", "almalinux", "fedora", "ol", "amzn", "sles", "opensuse-leap", "arch"),
        *("opensuse-tumbleweed", "suse", "opensuse", "alpine", "gentoo", "photon", "mariner"),
    }
)
Constraints = Mapping[str, Sequence[Matcher]]


def pointless(rule: Rule) -> Iterator[str]:
    """Yield what is pointless in the conditions of `rule`, in words."""
    for check in checks_of(rule):
        yield from _names(check)
    if rule.applies:
        yield from (f"it can never apply: {why}" for why in _impossible(rule.applies))
        yield from _repeated(rule.applies, rule.check)
    for why in _impossible(rule.check):
        yield f"its check can never hold: {why}"
    for check in checks(rule.check):
        if check.require is Require.NONE and (why := _clash(_constraints([check]))):
            yield f"its check always holds: {why}"


def checks_of(rule: Rule) -> Iterator[Check]:
    """Yield every single check of `rule`, what it applies to included."""
    if rule.applies:
        yield from checks(rule.applies)
    yield from checks(rule.check)


def checks(condition: Condition) -> Iterator[Check]:
    """Yield every single check in `condition`."""
    match condition:
        case Check():
            yield condition
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from checks(part)


def _impossible(condition: Condition) -> Iterator[str]:
    """Yield why no target whatsoever meets `condition`; a dead part of any_of counts too."""
    match condition:
        case Check(require=Require.NONE):
            return
        case Check():
            if why := _clash(_constraints([condition])):
                yield why
        case AnyOf(parts):
            for part in parts:
                yield from _impossible(part)
        case AllOf(parts):
            for part in parts:
                yield from _impossible(part)
            yield from _between(parts)


def _between(parts: Sequence[Condition]) -> Iterator[str]:
    """Yield contradictions between parts that speak of the one record of a fact."""
    plain = [part for part in parts if isinstance(part, Check) and part.fact in _SINGLE]
    for left, right in combinations(plain, 2):
        is_both = left.require is not Require.NONE and right.require is not Require.NONE
        if left.fact == right.fact and is_both and (why := _clash(_constraints([left, right]))):
            yield f"{left.fact}.{why}"


def _constraints(found: Sequence[Check]) -> Constraints:
    """Return what one record has to match, by field."""
    fields: dict[str, list[Matcher]] = {}
    for check in found:
        for part in (check.where, check.expect):
            for name, matcher in part.items():
                fields.setdefault(name, []).append(matcher)
    return fields


def _clash(fields: Constraints) -> str:
    """Return which field cannot match all that is asked of it, or ""."""
    return next((name for name, wanted in fields.items() if not _can_match(wanted)), "")


def _can_match(wanted: Sequence[Matcher]) -> bool:
    known = [matcher for matcher in wanted if not _has_variable(matcher.operand)]
    absent = [_wants_absence(matcher) for matcher in known]
    if any(absent):
        return all(absent)
    for matcher in known:
        choices = _choices(matcher)
        if choices is not None:
            return any(_meets(value, known) for value in choices)
    lowest = max(_bounds(known, "at_least"), default=-inf)
    return lowest <= min(_bounds(known, "at_most"), default=inf)


def _wants_absence(matcher: Matcher) -> bool:
    return matcher.operator == "exists" and matcher.operand is False


def _choices(matcher: Matcher) -> tuple[object, ...] | None:
    """Return the only values that match, or None where they cannot be listed."""
    operand = matcher.operand
    if matcher.operator == "equals":
        return (operand,)
    return operand if matcher.operator == "in" and isinstance(operand, tuple) else None


def _meets(value: object, wanted: Sequence[Matcher]) -> bool:
    if not isinstance(value, str | int | float | bool):
        return True
    try:
        return all(decide(matcher, value, Scope()) is not False for matcher in wanted)
    except (TypeError, ValueError, LookupError):
        return True


def _bounds(wanted: Sequence[Matcher], operator: str) -> list[float]:
    return [
        matcher.operand
        for matcher in wanted
        if matcher.operator == operator and isinstance(matcher.operand, int | float)
    ]


def _has_variable(operand: object) -> bool:
    match operand:
        case str():
            return operand.startswith("$")
        case Matcher():
            return _has_variable(operand.operand)
        case tuple():
            return any(_has_variable(part) for part in operand)
        case _:
            return False


def _repeated(applies: Condition, check: Condition) -> Iterator[str]:
    """Yield when the check asks again what `applies` has decided."""
    needed = applies.parts if isinstance(applies, AllOf) else (applies,)
    for part in needed:
        if not isinstance(part, Check) or not isinstance(check, Check):
            continue
        if part.require is not Require.SOME or not same_fields(part, check):
            continue
        if check.require is Require.SOME:
            yield "it passes wherever it applies: the check repeats applies"
        elif check.require is Require.NONE:
            yield "it fails wherever it applies: the check is the contrary of applies"


def _names(check: Check) -> Iterator[str]:
    """Yield names of packages and systems that nothing can have."""
    for name, kind in (("package", "name"), ("platform", "id"), ("platform", "like")):
        if check.fact != name:
            continue
        for matchers in (check.where.get(kind), check.expect.get(kind)):
            for value in _listed(matchers) if matchers else ():
                if name == "package" and not _PACKAGE.fullmatch(value):
                    yield f"no package can be called {value!r}"
                if (
                    name == "platform"
                    and value not in _SYSTEMS
                    and (near := nearest(value, _SYSTEMS))
                ):
                    yield f"no system is called {value!r}, did you mean {near!r}?"


def _listed(matcher: Matcher) -> Iterator[str]:
    """Yield the texts that a matcher compares with, variables left out."""
    operand = matcher.operand
    if matcher.operator in {"matches", "glob"}:
        return
    for part in operand if isinstance(operand, tuple) else (operand,):
        if isinstance(part, Matcher):
            yield from _listed(part)
        elif isinstance(part, str) and not part.startswith("$"):
            yield part
