"""What a rule means must make sense: facts, fields, operands, variables, controls, patterns.

The schema has judged the shape already; here every mistake is one of meaning, and says where
it is and what to write instead.
"""

from collections.abc import Iterator

from hipscan.documents.document import Document, Path, suggest
from hipscan.errors import Mistake
from hipscan.model.rule import Matcher
from hipscan.probes.base import FactSpec
from hipscan.rules.convert import to_matcher
from hipscan.rules.matchers import OPERATORS, VARIABLE, OperandKind
from hipscan.rules.patterns import refuse
from hipscan.rules.schema import AppliesModel, CheckModel, Fields, RuleModel
from hipscan.rules.vocabulary import Vocabulary


def rule_mistakes(
    document: Document,
    index: int,
    model: RuleModel,
    vocabulary: Vocabulary,
    variables: frozenset[str],
) -> Iterator[Mistake]:
    """Yield every mistake in what rule `index` of `document` means."""
    for place, control in enumerate(model.controls):
        if control not in vocabulary.controls:
            instead = suggest(control, vocabulary.controls)
            path = (index, "controls", place)
            yield document.mistake(path, f"unknown control {control!r}", instead)
    reader = _Reader(document, vocabulary, variables)
    yield from reader.condition(model.check, (index, "check"))
    if model.applies:
        yield from reader.condition(model.applies, (index, "applies"))
    if model.severity_by:
        yield from reader.severity_by(model, (index, "severity_by"))


class _Reader:
    """Walks through conditions with what they may speak of at hand."""

    def __init__(
        self, document: Document, vocabulary: Vocabulary, variables: frozenset[str]
    ) -> None:
        self._document = document
        self._facts = vocabulary.facts
        self._variables = variables

    def condition(self, model: CheckModel | AppliesModel, path: Path) -> Iterator[Mistake]:
        for key in ("all_of", "any_of"):
            for place, part in enumerate(getattr(model, key) or ()):
                yield from self.condition(part, (*path, key, place))
        if isinstance(model, AppliesModel) and model.platform:
            yield from self._fields(model.platform, self._facts["platform"], (*path, "platform"))
        if model.fact is None:
            return
        spec = self._facts.get(model.fact)
        if spec is None:
            instead = suggest(model.fact, self._facts)
            where = (*path, "fact")
            yield self._document.mistake(where, f"unknown fact {model.fact!r}", instead)
            return
        for key, fields in (("where", model.where), ("expect", model.expect)):
            yield from self._fields(fields, spec, (*path, key))

    def severity_by(self, model: RuleModel, path: Path) -> Iterator[Mistake]:
        names = {part.fact for part in _checks(model.check) if part.fact in self._facts}
        for name in names:
            fields = self._facts[name or ""].fields
            if model.severity_by not in fields:
                instead = suggest(str(model.severity_by), fields)
                message = f"{name} has no field {model.severity_by!r}"
                yield self._document.mistake(path, message, instead)

    def _fields(self, fields: Fields, spec: FactSpec, path: Path) -> Iterator[Mistake]:
        for name, model in fields.items():
            field = spec.fields.get(name)
            if field is None:
                message = f"{spec.name} has no field {name!r}"
                instead = suggest(name, spec.fields)
                yield self._document.mistake((*path, name), message, instead, key=True)
            else:
                yield from self._matcher(to_matcher(model), str(field.type), (*path, name))

    def _matcher(self, matcher: Matcher, kind: str, path: Path) -> Iterator[Mistake]:
        operator = OPERATORS[matcher.operator]
        place = (*path, matcher.operator)
        if kind not in operator.suits:
            fitting = [name for name, found in OPERATORS.items() if kind in found.suits]
            message = f"{matcher.operator!r} does not suit a field of type {kind}"
            instead = f"use one of: {', '.join(fitting)}"
            yield self._document.mistake(place, message, instead, key=True)
        inner = "text" if matcher.operator in {"each", "some"} else kind
        yield from self._operand(matcher.operand, operator.takes, inner, place)

    def _operand(
        self, operand: object, takes: OperandKind, kind: str, path: Path
    ) -> Iterator[Mistake]:
        if isinstance(operand, Matcher):
            yield from self._matcher(operand, kind, path)
        elif isinstance(operand, tuple) and takes is OperandKind.MATCHERS:
            for place, part in enumerate(operand):
                yield from self._operand(part, OperandKind.MATCHER, kind, (*path, place))
        elif isinstance(operand, str):
            yield from self._text(operand, takes, path)

    def _text(self, operand: str, takes: OperandKind, path: Path) -> Iterator[Mistake]:
        named = VARIABLE.fullmatch(operand)
        if named and named[1] not in self._variables:
            instead = suggest(named[1], self._variables)
            yield self._document.mistake(path, f"unknown variable {operand!r}", instead)
        elif named:
            return
        elif takes in {OperandKind.SCALARS, OperandKind.TEXTS, OperandKind.NUMBER}:
            yield self._document.mistake(path, f"{operand!r} is not {takes}")
        elif takes is OperandKind.PATTERN and (why := refuse(operand)):
            yield self._document.mistake(path, f"the pattern is refused: {why}")
        elif takes is OperandKind.MODE and not _is_mode(operand):
            yield self._document.mistake(path, f"{operand!r} is not {takes}", 'for example "0640"')


def _is_mode(text: str) -> bool:
    return len(text) == 4 and all(char in "01234567" for char in text)  # noqa: PLR2004  # rwx for three, and the special bits


def _checks(model: CheckModel) -> Iterator[CheckModel]:
    if model.fact:
        yield model
    for part in (*(model.all_of or ()), *(model.any_of or ())):
        yield from _checks(part)
