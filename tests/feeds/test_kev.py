"""CISA's list: what is none is refused in one line, and its shape is what jsonschema says."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.feeds import shape
from hipscan.feeds.base import FeedError
from tests.feeds import making

CASES = yaml.safe_load(Path(__file__).with_name("kev.yaml").read_text("utf-8"))
SHAPE = shape.schema("kev.schema.json")
_ENTRY = {"cveID": "CVE-2024-1001", "dateAdded": "2026-01-02"}
_WHOLE = {
    "catalogVersion": "2026.11.20",
    "dateReleased": "2026-11-20T17:00:00.1234Z",
    "count": 2,
    "vulnerabilities": [_ENTRY, {**_ENTRY, "cveID": "CVE-2024-1002"}],
}


def _changed(case: dict[str, Any]) -> dict[str, Any]:
    data = {**_WHOLE, **case.get("set", {})}
    if "entry" in case:
        data["vulnerabilities"] = [_ENTRY, case["entry"]]
    data.pop(case.get("remove", ""), None)
    return data


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_no_list_is_refused_in_a_line(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "kev.json"
    path.write_text(json.dumps(_changed(case)))
    with pytest.raises(FeedError) as caught:
        making.import_into(tmp_path / "index", path)
    assert case["says"] in caught.value.message
    assert "\n" not in caught.value.message


def test_a_whole_list_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "kev.json"
    path.write_text(json.dumps(_WHOLE))
    assert making.import_into(tmp_path / "index", path) == ["kev"]


def test_the_real_list_has_the_shape_and_keeps_to_cisa_s_own() -> None:
    data = json.loads(making.shared("known_exploited_vulnerabilities.json").read_bytes())
    assert shape.mistake(SHAPE, data) == ""
    theirs = json.loads(making.shared("known_exploited_vulnerabilities_schema.json").read_bytes())
    assert set(SHAPE["required"]) == set(theirs["required"])
    wanted = SHAPE["properties"]["vulnerabilities"]["items"]
    entry = theirs["$defs"]["vulnerability"]
    assert set(wanted["required"]) <= set(entry["required"])
    assert wanted["properties"].keys() <= entry["properties"].keys()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.just("2026-01-02"),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["cveID", "dateAdded", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*_WHOLE, "other"]), _VALUES, max_size=3),
    st.lists(st.sampled_from(list(_WHOLE)), max_size=1),
)
def test_the_shape_is_judged_as_jsonschema_does(change: dict[str, Any], gone: list[str]) -> None:
    data = {key: value for key, value in {**_WHOLE, **change}.items() if key not in gone}
    is_valid = jsonschema.Draft202012Validator(SHAPE).is_valid(data)
    assert (shape.mistake(SHAPE, data) == "") == is_valid
