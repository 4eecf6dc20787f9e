"""Strict YAML: what it refuses, what it accepts, and where it says things stand."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.documents import yaml
from hipscan.documents.document import Document
from hipscan.errors import DocumentError, Mistake, Position

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MISTAKES: list[dict[str, Any]] = pyyaml.safe_load((HERE / "mistakes.yaml").read_text())
VALUES: list[dict[str, str]] = pyyaml.safe_load((HERE / "values.yaml").read_text())


def mistakes(text: str | bytes) -> tuple[Mistake, ...]:
    with pytest.raises(DocumentError) as caught:
        yaml.load(text, name="x.yaml")
    return caught.value.mistakes


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: str(case["name"]))
def test_refuses(case: dict[str, Any]) -> None:
    text = case["text"].encode("latin-1") if case.get("latin1") else case["text"]
    found = mistakes(text)
    assert len(found) == len(case["mistakes"]), found
    for mistake, start in zip(found, case["mistakes"], strict=True):
        assert str(mistake).startswith(f"x.yaml:{start}")
    assert case.get("says", "") in found[-1].instead


@pytest.mark.parametrize("case", VALUES, ids=lambda case: repr(case["text"]))
def test_accepts(case: dict[str, str]) -> None:
    assert yaml.load(case["text"], name="x").value == json.loads(case["json"])


def test_bytes_and_text_are_the_same() -> None:
    text = "a: [Zürich, 1]"
    assert yaml.load(text.encode(), name="x").value == yaml.load(text, name="x").value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#" * (yaml.MAX_BYTES + 1), "larger than 1048576 bytes"),
        ("[" * (yaml.MAX_DEPTH + 1), "nested more than 50 levels"),
        ("[" * 200_000, "nested more than 50 levels"),
        ("- 1\n" * yaml.MAX_VALUES, "more than 100000 values"),
    ],
    ids=["size", "depth", "great depth", "values"],
)
def test_limits(text: str, message: str) -> None:
    assert message in mistakes(text)[0].message


def test_depth_at_the_limit_is_fine() -> None:
    text = "[" * yaml.MAX_DEPTH + "]" * yaml.MAX_DEPTH
    assert isinstance(yaml.load(text, name="x").value, list)


@pytest.mark.parametrize("text", ["- no\n" * 500, "\u202e" * 500], ids=["words", "characters"])
def test_the_number_of_mistakes_is_limited(text: str) -> None:
    assert len(mistakes(text)) == yaml.MAX_MISTAKES


def test_long_words_are_cut_in_messages() -> None:
    (mistake,) = mistakes("&" + "a" * 100_000 + " x")
    assert len(str(mistake)) < 200


def test_a_long_number_is_refused_at_once() -> None:
    assert yaml.load("1" * 200_000 + "_x", name="x").value == "1" * 200_000 + "_x"


def test_positions() -> None:
    document = yaml.load("hosts:\n  web1:\n    ports: [22, 2222]\n", name="inv.yaml")
    assert document.position(()) == Position("inv.yaml", 1, 1)
    assert document.position(("hosts", "web1")) == Position("inv.yaml", 3, 5)
    assert document.position(("hosts", "web1"), key=True) == Position("inv.yaml", 2, 3)
    assert document.position(("hosts", "web1", "ports", 1)) == Position("inv.yaml", 3, 17)


def test_positions_skip_steps_that_lead_nowhere() -> None:
    document = yaml.load("hosts:\n  web1: {a: 1}", name="x")
    expected = Position("x", 2, 9)
    assert document.position(("hosts", "web1", "missing")) == expected
    assert document.position(("hosts", "UnionMember", "web1")) == expected


def test_mistakes_from_a_schema() -> None:
    document = yaml.load("hosts:\n  web1: {usr: x}", name="x")
    found = document.mistakes_from(
        [(("hosts", "web1", "usr"), "unknown key"), ((), "too few")],
        allowed={("hosts", "web1", "usr"): ("user", "port")},
    )
    assert [str(mistake) for mistake in found] == [
        "x:2:10: unknown key; did you mean 'user'?",
        "x:1:1: too few",
    ]


@given(
    st.binary(max_size=200) | st.text(alphabet="ab01 \t\n-?:,[]{}#&*!|>'\"%@`\\.~<=", max_size=60)
)
def test_any_text_is_read_or_refused_with_a_position(text: str | bytes) -> None:
    found: tuple[Mistake, ...] | None = None
    try:
        json.dumps(yaml.load(text, name="x").value).encode()
    except DocumentError as error:
        found = error.mistakes
    assert found is None or (found and min(found).position.line > 0)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=20,
)


@given(JSON)
def test_json_is_read_as_json(value: object) -> None:
    assert yaml.load(json.dumps(value), name="x").value == value


@given(st.text(alphabet="0123456789abcdefxoXn+-._:TZeE~yes", min_size=1, max_size=20))
def test_a_plain_word_means_what_pyyaml_and_json_both_say_or_is_refused(text: str) -> None:
    try:
        ours = yaml.load(f"- {text}", name="x").value
    except DocumentError:
        return
    try:
        theirs = pyyaml.safe_load(f"- {text}")
    except (pyyaml.YAMLError, ValueError, AttributeError):
        return
    assert ours == theirs or _only_json_knows(text)


def _only_json_knows(text: str) -> bool:
    """PyYAML wants a dot and a signed exponent in a float; JSON does not."""
    return "e" in text.lower() and isinstance(json.loads(text), float)


_PIECES: Final = st.lists(
    st.sampled_from(
        [
            *("a", "yes", "1.0", "é", ":", ": ", "- ", "\n- ", "\n  ", "\n", "{", "}", "[", "]"),
            *(",", "'b'", '"c"', "|\n  x\n", ">-\n  y\n", "#", " #", "&", "*", "!", "%", "?"),
        ]
    ),
    max_size=14,
).map("".join)


def _read(
    text: str, parser: type[pyyaml.SafeLoader | pyyaml.CSafeLoader]
) -> tuple[str, Document | None]:
    try:
        return "", yaml._Composer(text, "x", parser).document()
    except (DocumentError, pyyaml.YAMLError) as error:
        return str(error), None


@pytest.mark.skipif(not pyyaml.__with_libyaml__, reason="PyYAML is built without libyaml here")
@given(_PIECES)
def test_libyaml_and_python_read_the_same(text: str) -> None:
    (_, fast), (_, slow) = _read(text, pyyaml.CSafeLoader), _read(text, pyyaml.SafeLoader)
    if fast and slow:
        assert fast.value == slow.value


@pytest.mark.skipif(not pyyaml.__with_libyaml__, reason="PyYAML is built without libyaml here")
@pytest.mark.parametrize("path", sorted((ROOT / "rules").rglob("*.yaml")), ids=str)
def test_the_packs_are_the_same_by_both_with_every_place(path: Path) -> None:
    text = path.read_text("utf-8")
    assert _read(text, pyyaml.CSafeLoader) == _read(text, pyyaml.SafeLoader)
