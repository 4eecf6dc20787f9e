"""Every probe's cases, which are data, and what no text may do to a parser."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.model.codec import encode
from hipscan.model.fact import FactStatus
from hipscan.probes.base import FieldType, Probe, listing, read_text
from hipscan.probes.table import facts, probes

_CASES = Path(__file__).parent / "cases"
_TYPES: dict[FieldType, type | tuple[type, ...]] = {
    FieldType.TEXT: str,
    FieldType.INTEGER: int,
    FieldType.BOOLEAN: bool,
    FieldType.LIST: (list, tuple),
    FieldType.MODE: str,
    FieldType.TIME: int,
}


def _cases() -> list[Any]:
    return [
        pytest.param(path.parent.name, case, id=f"{path.parent.name}-{case['name']}")
        for path in sorted(_CASES.glob("*/*.yaml"))
        for case in yaml.safe_load(path.read_text("utf-8"))
    ]


@pytest.mark.parametrize(("name", "case"), _cases())
def test_text_becomes_the_facts_of_the_case(name: str, case: dict[str, Any]) -> None:
    found = read_text(probes()[name], case["text"], case.get("status", 0))
    for fact, expected in case["facts"].items():
        assert found[fact].status == expected.get("status", "ok"), found[fact].reason
        assert encode(found[fact].records) == expected.get("records", [])


@pytest.mark.parametrize(("name", "case"), _cases())
def test_records_keep_to_their_specification(name: str, case: dict[str, Any]) -> None:
    for fact, value in read_text(probes()[name], case["text"], case.get("status", 0)).items():
        fields = facts()[fact].fields
        for record in value.records:
            assert record.keys() <= fields.keys()
            for field, item in record.items():
                assert item is None or isinstance(item, _TYPES[fields[field].type]), field


@pytest.mark.parametrize("name", sorted(probes()))
def test_every_probe_has_cases(name: str) -> None:
    assert list(_CASES.glob(f"{name}/*.yaml")), "add tests/probes/cases/NAME/*.yaml"


def _texts() -> st.SearchStrategy[str]:
    line = st.text(st.characters(blacklist_characters="\n"), max_size=40)
    marked = st.tuples(
        st.sampled_from(["", "F/etc/x", ":", "!denied ", "!absent ", "P", "M"]), line
    )
    return st.lists(marked.map("".join), max_size=12).map("\n".join)


@pytest.mark.parametrize("probe", probes().values(), ids=lambda probe: probe.name)
@given(text=_texts(), status=st.integers(0, 255))
def test_no_text_breaks_a_parser(probe: Probe, text: str, status: int) -> None:
    try:
        found = probe.parse(text, status)
    except (ValueError, LookupError):
        return
    assert found.keys() <= {spec.name for spec in probe.facts}


@pytest.mark.parametrize("probe", probes().values(), ids=lambda probe: probe.name)
def test_an_empty_answer_is_no_evidence(probe: Probe) -> None:
    try:
        found = probe.parse("", 0)
    except (ValueError, LookupError):
        return
    assert all(not fact.is_decided for fact in found.values()), found


@pytest.mark.parametrize("spec", facts().values(), ids=lambda spec: spec.name)
def test_specifications_are_complete(spec: Any) -> None:  # noqa: ANN401  # a FactSpec
    assert set(spec.subject) <= spec.fields.keys()
    assert spec.doc.endswith(".")


def test_listing_keeps_files_notes_and_the_rest_apart() -> None:
    found = listing("F/a\n:x\n::y\nF/b\n!denied /c\nplain\n")
    assert found.files == {"/a": ("x", ":y"), "/b": ()}
    assert [(note.kind, note.text) for note in found.notes] == [("denied", "/c")]
    assert found.plain == ("plain",)


def test_statuses_are_those_of_the_architecture() -> None:
    words = "ok absent partial denied unsupported timeout garbled notcollected"
    assert set(FactStatus) == set(words.split())
