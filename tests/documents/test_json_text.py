"""Strict JSON: what it refuses, where it says things stand, and that it reads as Python does."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.documents import json_text
from hipscan.documents.document import Document
from hipscan.errors import DocumentError, Mistake, Position

MISTAKES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("json_mistakes.yaml").read_text()
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def mistakes(content: bytes) -> tuple[Mistake, ...]:
    with pytest.raises(DocumentError) as caught:
        json_text.load(content, name="x.json")
    return caught.value.mistakes


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: str(case["name"]))
def test_refuses(case: dict[str, Any]) -> None:
    found = mistakes(case["text"].encode("latin-1" if case.get("latin1") else "utf-8"))
    assert len(found) == len(case["mistakes"]), found
    for mistake, start in zip(found, case["mistakes"], strict=True):
        assert str(mistake).startswith(f"x.json:{start}"), mistake


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b" " * (json_text.MAX_BYTES + 1), "larger than 8388608 bytes"),
        (b"[" * (json_text.MAX_DEPTH + 1), "nested more than 50 levels"),
        (b"[" * 200_000, "nested more than 50 levels"),
        (b"[" + b"1," * json_text.MAX_VALUES, "more than 200000 values"),
    ],
    ids=["size", "depth", "great depth", "values"],
)
def test_limits(content: bytes, message: str) -> None:
    assert message in mistakes(content)[0].message


@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_reads_what_python_writes(value: Any, indent: int | str | None, ascii_only: bool) -> None:  # noqa: ANN401, FBT001  # any JSON, from hypothesis
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert json_text.load(text.encode(), name="x").value == value
    assert json_text.load(b"\xef\xbb\xbf" + text.encode(), name="x").value == value


@given(JSON.map(json.dumps), st.integers(0, 200), st.sampled_from('{}[],:"\\x0-. \n'))
def test_refuses_what_python_refuses(text: str, at: int, char: str) -> None:
    broken = text[:at] + char + text[at + 1 :]
    try:
        pairs = json.loads(broken, object_pairs_hook=_unique)
        json.dumps(pairs, ensure_ascii=False, allow_nan=False).encode()  # no half of a character
    except ValueError:
        mistakes(broken.encode())
    else:
        assert json_text.load(broken.encode(), name="x").value == pairs


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def test_positions() -> None:
    document = json_text.load(b'{\n  "a": [1,\n    {"b": 2}]\n}', name="x.json")
    assert isinstance(document, Document)
    assert document.position(("a", 1, "b")) == Position("x.json", 3, 11)
    assert document.position(("a", 1, "b"), key=True) == Position("x.json", 3, 6)
    assert document.position(("a",)) == Position("x.json", 2, 8)
