"""What rules need to be read: facts, and the paths whose status they ask for."""

from collections.abc import Iterable, Iterator

from hipscan.model.rule import AllOf, AnyOf, Check, Condition, Matcher, Rule
from hipscan.rules.matchers import Scope

FILE_FACT = "file"
_PATH_OPERATORS = frozenset({"equals", "in", "glob"})


def facts(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the names of all facts that `rules` ask for."""
    return frozenset(check.fact for rule in rules for check in _of_rule(rule))


def stat_paths(rules: Iterable[Rule], scope: Scope) -> frozenset[str]:
    """Return the paths and globs that `rules` name when they ask for the fact `file`.

    Data of the target, such as `$phi_paths`, reaches its own probe and is left out here.
    """
    scope = Scope({"phi_paths": (), "groups": (), **scope.variables}, scope.now)
    matchers = (
        check.where["path"]
        for rule in rules
        for check in _of_rule(rule)
        if check.fact == FILE_FACT and "path" in check.where
    )
    return frozenset(path for matcher in matchers for path in _paths(matcher, scope))


def _of_rule(rule: Rule) -> Iterator[Check]:
    yield from _checks(rule.check)
    if rule.applies:
        yield from _checks(rule.applies)


def _checks(condition: Condition) -> Iterator[Check]:
    match condition:
        case Check():
            yield condition
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _checks(part)


def _paths(matcher: Matcher, scope: Scope) -> Iterator[str]:
    operand = scope.resolve(matcher.operand)
    named = operand if isinstance(operand, list | tuple) else (operand,)
    parts = tuple(scope.resolve(part) for part in named)
    for part in parts:
        if isinstance(part, Matcher):
            yield from _paths(part, scope)
        elif matcher.operator in _PATH_OPERATORS and isinstance(part, str):
            yield part
