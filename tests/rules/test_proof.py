"""On what a rule counts as proven, computed from its cases."""

from typing import Any

import pytest

from hipscan.rules.proof import proof
from hipscan.rules.schema import CaseModel


def _lab(host: str, **more: Any) -> CaseModel:  # noqa: ANN401  # keys of a case
    return CaseModel(rule="a-rule", name="on a host", kind="lab", hosts=[host], **more)


def _constructed(outcome: str) -> CaseModel:
    data = {"rule": "a-rule", "name": "on facts", "kind": "constructed", "expect": outcome}
    return CaseModel.model_validate({**data, "facts": {"thing": {"records": []}}})


@pytest.mark.parametrize(
    ("cases", "kind", "platforms"),
    [
        ([_lab("debian12", fix="own")], "lab", ("Debian 12",)),
        ([_lab("debian12"), _lab("debian12", expect="pass")], "lab", ("Debian 12",)),
        ([_lab("debian12"), _lab("debian13", expect="pass")], "constructed", ()),
        ([_lab("debian12"), _lab("debian12-data", expect="pass")], "lab", ("Debian 12",)),
        ([_lab("rpm", fix="own")], "constructed", ()),
        ([_lab("debian12", fix="own"), _lab("debian13")], "lab", ("Debian 12",)),
        ([_lab("debian12"), _constructed("pass")], "constructed", ()),
        ([_constructed("fail"), _constructed("pass")], "constructed", ()),
        ([_lab("debian12")], "none", ()),
    ],
)
def test_a_platform_counts_where_both_outcomes_were_seen(
    cases: list[CaseModel], kind: str, platforms: tuple[str, ...]
) -> None:
    found = proof("a-rule", cases)
    assert (found.kind, found.platforms) == (kind, platforms)
    assert found.is_whole is (kind != "none")
