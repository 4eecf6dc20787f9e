"""The orders of versions, against dpkg, rpm and univers."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from univers.debian import compare_versions as univers_dpkg
from univers.rpm import compare_rpm_versions as univers_rpm

from hipscan import versions
from hipscan.versions import InvalidVersion, Scheme
from tests.versions import record

HERE = Path(__file__).parent
SCHEMES = list(Scheme)
TRAPS: dict[str, list[str]] = yaml.safe_load((HERE / "traps.yaml").read_text())
INVALID: list[list[str]] = yaml.safe_load((HERE / "invalid.yaml").read_text())

VERSION = st.from_regex(
    r"([0-9]:)?[0-9][0-9a-zA-Z.+~_]{0,8}(-[0-9a-zA-Z.+~]{1,5})?", fullmatch=True
)
ANYTHING = st.text(max_size=20) | st.text(alphabet="019:-~^.+az", max_size=12)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_agrees_with_recorded_answers(scheme: Scheme) -> None:
    cases = [json.loads(line) for line in (HERE / f"{scheme}.jsonl").read_text().splitlines()]
    wrong = [case for case in cases if versions.compare(scheme, case[0], case[1]) != case[2]]
    assert len(cases) == record.PAIRS[scheme]
    assert wrong == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_agrees_with_the_tool_of_this_machine(scheme: Scheme) -> None:
    if not shutil.which(scheme):
        pytest.skip(f"{scheme} is not installed here; its recorded answers are tested")
    questions = record.pairs(scheme, 100, seed=2)
    assert [versions.compare(scheme, *pair) for pair in questions] == record.ASK[scheme](questions)


@pytest.mark.parametrize("line", TRAPS["dpkg"])
def test_traps_of_dpkg(line: str) -> None:
    _check(Scheme.DPKG, line)


@pytest.mark.parametrize("line", TRAPS["rpm"])
def test_traps_of_rpm(line: str) -> None:
    _check(Scheme.RPM, line)


def _check(scheme: Scheme, line: str) -> None:
    a, operator, b = line.split()
    expected = {"<": -1, "=": 0, ">": 1}[operator]
    assert versions.compare(scheme, a, b) == expected
    assert versions.compare(scheme, b, a) == -expected


@pytest.mark.parametrize(("scheme", "version"), INVALID)
def test_refuses(scheme: str, version: str) -> None:
    with pytest.raises(InvalidVersion, match="is not a version"):
        versions.key(Scheme(scheme), version)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(text=ANYTHING)
def test_any_text_has_a_key_or_is_invalid(scheme: Scheme, text: str) -> None:
    try:
        key = versions.key(scheme, text)
    except InvalidVersion:
        return
    assert "\0" not in key
    assert key.encode()


@pytest.mark.parametrize("scheme", SCHEMES)
@given(found=st.lists(VERSION, min_size=2, max_size=12))
def test_bytes_of_keys_have_the_same_order(scheme: Scheme, found: list[str]) -> None:
    by_key = sorted(found, key=lambda version: versions.key(scheme, version))
    by_bytes = sorted(found, key=lambda version: versions.key(scheme, version).encode())
    assert by_key == by_bytes


@pytest.mark.parametrize("length", [24, 25, 26, 5000])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_numbers_of_any_length(scheme: Scheme, length: int) -> None:
    assert versions.compare(scheme, "9" * length, "1" + "0" * length) == -1
    assert versions.compare(scheme, "0" * length + "7", "7") == 0


@given(VERSION, VERSION)
@example("45A-0", "45A0")
@example("1.0-0", "1.0")
def test_univers_agrees_on_dpkg(a: str, b: str) -> None:
    a, b = a.replace("_", "+"), b.replace("_", "+")
    assert versions.compare(Scheme.DPKG, a, b) == _sign(univers_dpkg(a, b))  # type: ignore[no-untyped-call]  # univers has no types


@given(VERSION, VERSION)
@example("1.0^1-1", "1.0-1")
def test_univers_agrees_on_rpm(a: str, b: str) -> None:
    a, b = (version if "-" in version else f"{version}-1" for version in (a, b))
    assert versions.compare(Scheme.RPM, a, b) == _sign(univers_rpm(a, b))


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
