"""The shape of hipscan.yaml; its JSON Schema for editors comes from here."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field

from hipscan.inventory.fields import Identity, Strict, VariableName, VariableValue
from hipscan.inventory.schema import Reach
from hipscan.model.finding import Severity
from hipscan.model.target import Become

Level: TypeAlias = Literal["critical", "high", "medium", "low", "info", "never"]


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"until: {text!r} is not a date", 'write "YYYY-MM-DD"') from None
    return text


def _path(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError(f"{text!r} is not a path")
    try:
        Path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"{text!r} starts in a home that there is not") from None
    return text


def _address(text: str) -> str:
    if not text.startswith(("https://", "http://")) or not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} is no address", "write https://HOST/PATH")
    return text


FeedKind: TypeAlias = Literal["osv", "kev", "epss", "endoflife", "releases", "support"]
Address = Annotated[
    str,
    AfterValidator(_address),
    Field(description="{name} stands for the ecosystem, distribution or release."),
]
PathText = Annotated[str, AfterValidator(_path)]
Said = Annotated[str, Field(min_length=1)]


class WaiverModel(Strict):
    """A violation that somebody accepted: globs for rule, target and subject, until a date."""

    rule: Said
    reason: Annotated[str, Field(min_length=8, description="Why this is acceptable.")]
    owner: Annotated[Said, Field(description="Who has accepted it.")]
    until: Annotated[str, AfterValidator(_day), Field(description='A date, "YYYY-MM-DD".')]
    target: Said = "*"
    subject: Said = "*"


class ConfigModel(Strict):
    """hipscan.yaml. Every key may be missing, and a flag wins over all of them."""

    inventory: Annotated[PathText | None, Field(description="The inventory, in YAML.")] = None
    packs: Annotated[
        tuple[PathText, ...] | None, Field(description="Folders of rule packs, or shipped names.")
    ] = None
    profile: Annotated[Said | None, Field(description="A profile of the packs.")] = None
    set: dict[VariableName, VariableValue] = Field(
        default_factory=dict, description="Values of variables of the rules."
    )
    fail_on: Annotated[Level | None, Field(description="The gate: exit 1 from here on.")] = None
    severity: Annotated[Severity | None, Field(description="What the table shows.")] = None
    jobs: Annotated[int, Field(ge=1, le=1024, description="Targets at a time.")] | None = None
    become: Annotated[Become | None, Field(description="How to get root.")] = None
    transport: Annotated[Reach | None, Field(description="How to reach targets.")] = None
    known_hosts: Annotated[PathText | None, Field(description="As UserKnownHostsFile.")] = None
    ssh_config: Annotated[PathText | None, Field(description="As ssh -F.")] = None
    identity: Annotated[Identity | None, Field(description="Private key, as ssh -i.")] = None
    feeds: dict[FeedKind, Address] = Field(
        default_factory=dict,
        description="Where feeds are downloaded from in place of their publishers, by kind.",
    )
    vex: Annotated[
        tuple[PathText, ...] | None,
        Field(description="OpenVEX documents, or folders of them: what does not affect the hosts."),
    ] = None
    waivers: Annotated[tuple[WaiverModel, ...], Field(description="Accepted violations.")] = ()


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of hipscan.yaml, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ConfigModel.model_json_schema(),
    }
