"""What a reader of a pack would trip over, beyond what makes it unusable.

The loader has refused what cannot work already (hipscan.rules.meaning).
"""

from collections.abc import Iterator
from typing import Final

from hipscan.errors import Mistake, Position
from hipscan.model.rule import Rule
from hipscan.rules.pack import Pack
from hipscan.rules.proof import proof

# Ids name the bad state; these words praise, or ask.
_PRAISE: Final = frozenset(
    {"secure", "ensure", "enabled", "good", "safe", "strong", "check", "correct", "valid", "should"}
)


def lint(pack: Pack) -> Iterator[Mistake]:
    """Yield what is wrong with the rules and cases of `pack`."""
    names = {rule.id for rule in pack.rules}
    for name in dict.fromkeys(name for case in pack.cases for name in case.rules):
        if name not in names:
            where = Position(str(pack.folder / "cases"), 1, 1)
            yield Mistake(where, f"a case of {name!r}, which is no rule of this pack")
    meanings: dict[str, Rule] = {}
    for rule in pack.rules:
        yield from _rule(rule, pack)
        same = meanings.setdefault(repr((rule.applies, rule.check)), rule)
        if same is not rule:
            yield _at(rule, f"checks the same as {same.id}", "keep one of them")


def _rule(rule: Rule, pack: Pack) -> Iterator[Mistake]:
    praise = sorted(_PRAISE & set(rule.id.split("-")))
    if praise:
        yield _at(rule, f"the id does not name a bad state ({praise[0]!r})", "say what is wrong")
    if not proof(rule.id, pack.cases).is_whole:
        yield _at(rule, "was never seen both to fail and to pass", "add cases")
    if not rule.why.rstrip().endswith("."):
        yield _at(rule, "'why' is not a sentence", "end it with a full stop")
    unproven = rule.fix.shell and not any(
        rule.id in case.rules and case.fix == "own" for case in pack.cases
    )
    if unproven:
        yield _at(rule, "its fix was never run", "add a lab case with fix: own")


def _at(rule: Rule, message: str, instead: str) -> Mistake:
    file, line, column = rule.where_from.rsplit(":", 2)
    return Mistake(Position(file, int(line), int(column)), f"{rule.id}: {message}", instead)
