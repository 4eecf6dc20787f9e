"""Base scores of CVSS, against answers of the package `cvss` of PyPI (3.x), recorded."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.feeds import cvss
from hipscan.model.finding import Severity

ANSWERS = (Path(__file__).parent / "cvss.jsonl").read_text().splitlines()


def test_recorded_answers() -> None:
    answers = [json.loads(line) for line in ANSWERS]
    assert [vector for vector, score in answers if cvss.score(vector) != score] == []
    assert len(answers) > 500


# FIRST's examples of version 4.0, and well-known vulnerabilities.
@pytest.mark.parametrize(
    ("vector", "score"),
    [
        ("AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 5.1),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:A", 10.0),
    ],
)
def test_examples(vector: str, score: float) -> None:
    assert cvss.score(vector) == score


@given(st.text(max_size=60) | st.text(alphabet="CVSS:4.0/AVNLPHI", max_size=80))
def test_any_text_has_a_score_or_is_no_vector(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert 0 <= cvss.score(text) <= 10


@pytest.mark.parametrize(("score", "band"), [(0.0, "info"), (3.9, "low"), (9.0, "critical")])
def test_bands(score: float, band: str) -> None:
    assert cvss.severity(score) is Severity(band)
