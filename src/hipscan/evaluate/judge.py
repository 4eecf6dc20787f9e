"""How one rule's condition is judged on one snapshot.

Only facts that are `ok` or `absent` lead to a pass. A violation that is seen in a fact that was
read in part is a fail all the same; anything else that could not be read is notchecked, with the
reason. Within a condition: fail, then error, then notchecked, then pass; what does not apply is
left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from hipscan.evaluate.index import Index
from hipscan.model.fact import Fact, FactStatus, Record
from hipscan.model.finding import Outcome
from hipscan.model.rule import AllOf, AnyOf, Check, Condition, Fields, Require
from hipscan.probes.base import FactSpec, FieldType
from hipscan.rules.matchers import MISSING, Answer, Scope, bound, describe, select, show, show_time

_ALL_ORDER: Final = (Outcome.FAIL, Outcome.ERROR, Outcome.NOTCHECKED, Outcome.PASS)
_ANY_ORDER: Final = (Outcome.PASS, Outcome.ERROR, Outcome.NOTCHECKED, Outcome.FAIL)


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that does not meet a check: the record, and what was seen and wanted of it."""

    subject: str
    observed: str
    expected: str
    record: Record


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition came to: the outcome, what is wrong, and the reason in words."""

    outcome: Outcome
    wrong: tuple[Wrong, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """What judging needs: facts and their specifications by name, and the scope of operands."""

    fact: Callable[[str], Fact]
    spec: Callable[[str], FactSpec]
    scope: Scope
    index: Index


def judge(condition: Condition, bench: Bench) -> Verdict:
    """Judge `condition`; never raises for what a host or a pack says."""
    match condition:
        case Check():
            return _check(condition, bench)
        case AllOf(parts):
            return _together([judge(part, bench) for part in parts], _ALL_ORDER)
        case AnyOf(parts):
            return _together([judge(part, bench) for part in parts], _ANY_ORDER)
        case _:
            assert_never(condition)


def _together(verdicts: Sequence[Verdict], order: Sequence[Outcome]) -> Verdict:
    """Join verdicts: the first outcome of `order` that any of them has, with all its reasons."""
    for outcome in order:
        found = [verdict for verdict in verdicts if verdict.outcome is outcome]
        if found:
            wrong = tuple(item for verdict in found for item in verdict.wrong)
            return Verdict(outcome, wrong, _reasons(found))
    return Verdict(Outcome.NOTAPPLICABLE, (), _reasons(verdicts))


def _reasons(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(dict.fromkeys(verdict.reason for verdict in verdicts if verdict.reason))


def _check(check: Check, bench: Bench) -> Verdict:
    fact = bench.fact(check.fact)
    try:
        return _Judging(check, fact, bench).verdict()
    except (TypeError, ValueError, LookupError) as error:
        return Verdict(Outcome.ERROR, (), f"{check.fact}: {error}")


class _Judging:
    """One check on one fact."""

    def __init__(self, check: Check, fact: Fact, bench: Bench) -> None:
        self._check = bound(check, bench.scope)
        self._fact = fact
        self._scope = bench.scope
        self._spec = bench.spec(check.fact)
        self._selected: list[Record] = []
        self._perhaps: list[Record] = []
        where = self._check.where
        for record in bench.index.candidates(check.fact, where):
            answer = select(where, record, bench.scope)
            if answer is not False:
                (self._selected if answer else self._perhaps).append(record)

    def verdict(self) -> Verdict:
        match self._check.require:
            case Require.EACH:
                return self._each()
            case Require.SOME:
                return self._some()
            case Require.NONE:
                return self._none()

    def _answer(self, fields: Fields, record: Record) -> Answer:
        return select(fields, record, self._scope)

    def _each(self) -> Verdict:
        answers = [(record, self._answer(self._check.expect, record)) for record in self._selected]
        wrong = tuple(self._wrong(record) for record, answer in answers if answer is False)
        if wrong:
            return Verdict(Outcome.FAIL, wrong)
        unknown = [record for record, answer in answers if answer is None] + self._perhaps
        undecided = self._undecided(unknown)
        if undecided:
            return undecided
        if not answers:
            return Verdict(Outcome.NOTAPPLICABLE, (), self._nothing())
        return Verdict(Outcome.PASS)

    def _none(self) -> Verdict:
        answers = [(record, self._answer(self._check.expect, record)) for record in self._selected]
        wrong = tuple(self._unwanted(record) for record, answer in answers if answer is True)
        if wrong:
            return Verdict(Outcome.FAIL, wrong)
        unknown = [record for record, answer in answers if answer is None]
        unknown += [r for r in self._perhaps if self._answer(self._check.expect, r) is not False]
        return self._undecided(unknown) or Verdict(Outcome.PASS)

    def _some(self) -> Verdict:
        answers = [self._answer(self._check.expect, record) for record in self._selected]
        is_met = any(answer is True for answer in answers)
        if is_met and self._fact.is_decided:
            return Verdict(Outcome.PASS)
        undecided = self._undecided([] if is_met else self._unknown_of_some(answers))
        if undecided:
            return undecided
        wrong = tuple(self._wrong(record) for record in self._selected) or (self._lacking(),)
        return Verdict(Outcome.FAIL, wrong)

    def _unknown_of_some(self, answers: Sequence[Answer]) -> list[Record]:
        unknown = [r for r, a in zip(self._selected, answers, strict=True) if a is None]
        return unknown + self._perhaps

    def _undecided(self, unknown: Sequence[Record]) -> Verdict | None:
        """Return notchecked where the fact, or a field that matters, is not known."""
        if not self._fact.is_decided:
            return Verdict(Outcome.NOTCHECKED, (), self._not_read())
        if unknown:
            subjects = ", ".join(self._subject(record) for record in unknown[:3])
            more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""  # noqa: PLR2004  # enough to see which
            return Verdict(Outcome.NOTCHECKED, (), f"not known of {subjects}{more}")
        return None

    def _not_read(self) -> str:
        status = self._fact.status
        reason = self._fact.reason.removeprefix(f"{status}: ")
        return f"{self._check.fact}: {status}" + (f" ({reason})" if reason else "")

    def _nothing(self) -> str:
        if self._fact.status is FactStatus.ABSENT and self._fact.reason:
            return self._fact.reason
        where = self._wanted(self._check.where)
        return f"no {self._check.fact}" + (f" whose {where}" if where else "")

    def _subject(self, record: Record) -> str:
        parts = [show(record[name]) for name in self._spec.subject if record.get(name) is not None]
        return " ".join(parts) or self._check.fact

    def _wrong(self, record: Record) -> Wrong:
        fields = self._check.expect or self._check.where
        failing = {
            name: matcher
            for name, matcher in fields.items()
            if self._answer({name: matcher}, record) is not True
        }
        observed = self._seen(failing or fields, record)
        return Wrong(self._subject(record), observed, self._wanted(failing or fields), record)

    def _unwanted(self, record: Record) -> Wrong:
        fields = {**self._check.where, **self._check.expect}
        return Wrong(
            self._subject(record),
            self._seen(fields, record) or "present",
            "none like this",
            record,
        )

    def _lacking(self) -> Wrong:
        where = {**self._check.where, **self._check.expect}
        wanted = f"a {self._check.fact} whose {self._wanted(where)}"
        return Wrong(self._check.fact, "none", wanted, {})

    def _seen(self, fields: Fields, record: Record) -> str:
        return ", ".join(f"{name} {self._value(name, record)}" for name in fields)

    def _value(self, name: str, record: Record) -> str:
        value = record.get(name, MISSING)
        field = self._spec.fields.get(name)
        is_time = field is not None and field.type is FieldType.TIME
        return show_time(value) if is_time and isinstance(value, int) else show(value)

    def _wanted(self, fields: Fields) -> str:
        return ", ".join(f"{name} {describe(m)}" for name, m in fields.items())
