"""What a reader of a pack would trip over, beyond what makes it unusable.

The loader has refused what cannot work already (hipscan.rules.meaning): unknown controls, facts,
fields, variables and profiles, and patterns that can explode.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

from hipscan.documents import files, yaml
from hipscan.documents.document import Document, suggest
from hipscan.errors import Mistake, Position
from hipscan.model.rule import Matcher, Rule
from hipscan.rules.canonical import meaning
from hipscan.rules.matchers import VARIABLE
from hipscan.rules.naming import unfit_word
from hipscan.rules.pack import Pack
from hipscan.rules.proof import proof
from hipscan.rules.reach import checks_of, pointless
from hipscan.rules.schema import CaseModel
from hipscan.rules.vocabulary import Vocabulary

# How the ids of other catalogues look, and an example of each.
_REFERENCES: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "ssg": (re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)+"), "sshd_disable_root_login"),
    "cis_debian12": (re.compile(r"[1-9](\.[1-9]\d?){1,5}"), "5.1.20"),
}


def lint(pack: Pack, vocabulary: Vocabulary) -> Iterator[Mistake]:
    """Yield what is wrong with the rules, cases, variables and profiles of `pack`."""
    for case in pack.cases:
        yield from _case(case, pack)
        yield from _facts(case, pack, vocabulary)
    meanings: dict[str, Rule] = {}
    titles: dict[str, Rule] = {}
    for rule in pack.rules:
        yield from _rule(rule, pack)
        yield from _controls(rule, vocabulary)
        yield from (_at(rule, why, "change or leave out the condition") for why in pointless(rule))
        same = meanings.setdefault(meaning(rule), rule)
        if same is not rule:
            yield _at(rule, f"checks the same as {same.id}", "keep one of them")
        namesake = titles.setdefault(rule.title.casefold(), rule)
        if namesake is not rule:
            yield _at(rule, f"has the title of {namesake.id}", "say what is different")
    yield from _head(pack)


def _rule(rule: Rule, pack: Pack) -> Iterator[Mistake]:
    if word := unfit_word(rule.id):
        yield _at(rule, f"the id does not name a bad state ({word!r})", "say what is wrong")
    if not proof(rule.id, pack.cases).is_whole:
        yield _at(rule, "was never seen both to fail and to pass", "add cases")
    if not rule.why.rstrip().endswith("."):
        yield _at(rule, "'why' is not a sentence", "end it with a full stop")
    unproven = rule.fix.shell and not any(
        rule.id in case.rules and case.fix == "own" for case in pack.cases
    )
    if unproven:
        yield _at(rule, "its fix was never run", "add a lab case with fix: own")
    for catalogue, ids in rule.references.items():
        form, example = _REFERENCES.get(catalogue, (re.compile(".+"), ""))
        for name in ids:
            if not form.fullmatch(name):
                message = f"{name!r} does not look like an id of {catalogue}"
                yield _at(rule, message, f"such as {example}")
        for name in sorted({name for name in ids if ids.count(name) > 1}):
            yield _at(rule, f"{catalogue} {name} stands there twice", "leave one out")


def _controls(rule: Rule, vocabulary: Vocabulary) -> Iterator[Mistake]:
    for control in rule.controls:
        if control in vocabulary.attested:
            yield _at(
                rule, f"no host can show {control}: only people can attest it", "leave it out"
            )


def _case(case: CaseModel, pack: Pack) -> Iterator[Mistake]:
    where = Position(str(pack.folder / "cases"), 1, 1)
    rules = {rule.id: rule for rule in pack.rules}
    for name in case.rules:
        if name not in rules:
            yield Mistake(where, f"a case of {name!r}, which is no rule of this pack")
        elif case.fix == "own" and not rules[name].fix.shell:
            yield _at(rules[name], f"no fix that the case {case.name!r} could run", "add fix.shell")
    for name in case.vars:
        if name not in pack.variables:
            message = f"{case.rule}: the case {case.name!r} sets {name!r}, which is no variable"
            yield Mistake(where, message, suggest(name, pack.variables))


def _facts(case: CaseModel, pack: Pack, vocabulary: Vocabulary) -> Iterator[Mistake]:
    """Yield facts and fields that no host has: a case with them shows nothing."""
    where = Position(str(pack.folder / "cases"), 1, 1)
    for name, fact in case.facts.items():
        if name not in vocabulary.facts:
            message = f"{case.rule}: the case {case.name!r} has the unknown fact {name!r}"
            yield Mistake(where, message, suggest(name, vocabulary.facts))
            continue
        known = vocabulary.facts[name].fields
        for field in sorted({key for record in fact.records for key in record} - known.keys()):
            message = f"{case.rule}: the case {case.name!r} has {field!r}, which {name} has not"
            yield Mistake(where, message, suggest(field, known))


def _head(pack: Pack) -> Iterator[Mistake]:
    """Yield what is wrong in pack.yaml: variables that nothing reads, profiles that do nothing."""
    path = pack.folder / "pack.yaml"
    document = yaml.load(files.read(path, what="rule file"), name=str(path))
    used = {name for rule in pack.rules for name in _variables(rule)}
    for name in pack.variables:
        if name not in used:
            message = f"no rule reads the variable {name!r}"
            yield document.mistake(("variables", name), message, "leave it out", key=True)
    for name in pack.profiles:
        yield from _profile(name, pack, document)


def _profile(name: str, pack: Pack, document: Document) -> Iterator[Mistake]:
    profile = pack.profiles[name]
    ids = [rule.id for rule in pack.rules]
    for variable in profile.set:
        if variable not in pack.variables:
            message, instead = f"no variable {variable!r}", suggest(variable, pack.variables)
            where = ("profiles", name, "set", variable)
            yield document.mistake(where, message, instead, key=True)
    for key, globs in (("skip", profile.skip), ("only", profile.only)):
        for place, glob in enumerate(globs):
            if not any(fnmatchcase(rule, glob) for rule in ids):
                path = ("profiles", name, key, place)
                yield document.mistake(path, f"no rule is called {glob!r}", suggest(glob, ids))


def _variables(rule: Rule) -> Iterator[str]:
    for check in checks_of(rule):
        for matcher in (*check.where.values(), *check.expect.values()):
            yield from _named(matcher.operand)


def _named(operand: object) -> Iterator[str]:
    match operand:
        case str():
            found = VARIABLE.fullmatch(operand)
            yield from (found.groups() if found else ())
        case Matcher():
            yield from _named(operand.operand)
        case tuple():
            for part in operand:
                yield from _named(part)


def _at(rule: Rule, message: str, instead: str) -> Mistake:
    file, line, column = rule.where_from.rsplit(":", 2)
    return Mistake(Position(file, int(line), int(column)), f"{rule.id}: {message}", instead)
