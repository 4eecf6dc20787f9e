"""The shape of an OpenVEX document: 0.2.0, and 0.0.1 where it is written otherwise.

    {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://clinic.example/vex/1",
     "author": "Clinic IT", "timestamp": "2026-11-20T08:00:00Z", "version": 1,
     "statements": [
       {"vulnerability": {"name": "CVE-2024-6387"},
        "products": [{"@id": "pkg:deb/debian/openssh"}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_present"}]}

In 0.0.1 a vulnerability is a text, a product is one, and subcomponents stand beside the products.
Both ways are understood whatever the version says. As in the specification's own JSON Schema, a key
that it does not know is a mistake: a misspelt `subcomponents` would excuse a whole product.
"""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hipscan.model.vex import Status

T = TypeVar("T")

_CONTEXT: Final = re.compile(r"https://openvex\.dev/ns(?:/v0\.[0-2](?:\.[0-9]+)?)?")
_ELSEWHERE: Final = re.compile(r"(?!pkg:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LONGEST: Final = 10_000
_CURRENT: Final = "https://openvex.dev/ns/v0.2.0"


def _context(text: str) -> str:
    if not _CONTEXT.fullmatch(text):
        raise ValueError(f"{text!r} is no OpenVEX of a known version", f"write {_CURRENT!r}")
    return text


def _moment(text: str) -> str:
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        instead = 'write as in "2026-11-22T08:30:00Z"'
        raise ValueError(f"{text!r} is not a date and time", instead) from None


def _words(text: str) -> str:
    if len(text) > _LONGEST:
        raise ValueError(f"a text of more than {_LONGEST} characters", "cut it")
    return text


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("an empty text", "say it, or leave the key out")
    return _words(text)


def _some(items: tuple[T, ...]) -> tuple[T, ...]:
    if not items:
        raise ValueError("an empty list", "a statement is about something")
    return items


Text = Annotated[str, AfterValidator(_text)]
Words = Annotated[str, AfterValidator(_words)]
Moment = Annotated[Text, AfterValidator(_moment)]
Justification = Literal[
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
]


class _Strict(BaseModel):
    """Unknown keys are mistakes, nothing is converted.

    Lists inside a model that a text may stand for are lists, not tuples: what its first validator
    hands on is Python's, of which strict makes no tuple.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class VulnerabilityModel(_Strict):
    """A vulnerability by its name and its other names; a text is its name."""

    id: Annotated[Text | None, Field(alias="@id")] = None
    name: Text
    description: str = ""
    aliases: list[Text] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, data: Any) -> Any:  # noqa: ANN401  # JSON
        return {"name": data} if isinstance(data, str) else data


class IdentifiersModel(_Strict):
    """What a component is called in other schemes; only package URLs are understood here."""

    purl: Text | None = None
    cpe22: Text | None = None
    cpe23: Text | None = None
    own_cpe22: Annotated[Text | None, Field(alias="@cpe22")] = None  # as the JSON Schema has it
    own_cpe23: Annotated[Text | None, Field(alias="@cpe23")] = None


class ComponentModel(_Strict):
    """A piece of software by its IRI, identifiers or hashes; a text is its IRI."""

    id: Annotated[Text | None, Field(alias="@id")] = None
    identifiers: IdentifiersModel = IdentifiersModel()
    hashes: dict[Text, Text] = Field(default_factory=dict)
    supplier: str = ""

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, data: Any) -> Any:  # noqa: ANN401  # JSON
        return {"@id": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _is_named(self) -> "ComponentModel":
        if not self.called:
            raise ValueError("nothing tells which software this is", 'add "@id"')
        return self

    @property
    def called(self) -> str:
        """Return what it is looked for by: a package URL, else its IRI, else whatever there is."""
        own = self.identifiers
        names = (own.purl, self.id, own.cpe23, own.own_cpe23, own.cpe22, own.own_cpe22)
        hashes = (f"{name}:{value}" for name, value in self.hashes.items())
        return next(filter(None, (*names, *hashes)), "")


class ProductModel(ComponentModel):
    """A component, or only some of its parts."""

    subcomponents: list[ComponentModel] = Field(default_factory=list)

    @property
    def narrowed(self) -> str:
        """Return its @id where it has a package URL beside it, and the @id may say less than that.

        {"@id": "web1", "identifiers": {"purl": "pkg:deb/debian/less"}} is less on web1, not
        everywhere; an @id that is an address somewhere else only names the product.
        """
        is_beside = self.id not in {None, self.called}
        is_name = self.id is not None and not _ELSEWHERE.match(self.id)
        return self.id or "" if is_beside and is_name else ""


class StatementModel(_Strict):
    """How products stand to a vulnerability, and why."""

    id: Annotated[Text | None, Field(alias="@id")] = None
    version: int | Text | None = None
    vulnerability: VulnerabilityModel
    vuln_description: str = ""
    timestamp: Moment | None = None
    last_updated: Moment | None = None
    products: Annotated[tuple[ProductModel, ...], AfterValidator(_some)]
    subcomponents: tuple[ComponentModel, ...] = ()
    status: Status
    supplier: str = ""
    status_notes: Words = ""
    justification: Justification | None = None
    impact_statement: Words = ""
    action_statement: str = ""
    action_statement_timestamp: Moment | None = None

    @model_validator(mode="after")
    def _has_reason(self) -> "StatementModel":
        is_excused = self.status is Status.NOT_AFFECTED
        if is_excused and not (self.justification or self.impact_statement.strip()):
            instead = "add a justification, or an impact_statement in your own words"
            raise ValueError("not_affected, and nothing says why", instead)
        if self.justification and not is_excused:
            raise ValueError(
                f"a justification, and the status is {self.status}",
                "it belongs to not_affected alone",
            )
        return self


class DocumentModel(_Strict):
    """One OpenVEX document."""

    context: Annotated[str, AfterValidator(_context), Field(alias="@context")]
    id: Annotated[Text, Field(alias="@id")]
    author: Text
    role: str = ""
    timestamp: Moment
    last_updated: Moment | None = None
    version: int | Text
    tooling: str = ""
    supplier: str = ""
    statements: Annotated[tuple[StatementModel, ...], AfterValidator(_some)]
