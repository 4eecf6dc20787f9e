"""The codec: what is written comes back equal, and whatever else comes in is a ValueError."""

import contextlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.model import codec
from hipscan.model.knowledge import Knowledge
from hipscan.model.report import TargetResult
from hipscan.model.snapshot import Snapshot, TargetData
from tests.model.strategies import KNOWLEDGE, RESULTS, SNAPSHOTS

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def _again(kind: type[Any], value: object) -> object:
    found: object = codec.loads("x/1", kind, codec.dumps("x/1", value))
    return found


@given(SNAPSHOTS)
def test_snapshots_come_back(value: Snapshot) -> None:
    assert _again(Snapshot, value) == value


@given(KNOWLEDGE)
def test_knowledge_comes_back(value: Knowledge) -> None:
    assert _again(Knowledge, value) == value


@given(RESULTS)
def test_results_come_back(value: TargetResult) -> None:
    assert _again(TargetResult, value) == value


@given(SNAPSHOTS)
def test_equal_values_are_equal_bytes(value: Snapshot) -> None:
    content = codec.dumps("x/1", value)
    assert codec.dumps("x/1", _again(Snapshot, value)) == content
    assert content.isascii()


@given(_JSON)
def test_other_json_is_refused_or_fits(data: object) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(codec.decode(Snapshot, data), Snapshot)


@given(st.binary(max_size=40))
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any of its kinds
        codec.loads("x/1", Snapshot, content)


_VALID: dict[str, Any] = json.loads(
    codec.dumps("x/1", Snapshot(TargetData("web1"), "now", "0", "", {}))
)
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"schema": "x/2"}, "schema is 'x/2', not 'x/1'"),
    ({"colour": "red"}, "Snapshot: unknown key 'colour'"),
    ({"taken": None}, "Snapshot.taken: null where str is expected"),
    ({"seconds": True}, "Snapshot.seconds: bool where float is expected"),
    ({"facts": []}, "Snapshot.facts: list where dict is expected"),
    ({"facts": {"a": {"status": "fine"}}}, "Snapshot.facts.a.status: 'fine' is no FactStatus"),
    ({"target": {"name": "web1", "phi": "no"}}, "Snapshot.target.phi: str where bool is expected"),
    ({"target": {}}, "missing 1 required positional argument: 'name'"),
]


@pytest.mark.parametrize(("change", "says"), WRONG, ids=lambda item: str(item)[:40])
def test_what_is_wrong_is_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        codec.loads("x/1", Snapshot, json.dumps(_VALID | change).encode())


def test_what_has_no_json_form_is_a_bug() -> None:
    with pytest.raises(TypeError):
        codec.encode(object())
