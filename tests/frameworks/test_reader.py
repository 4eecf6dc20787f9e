"""Frameworks as files: every mistake at once, and those that ship are whole."""

from collections import Counter
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from hipscan.cli import content
from hipscan.errors import DocumentError
from hipscan.frameworks.catalogue import Evidence, Framework, Standing
from hipscan.frameworks.reader import json_schema, read
from hipscan.rules import content as shipped

CASES: Final = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text("utf-8"))
CROSSWALKS: Final = content.frameworks()[1:]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_mistakes_are_found_where_they_are(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "framework.yaml"
    path.write_text(case["text"])
    found = list(_mistakes(path, onto=case.get("onto", False)))
    for place, part in case["mistakes"]:
        assert any(where == place and part in text for where, text in found), found
    assert len(found) == len(case["mistakes"]), found


def _mistakes(path: Path, *, onto: bool) -> list[tuple[str, str]]:
    try:
        read(path, content.framework() if onto else None)
    except DocumentError as error:
        return [
            (f"{item.position.line}:{item.position.column}", f"{item.message}; {item.instead}")
            for item in error.mistakes
        ]
    return []


@pytest.mark.parametrize("name", [item.id for item in content.frameworks()])
def test_editors_get_a_schema_that_takes_what_ships(name: str) -> None:
    path = shipped.root() / "frameworks" / f"{name}.yaml"
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), dict(json_schema()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_schema_takes_no_more_than_the_reader(case: dict[str, Any]) -> None:
    is_valid = jsonschema.Draft202012Validator(json_schema()).is_valid(yaml.safe_load(case["text"]))
    unseen = any("unknown control" in part for _, part in case["mistakes"])
    assert is_valid or case["mistakes"]
    assert not (is_valid and case["mistakes"]) or unseen


def test_the_security_rule_is_complete() -> None:
    """45 CFR 164.308 to 164.316: 18 standards of the matrix in Appendix A, and five beyond it."""
    controls = content.framework().controls
    kinds = Counter(control.kind for control in controls)
    assert kinds == {"standard": 23, "required": 26, "addressable": 22}
    shown = Counter(control.evidence for control in controls)
    assert shown == {Evidence.ATTESTATION: 41, Evidence.BOTH: 16, Evidence.AUTOMATED: 14}


def test_every_specification_stands_beneath_standards_of_its_section() -> None:
    kinds = {control.id: control.kind for control in content.framework().controls}
    for control in content.framework().controls:
        assert bool(control.under) is (control.kind != "standard"), control.id
        for name in control.under:
            assert kinds[name] == "standard"
            assert name[: name.index("(") + 3] == control.id[: control.id.index("(") + 3]


@pytest.mark.parametrize("framework", CROSSWALKS, ids=lambda framework: framework.id)
def test_a_crosswalk_says_how_each_control_can_be_evidenced(framework: Framework) -> None:
    assert [control.id for control in framework.controls if not control.how] == []
    assert not framework.ids & content.framework().ids


def test_nothing_proposed_can_be_satisfied_or_is_mixed_with_the_rule_in_force() -> None:
    proposed = [item for item in CROSSWALKS if item.status is Standing.PROPOSED]
    assert [item.id for item in proposed] == ["nprm-2025"]
    assert all(control.needs_people for item in proposed for control in item.controls)
    assert content.framework().status is Standing.CURRENT


def test_the_frameworks_of_the_field_are_there() -> None:
    assert {item.id for item in CROSSWALKS} == {"gdpr-32", "practices", "nprm-2025"}
    practices = next(item for item in CROSSWALKS if item.id == "practices")
    assert [control.id for control in practices.controls] == [
        *("risk-assessment", "encryption", "staff-education", "vendor-compliance"),
        *("incident-response", "updates", "access-control", "auditing"),
    ]
