"""The shape of a pack's files, as pydantic models; the JSON Schemas for editors come from here.

Every condition is one model with all keys optional, not a union, so that a mistake is reported
where it is and not as a list of everything that did not fit.
"""

import re
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hipscan.model.finding import Outcome, Severity
from hipscan.model.rule import Require

Scalar = str | int | float | bool
PACK_NAME: Final = r"^[a-z][a-z0-9-]*$"
KEBAB: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)+$"


def _identifier(text: str) -> str:
    if not re.fullmatch(KEBAB, text):
        raise ValueError(
            f"{text!r} is not an id", "small words joined by '-', such as ssh-root-login"
        )
    return text


Identifier = Annotated[
    str, AfterValidator(_identifier), Field(json_schema_extra={"pattern": KEBAB})
]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Sentence = Annotated[str, Field(min_length=8)]
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def _one_key(schema: dict[str, Any]) -> None:
    schema["minProperties"] = schema["maxProperties"] = 1


class Strict(BaseModel):
    """Base of all: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class MatcherModel(Strict):
    """One comparison: exactly one operator."""

    model_config = ConfigDict(json_schema_extra=_one_key)

    equals: Scalar | None = None
    in_: str | list[Scalar] | None = Field(None, alias="in")
    not_in: str | list[Scalar] | None = None
    matches: str | None = None
    at_least: int | float | str | None = None
    at_most: int | float | str | None = None
    contains: Scalar | None = None
    contains_any: str | list[Scalar] | None = None
    contains_all: str | list[Scalar] | None = None
    within: str | list[Scalar] | None = None
    mode_within: str | None = None
    glob: str | list[str] | None = None
    under: str | list[str] | None = None
    exists: bool | None = None
    empty: bool | None = None
    age_at_most_days: int | float | str | None = None
    days_left_at_least: int | float | str | None = None
    not_: "MatcherModel | None" = Field(None, alias="not")
    any_of: "list[MatcherModel] | None" = None
    each: "MatcherModel | None" = None
    some: "MatcherModel | None" = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("a matcher has exactly one operator", "for example {equals: ...}")
        return self


Fields = dict[FieldName, MatcherModel]
_CHECK_KEYS: Final = frozenset({"fact", "where", "require", "expect"})


class CheckModel(Strict):
    """A question about a fact, or several of them joined by all_of or any_of."""

    fact: Name | None = None
    where: Fields = {}
    require: Require = Require.EACH
    expect: Fields = {}
    all_of: "list[CheckModel] | None" = Field(None, min_length=1)
    any_of: "list[CheckModel] | None" = Field(None, min_length=1)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        used = self.model_fields_set
        forms = [bool(used & _CHECK_KEYS), "all_of" in used, "any_of" in used]
        if sum(forms) != 1:
            raise ValueError("a check is one of: fact with where and expect, all_of, any_of")
        if forms[0] and self.fact is None:
            raise ValueError("a check names its fact", "add fact:")
        if forms[0] and self.require is Require.EACH and not self.expect:
            raise ValueError("'each' needs something to expect", "add expect:")
        return self


class AppliesModel(Strict):
    """When a rule concerns a target."""

    package: str | list[str] | None = None
    platform: Fields | None = None
    fact: Name | None = None
    where: Fields = {}
    require: Require = Require.SOME
    expect: Fields = {}
    all_of: "list[AppliesModel] | None" = Field(None, min_length=1)
    any_of: "list[AppliesModel] | None" = Field(None, min_length=1)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        used = self.model_fields_set
        forms = [name in used for name in ("package", "platform", "all_of", "any_of")]
        forms.append(bool(used & _CHECK_KEYS))
        if sum(forms) != 1:
            raise ValueError("'applies' is one of: package, platform, fact, all_of, any_of")
        if forms[-1] and self.fact is None:
            raise ValueError("a condition names its fact", "add fact:")
        return self


class FixModel(Strict):
    """How to end the bad state."""

    text: Sentence
    shell: str = ""
    last: bool = False


class RuleModel(Strict):
    """One rule."""

    id: Identifier
    title: Annotated[str, Field(min_length=8, max_length=90)]
    severity: Severity
    severity_by: FieldName | None = None
    severity_with_phi: Severity | None = None
    controls: list[str] = Field(min_length=1)
    references: dict[Name, list[str]] = {}
    differs: Sentence | None = None
    profiles: list[Name] = []
    why: Sentence
    applies: AppliesModel | None = None
    check: CheckModel
    fix: FixModel

    @field_validator("severity_with_phi")
    @classmethod
    def _is_higher(cls, value: Severity | None, info: ValidationInfo) -> Severity | None:
        least = info.data.get("severity")
        if value and least and value.rank <= least.rank:
            raise ValueError(f"with patient data it must weigh more than {least}")
        return value


class TopicModel(RootModel[list[RuleModel]]):
    """A topic file: a list of rules."""


class VariableModel(Strict):
    """A variable of a pack: its default and what it is about."""

    default: Scalar | list[Scalar]
    about: Sentence


class ProfileModel(Strict):
    """A named selection of a pack's rules, with values of its own for variables."""

    about: Sentence
    skip: list[str] = []
    only: list[str] = []
    set: dict[Name, Scalar | list[Scalar]] = {}


class PackModel(Strict):
    """pack.yaml."""

    name: Annotated[str, Field(pattern=PACK_NAME)]
    title: Sentence
    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$")]
    framework: str = "hipaa"
    variables: dict[Name, VariableModel] = {}
    profiles: dict[Name, ProfileModel] = {}


class CaseFactModel(Strict):
    """A fact as a case gives it."""

    status: str = "ok"
    records: list[dict[str, Any]] = []
    reason: str = ""


class CaseModel(Strict):
    """One case of a rule: on a lab host, recorded somewhere public, or constructed."""

    rule: Identifier
    also: list[Identifier] = []
    name: Sentence
    kind: Annotated[str, Field(pattern=r"^(lab|recorded|constructed)$")]
    source: str = ""
    hosts: list[str] = []
    simulated: str = ""
    break_: str = Field("", alias="break")
    repair: str = ""
    fix: Annotated[str, Field(pattern=r"^(own|none)$")] = "none"
    facts: dict[Name, CaseFactModel] = {}
    now: str = ""
    expect: Outcome | None = None
    severity: Severity | None = None
    fail: list[str] = []
    vars: dict[Name, Scalar | list[Scalar]] = {}
    phi: bool = False
    phi_paths: list[str] = []

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if self.kind == "lab" and not self.hosts:
            raise ValueError("a lab case names its hosts", "add hosts: [debian12]")
        if self.kind != "lab" and self.simulated:
            raise ValueError("only a lab case simulates something", "leave simulated out")
        if self.kind != "lab" and self.also:
            raise ValueError("only a lab case is about several rules", "write a case for each")
        if self.kind != "lab" and (not self.facts or self.expect is None):
            raise ValueError(f"a {self.kind} case needs facts and expect")
        if self.kind == "recorded" and not self.source:
            raise ValueError("a recorded case names its public source", "add source:")
        return self

    @property
    def rules(self) -> tuple[str, ...]:
        """Return the rules that the case is about; a lab case may show several on one host."""
        return (self.rule, *self.also)

    @property
    def expected(self) -> Outcome:
        """Return the outcome that the case expects of its facts or its broken host."""
        return self.expect or Outcome.FAIL


class CasesModel(RootModel[list[CaseModel]]):
    """A file of cases: a list of them."""
