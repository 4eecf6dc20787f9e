"""One form for conditions that mean the same, whatever the order in which they say it."""

from hipscan.model.rule import AllOf, AnyOf, Check, Condition, Fields, Matcher, Rule


def meaning(rule: Rule) -> str:
    """Return what a rule asks, equal for two rules that ask the same."""
    applies = _condition(rule.applies) if rule.applies else ""
    return f"{applies} => {_condition(rule.check)}"


def same_fields(left: Check, right: Check) -> bool:
    """Say whether two checks ask for the same records of the same fact."""
    return left.fact == right.fact and _asked(left) == _asked(right)


def _asked(check: Check) -> str:
    return _fields({**check.where, **check.expect})


def _condition(condition: Condition) -> str:
    match condition:
        case Check():
            fields = f"{_fields(condition.where)} | {_fields(condition.expect)}"
            return f"{condition.fact} {condition.require} {fields}"
        case AllOf(parts):
            return _joined("all", parts, AllOf)
        case AnyOf(parts):
            return _joined("any", parts, AnyOf)


def _joined(name: str, parts: tuple[Condition, ...], kind: type[AllOf | AnyOf]) -> str:
    """Join parts in alphabetical order; one in another of the same kind is spread out."""
    texts: set[str] = set()
    pending = list(parts)
    while pending:
        part = pending.pop()
        if isinstance(part, kind):
            pending += part.parts
        else:
            texts.add(_condition(part))
    return next(iter(texts)) if len(texts) == 1 else f"{name}({'; '.join(sorted(texts))})"


def _fields(fields: Fields) -> str:
    return ", ".join(f"{name} {_matcher(fields[name])}" for name in sorted(fields))


def _matcher(matcher: Matcher) -> str:
    """Return a matcher as text; a choice of one is an equality, and choices have no order."""
    operand = matcher.operand
    if matcher.operator == "in" and isinstance(operand, tuple) and len(operand) == 1:
        return f"equals {operand[0]!r}"
    if isinstance(operand, Matcher):
        return f"{matcher.operator} ({_matcher(operand)})"
    if isinstance(operand, tuple):
        parts = [_matcher(part) if isinstance(part, Matcher) else repr(part) for part in operand]
        return f"{matcher.operator} [{', '.join(sorted(set(parts)))}]"
    return f"{matcher.operator} {operand!r}"
