"""The matrix: what outcomes of rules say of controls, and what they can never say."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.cli import content
from hipscan.frameworks.catalogue import Evidence
from hipscan.frameworks.matrix import Rules, Tally, assess, by_control
from hipscan.model.finding import Outcome
from hipscan.model.report import ControlResult, ControlStatus

CASES: Final = yaml.safe_load((Path(__file__).parent / "matrix.yaml").read_text("utf-8"))
_RULES: Final = st.dictionaries(
    st.sampled_from("abcdef"),
    st.lists(st.sampled_from(sorted(content.framework().ids)), min_size=1, max_size=40),
    min_size=1,
)
_OUTCOMES: Final = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.sampled_from(Outcome), max_size=3)
)


def matrix(case: Mapping[str, Any]) -> dict[str, ControlResult]:
    """Return the controls of all frameworks, those of crosswalks as `id@framework`."""
    tally = Tally(unreachable=case.get("unreachable", 0))
    for rule, outcomes in case["outcomes"].items():
        tally.outcomes[rule].update(map(Outcome, outcomes))
    left_out = case.get("left_out", {})
    rules = Rules(by_control(case["rules"].items()), by_control(left_out.items()))
    return {
        control.id if framework.id == "hipaa" else f"{control.id}@{framework.id}": control
        for framework in assess(content.frameworks(), rules, tally)
        for control in framework.controls
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_control_has_the_status_that_the_run_shows(case: dict[str, Any]) -> None:
    found = matrix(case)
    for name, (status, reason) in case["expect"].items():
        assert found[name].status == status, found[name]
        assert reason in found[name].reason


@given(_RULES, _OUTCOMES)
def test_no_host_satisfies_what_people_have_to(
    rules: dict[str, list[str]], outcomes: dict[str, list[Outcome]]
) -> None:
    for control in matrix({"rules": rules, "outcomes": outcomes}).values():
        assert control.reason
        if control.family == "administrative" or control.evidence != Evidence.AUTOMATED:
            assert control.status is not ControlStatus.SATISFIED
        if control.evidence == Evidence.ATTESTATION:
            assert control.status in {ControlStatus.NOT_ASSESSED, ControlStatus.NOT_SATISFIED}


@given(_RULES, _OUTCOMES)
def test_a_control_is_never_better_than_what_it_rests_on(
    rules: dict[str, list[str]], outcomes: dict[str, list[Outcome]]
) -> None:
    found = matrix({"rules": rules, "outcomes": outcomes})
    for control in found.values():
        if control.status is ControlStatus.SATISFIED:
            beneath = [found[name] for name in control.maps_to]
            beneath += [other for other in found.values() if control.id in other.under]
            assert {other.status for other in beneath} <= {ControlStatus.SATISFIED}
