"""The work behind `hipscan explain`."""

import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, assert_never

from hipscan.cli import content
from hipscan.cli.settings import chosen_packs
from hipscan.documents.document import suggest
from hipscan.errors import ExitCode, UsageError
from hipscan.model.rule import AllOf, AnyOf, Check, Condition, Fields, Matcher, Require, Rule
from hipscan.probes import table
from hipscan.probes.derived import DERIVED
from hipscan.rules.matchers import OPERATORS, show
from hipscan.rules.pack import Pack, profiles_of
from hipscan.rules.proof import Proof, proof
from hipscan.sanitize import line

_WIDTH: Final = 96
_REQUIRE: Final = {
    Require.EACH: "each must meet",
    Require.SOME: "one must meet",
    Require.NONE: "none may meet",
}


def explain(name: str, folders: Sequence[Path]) -> int:
    """Print everything about the rule called `name`."""
    packs = content.packs(chosen_packs(folders))
    rules = {rule.id: (rule, pack) for pack in packs for rule in pack.rules}
    if name not in rules:
        raise UsageError(f"no rule is called {name!r}", hint=suggest(name, rules))
    rule, pack = rules[name]
    sys.stdout.write("\n".join(_lines(rule, pack)) + "\n")
    return ExitCode.OK


def _lines(rule: Rule, pack: Pack) -> Iterator[str]:
    yield f"{rule.id} ({_severity(rule)})"
    yield f"  {rule.title}"
    yield ""
    yield from _paragraph("why", rule.why)
    controls = {control.id: control for control in content.framework().controls}
    yield "controls"
    for name in rule.controls:
        control = controls[name]
        yield f"  {name}  {control.name} ({control.kind}): {control.summary}"
    if rule.applies:
        yield "applies when"
        yield from condition_lines(rule.applies, "  ")
    yield "checks"
    yield from condition_lines(rule.check, "  ")
    yield "reads"
    yield from _reads(rule)
    yield from _paragraph("fix", rule.fix.text)
    if rule.fix.shell:
        yield textwrap.indent(rule.fix.shell.rstrip(), "    ")
    for framework, ids in rule.references.items():
        yield f"see {framework}: {', '.join(ids)}"
    if rule.differs:
        yield from _paragraph("differs", rule.differs)
    yield f"profiles: {', '.join(profiles_of(rule, pack))}"
    yield from _proof(proof(rule.id, pack.cases))
    yield f"defined in {rule.where_from}"


def _severity(rule: Rule) -> str:
    more = rule.severity_with_phi
    return f"{rule.severity}; {more} where patient data lives" if more else str(rule.severity)


def _paragraph(head: str, text: str) -> Iterator[str]:
    yield head
    yield from textwrap.wrap(line(text), _WIDTH, initial_indent="  ", subsequent_indent="  ")


def condition_lines(condition: Condition, indent: str) -> Iterator[str]:
    """Yield a condition in words, a line for each part, indented as they are joined."""
    match condition:
        case Check():
            yield f"{indent}{_check(condition)}"
        case AllOf(parts):
            yield f"{indent}all of"
            for part in parts:
                yield from condition_lines(part, indent + "  ")
        case AnyOf(parts):
            yield f"{indent}one of"
            for part in parts:
                yield from condition_lines(part, indent + "  ")
        case _:
            assert_never(condition)


def _check(check: Check) -> str:
    where = f" where {_fields(check.where)}" if check.where else ""
    expect = f": {_REQUIRE[check.require]} {_fields(check.expect)}" if check.expect else ""
    if not check.expect:
        expect = ": there must be one" if check.require is Require.SOME else ": there may be none"
    return f"{check.fact}{where}{expect}"


def _fields(fields: Fields) -> str:
    return " and ".join(f"{name} {matcher_text(matcher)}" for name, matcher in fields.items())


def matcher_text(matcher: Matcher) -> str:
    """Return what a matcher wants in words, variables by their names."""
    operand = matcher.operand
    if isinstance(operand, Matcher):
        text = matcher_text(operand)
    elif isinstance(operand, tuple) and any(isinstance(part, Matcher) for part in operand):
        text = " or ".join(matcher_text(part) for part in operand)
    else:
        text = show(operand)
    return OPERATORS[matcher.operator].phrase.format(text)


def _reads(rule: Rule) -> Iterator[str]:
    for name in sorted(facts_of(rule.check) | (facts_of(rule.applies) if rule.applies else set())):
        probe = table.probe_of_fact().get(name)
        by = f"probe {probe.name}" if probe else _without_probe(name)
        yield f"  {name} ({by}): {table.facts()[name].doc}"


def _without_probe(name: str) -> str:
    return "derived from other facts" if name in DERIVED else "from the inventory"


def facts_of(condition: Condition) -> set[str]:
    """Return the facts that a condition asks for."""
    match condition:
        case Check(fact=name):
            return {name}
        case AllOf(parts) | AnyOf(parts):
            return {name for part in parts for name in facts_of(part)}
        case _:
            assert_never(condition)


def _proof(found: Proof) -> Iterator[str]:
    yield "proof"
    if found.kind == "lab":
        yield f"  lab: broken, seen to fail, fixed, seen to pass on {', '.join(found.platforms)}"
        yield "  preview on every other platform"
    elif found.kind == "recorded":
        yield "  recorded: seen to fail and to pass on facts from public sources; preview"
    elif found.kind == "none":
        yield "  none: not seen both to fail and to pass"
    else:
        yield "  constructed: seen to fail and to pass on facts made from documentation; preview"
    for source in found.sources:
        yield f"  source: {source}"
