"""The loader: a folder of YAML becomes a Pack, or every mistake in it at once.

rules/hipaa/pack.yaml          name, title, version, variables, profiles
rules/hipaa/ssh.yaml           a list of rules
rules/hipaa/cases/ssh.yaml     a list of cases
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from hipscan.documents import files, yaml
from hipscan.documents.document import Document, Value, suggest
from hipscan.documents.schema import check
from hipscan.errors import DocumentError, Mistake, Position, UsageError
from hipscan.model.rule import Rule
from hipscan.rules.convert import to_rule
from hipscan.rules.meaning import rule_mistakes
from hipscan.rules.pack import Pack, Variable
from hipscan.rules.schema import CaseModel, CasesModel, PackModel, RuleModel, TopicModel
from hipscan.rules.vocabulary import Vocabulary

# Variables that come from the target's own data, not from a pack.
TARGET_VARIABLES: Final = ("phi_paths", "groups", "phi", "target")


M = TypeVar("M", PackModel, CasesModel)


def load_packs(folders: Sequence[Path], vocabulary: Vocabulary) -> tuple[Pack, ...]:
    """Return the packs in `folders`; raise DocumentError with the mistakes of all of them."""
    packs: list[Pack] = []
    mistakes: list[Mistake] = []
    for folder in folders:
        try:
            packs.append(load_pack(folder, vocabulary))
        except DocumentError as error:
            mistakes += error.mistakes
    mistakes += _twice([rule for pack in packs for rule in pack.rules])
    if mistakes:
        raise DocumentError(tuple(mistakes))
    return tuple(packs)


def load_pack(folder: Path, vocabulary: Vocabulary) -> Pack:
    """Return the pack in `folder`; raise DocumentError with every mistake in its files."""
    if not (folder / "pack.yaml").is_file():
        raise UsageError(
            f"{folder} is not a rule pack", hint="a pack is a folder with a pack.yaml in it"
        )
    mistakes: list[Mistake] = []
    head = _read(folder / "pack.yaml", PackModel, mistakes)
    variables = frozenset(head[1].variables if head else ()) | frozenset(TARGET_VARIABLES)
    profiles = {"default", *(head[1].profiles if head else ())}
    rules: list[Rule] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name != "pack.yaml" and (topic := _topic(path, mistakes)):
            document, models = topic
            for index, model in models.items():
                where = str(document.position((index,)))
                rules.append(to_rule(model, pack=folder.name, topic=path.stem, where=where))
                mistakes += rule_mistakes(document, index, model, vocabulary, variables)
                mistakes += _unknown_profiles(document, index, model, profiles)
    cases = tuple(_cases(folder, mistakes))
    mistakes += _twice(rules)
    if mistakes or head is None:
        raise DocumentError(tuple(mistakes))
    return _pack(head[1], folder, rules, cases)


def _pack(head: PackModel, folder: Path, rules: list[Rule], cases: tuple[CaseModel, ...]) -> Pack:
    variables = {
        name: Variable(name, model.default, model.about) for name, model in head.variables.items()
    }
    return Pack(
        head.name, head.title, head.version, folder, tuple(rules), variables, head.profiles, cases
    )


def _read(path: Path, model: type[M], mistakes: list[Mistake]) -> tuple[Document, M] | None:
    try:
        document = yaml.load(files.read(path, what="rule file"), name=str(path))
        return document, check(document, model)
    except DocumentError as error:
        mistakes += error.mistakes
        return None


def _topic(path: Path, mistakes: list[Mistake]) -> tuple[Document, dict[int, RuleModel]] | None:
    """Return the rules of a file by their place; where some have no shape, the others."""
    try:
        document = yaml.load(files.read(path, what="rule file"), name=str(path))
    except DocumentError as error:
        mistakes += error.mistakes
        return None
    try:
        return document, dict(enumerate(check(document, TopicModel).root))
    except DocumentError as error:
        mistakes += error.mistakes
        entries = document.value if isinstance(document.value, list) else []
        return document, dict(_whole(entries))


def _whole(entries: Sequence[Value]) -> Iterator[tuple[int, RuleModel]]:
    for index, entry in enumerate(entries):
        with suppress(ValueError):
            yield index, RuleModel.model_validate_json(json.dumps(entry), strict=True)


def _cases(folder: Path, mistakes: list[Mistake]) -> Iterator[CaseModel]:
    for path in sorted(folder.glob("cases/*.yaml")):
        if found := _read(path, CasesModel, mistakes):
            yield from found[1].root


def _unknown_profiles(
    document: Document, index: int, model: RuleModel, known: set[str]
) -> Iterator[Mistake]:
    for place, name in enumerate(model.profiles):
        if name not in known:
            path = (index, "profiles", place)
            message = f"pack.yaml has no profile {name!r}"
            yield document.mistake(path, message, suggest(name, known))


def _twice(rules: Sequence[Rule]) -> Iterator[Mistake]:
    first: dict[str, Rule] = {}
    for rule in rules:
        other = first.setdefault(rule.id, rule)
        if other is not rule:
            file, line, column = rule.where_from.rsplit(":", 2)
            where = Position(file, int(line), int(column))
            yield Mistake(where, f"the rule {rule.id!r} is already in {other.where_from}")
