"""A model's complaints become mistakes with positions."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml as pyyaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from hipscan.documents import schema, yaml
from hipscan.errors import DocumentError

CASES: list[dict[str, Any]] = pyyaml.safe_load((Path(__file__).parent / "schema.yaml").read_text())


class Strict(BaseModel):
    """What all models here share."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Cat(Strict):
    """One member of a union."""

    kind: Literal["cat"]
    lives: int = Field(default=9, le=9)

    @field_validator("lives")
    @classmethod
    def _alive(cls, lives: int) -> int:
        if lives < 1:
            raise ValueError("a cat without a life", "give it one")
        return lives


class Dog(Strict):
    """The other member."""

    kind: Literal["dog"]
    tricks: tuple[str, ...] = ()


class Zoo(Strict):
    """The whole document."""

    name: str = ""
    pets: tuple[Annotated[Cat | Dog, Field(discriminator="kind")], ...] = ()
    cages: dict[str, Cat] = {}
    size: int | str = 1
    open: bool = True


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["text"]))
def test_mistakes(case: dict[str, Any]) -> None:
    document = yaml.load(case["text"], name="zoo")
    with pytest.raises(DocumentError) as caught:
        schema.check(document, Zoo)
    assert [str(mistake) for mistake in caught.value.mistakes] == case["mistakes"]


def test_accepts_lists_for_tuples() -> None:
    document = yaml.load("pets: [{kind: dog, tricks: [sit]}]", name="zoo")
    assert schema.check(document, Zoo).pets == (Dog(kind="dog", tricks=("sit",)),)


def test_names_of_keys_by_path() -> None:
    shape = Zoo.model_json_schema()
    assert schema.names(shape, ("pets", 0)) == ("kind", "lives", "tricks")
    assert schema.names(shape, ("cages", "any")) == ("kind", "lives")
    assert schema.names(shape, ("name", "deeper")) == ()


def test_other_errors_pass_through() -> None:
    class Odd(Zoo):
        """A model whose own code is wrong."""

        @classmethod
        def model_validate_json(cls, *_args: object, **_more: object) -> "Odd":
            raise UnicodeError("a bug")

    with pytest.raises(UnicodeError):
        schema.check(yaml.load("{}", name="zoo"), Odd)
