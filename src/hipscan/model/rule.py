"""Rule: one bad state, how to recognise it, why it matters and how to end it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hipscan.model.finding import Severity


class Require(StrEnum):
    """How many of the selected records must meet the expectation."""

    EACH = "each"
    SOME = "some"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One comparison of the closed vocabulary, for example `at_least: 3072`.

    `operand` is a constant, a reference to a variable (`$name`), or matchers again, as the
    operator wants it (hipscan.rules.matchers). `is_bound` says that no variable is in it.
    """

    operator: str
    operand: object
    is_bound: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Find out whether the operand refers to a variable."""
        object.__setattr__(self, "is_bound", _is_bound(self.operand))


def _is_bound(operand: object) -> bool:
    match operand:
        case str():
            return not operand.startswith("$")
        case Matcher():
            return operand.is_bound
        case tuple():
            return all(_is_bound(part) for part in operand)
        case _:
            return True


Fields = Mapping[str, Matcher]


@dataclass(frozen=True, slots=True)
class Check:
    """A question about one fact: of the records that match `where`, which meet `expect`."""

    fact: str
    where: Fields = field(default_factory=dict)
    require: Require = Require.EACH
    expect: Fields = field(default_factory=dict)
    is_bound: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Find out whether any matcher refers to a variable."""
        matchers = (*self.where.values(), *self.expect.values())
        object.__setattr__(self, "is_bound", all(matcher.is_bound for matcher in matchers))


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part must hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part is enough."""

    parts: tuple["Condition", ...]


Condition = Check | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Fix:
    """How to end the bad state: a sentence for a person, and a shell script where one can do it.

    `last` says that it locks something which other fixes have to change first.
    """

    text: str
    shell: str = ""
    last: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a pack, as loaded. `where_from` is `file:line` of its definition.

    A rule without `profiles` belongs to all of them. `severity_with_phi` is the severity on a
    target that holds patient data, None where that makes no difference.
    """

    id: str
    title: str
    severity: Severity
    controls: tuple[str, ...]
    why: str
    check: Condition
    fix: Fix
    applies: Condition | None = None
    severity_by: str = ""
    severity_with_phi: Severity | None = None
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    differs: str = ""
    profiles: tuple[str, ...] = ()
    pack: str = ""
    topic: str = ""
    where_from: str = ""

    def severity_on(self, *, phi: bool) -> Severity:
        """Return the severity on a target that holds patient data, or on one that does not."""
        return self.severity_with_phi if phi and self.severity_with_phi else self.severity
