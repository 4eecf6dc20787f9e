"""One form for what means the same; and no condition trips the search for pointless ones."""

import random
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from hipscan.model.finding import Severity
from hipscan.model.rule import AllOf, AnyOf, Check, Condition, Fields, Fix, Matcher, Require, Rule
from hipscan.rules.canonical import meaning
from hipscan.rules.reach import pointless

_VALUES: Final = st.sampled_from(["a", "b", "$x", 1, 5, True])
_LISTS: Final = st.lists(_VALUES, max_size=3).map(tuple)
_PLAIN: Final = st.one_of(
    st.builds(Matcher, st.just("equals"), _VALUES),
    st.builds(Matcher, st.sampled_from(["in", "not_in"]), _LISTS),
    st.builds(Matcher, st.sampled_from(["at_least", "at_most"]), st.integers(0, 9)),
    st.builds(Matcher, st.sampled_from(["exists", "empty"]), st.booleans()),
    st.builds(Matcher, st.just("matches"), st.sampled_from(["^a", "b"])),
)
_MATCHERS: Final = st.recursive(
    _PLAIN,
    lambda inner: (
        st.builds(Matcher, st.just("not"), inner)
        | st.builds(Matcher, st.just("any_of"), st.lists(inner, max_size=2).map(tuple))
    ),
    max_leaves=3,
)
_FIELDS: Final = st.dictionaries(st.sampled_from(["id", "name", "size"]), _MATCHERS, max_size=3)
_CHECKS: Final = st.builds(
    Check,
    st.sampled_from(["platform", "package", "thing"]),
    _FIELDS,
    st.sampled_from(Require),
    _FIELDS,
)
_CONDITIONS: Final = st.recursive(
    _CHECKS,
    lambda inner: st.builds(
        lambda kind, parts: kind(tuple(parts)),
        st.sampled_from([AllOf, AnyOf]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=5,
)


def _rule(check: Condition, applies: Condition | None = None) -> Rule:
    text = "A thing is bad"
    return Rule("thing-bad", text, Severity.LOW, (), text, check, Fix(text), applies)


def _shuffled(condition: Condition, dice: random.Random) -> Condition:
    """Return the same condition, said in another order."""
    match condition:
        case Check():
            fields = [_mixed(part, dice) for part in (condition.where, condition.expect)]
            return Check(condition.fact, fields[0], condition.require, fields[1])
        case AllOf(parts):
            return AllOf(tuple(_shuffled(p, dice) for p in dice.sample(parts, len(parts))))
        case AnyOf(parts):
            return AnyOf(tuple(_shuffled(p, dice) for p in dice.sample(parts, len(parts))))


def _mixed(fields: Fields, dice: random.Random) -> Fields:
    return dict(dice.sample(sorted(fields.items()), len(fields)))


@given(_CONDITIONS, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(condition: Condition, dice: random.Random) -> None:
    assert meaning(_rule(condition)) == meaning(_rule(_shuffled(condition, dice)))


@given(_CHECKS, st.sampled_from(["other", "size"]))
def test_one_more_field_is_another_meaning(check: Check, name: str) -> None:
    more = {**check.where, name: Matcher("equals", "nothing else is this")}
    other = Check(check.fact, more, check.require, check.expect)
    assert meaning(_rule(check)) != meaning(_rule(other))


@given(_CONDITIONS, st.none() | _CONDITIONS)
def test_no_condition_breaks_the_search(check: Condition, applies: Condition | None) -> None:
    assert all(isinstance(why, str) for why in pointless(_rule(check, applies)))
