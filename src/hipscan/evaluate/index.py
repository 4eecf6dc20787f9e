"""Records of facts by the values of their fields, so that a check need not go over all of them.

Thirty rules that ask whether one of 800 packages is installed would look at 24,000 records.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hipscan.model.fact import Fact, Record
from hipscan.model.rule import Fields, Matcher

_Values = Mapping[object, Sequence[Record]]


@dataclass(frozen=True, slots=True)
class Index:
    """Finds the records of a fact that could match; made once a snapshot."""

    fact: Callable[[str], Fact]
    known: dict[tuple[str, str], _Values] = field(default_factory=dict)

    def candidates(self, name: str, where: Fields) -> Sequence[Record]:
        """Return the records of the fact `name` that could match the bound `where`.

        All that match are among them, and all of which that is not known.
        """
        for key, matcher in where.items():
            wanted = _wanted(matcher)
            if wanted is not None:
                values = self._by_value(name, key)
                return [record for value in (*wanted, None) for record in values.get(value, ())]
        return self.fact(name).records

    def _by_value(self, name: str, key: str) -> _Values:
        if (name, key) not in self.known:
            values: dict[object, list[Record]] = defaultdict(list)
            for record in self.fact(name).records:
                if key in record:
                    value = record[key]
                    # A list cannot be a key; like an unknown value it could always match.
                    values[value if isinstance(value, str | int | float) else None].append(record)
            self.known[name, key] = values
        return self.known[name, key]


def _wanted(matcher: Matcher) -> Sequence[object] | None:
    """Return the only values that can match, or None when the matcher does not say."""
    match matcher.operator, matcher.operand:
        case "equals", str() | int() | float() as value:
            return (value,)
        case "in", tuple() | list() as values:
            return tuple(dict.fromkeys(values))
        case _:
            return None
