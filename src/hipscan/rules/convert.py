"""From the models of a pack's files to the values that the rest of hipscan works with."""

from hipscan.model.rule import AllOf, AnyOf, Check, Condition, Fix, Matcher, Require, Rule
from hipscan.rules.schema import AppliesModel, CheckModel, Fields, MatcherModel, RuleModel


def to_rule(model: RuleModel, *, pack: str, topic: str, where: str) -> Rule:
    """Return the rule that `model` describes."""
    return Rule(
        id=model.id,
        title=model.title,
        severity=model.severity,
        controls=tuple(model.controls),
        why=model.why,
        check=to_condition(model.check),
        fix=Fix(model.fix.text, model.fix.shell, last=model.fix.last),
        applies=to_applies(model.applies) if model.applies else None,
        severity_by=model.severity_by or "",
        severity_with_phi=model.severity_with_phi,
        references={name: tuple(ids) for name, ids in model.references.items()},
        differs=model.differs or "",
        profiles=tuple(model.profiles),
        pack=pack,
        topic=topic,
        where_from=where,
    )


def to_matcher(model: MatcherModel) -> Matcher:
    """Return the one comparison that `model` holds."""
    (name,) = model.model_fields_set
    return Matcher(name.rstrip("_"), _operand(getattr(model, name)))


def _operand(value: object) -> object:
    if isinstance(value, MatcherModel):
        return to_matcher(value)
    if isinstance(value, list):
        return tuple(_operand(part) for part in value)
    return value


def to_fields(fields: Fields) -> dict[str, Matcher]:
    """Return the matchers of several fields."""
    return {name: to_matcher(model) for name, model in fields.items()}


def to_condition(model: CheckModel) -> Condition:
    """Return the check that `model` describes."""
    if model.all_of:
        return AllOf(tuple(to_condition(part) for part in model.all_of))
    if model.any_of:
        return AnyOf(tuple(to_condition(part) for part in model.any_of))
    return Check(model.fact or "", to_fields(model.where), model.require, to_fields(model.expect))


def to_applies(model: AppliesModel) -> Condition:
    """Return the condition that `model` describes, short forms written out."""
    if model.all_of:
        return AllOf(tuple(to_applies(part) for part in model.all_of))
    if model.any_of:
        return AnyOf(tuple(to_applies(part) for part in model.any_of))
    if model.package:
        return _package(model.package)
    if model.platform is not None:
        return Check("platform", {}, Require.EACH, to_fields(model.platform))
    return Check(model.fact or "", to_fields(model.where), model.require, to_fields(model.expect))


def _package(names: str | list[str]) -> Condition:
    wanted = (names,) if isinstance(names, str) else tuple(names)
    where = {"name": Matcher("in", wanted), "installed": Matcher("equals", operand=True)}
    return Check("package", where, Require.SOME)
