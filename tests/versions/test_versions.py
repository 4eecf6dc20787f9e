"""The orders of versions, against dpkg, rpm, npm, Maven, packaging and univers."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st
from packaging.version import Version
from univers.debian import compare_versions as univers_dpkg
from univers.rpm import compare_rpm_versions as univers_rpm
from univers.versions import AlpineLinuxVersion

from hipscan import versions
from hipscan.versions import InvalidVersion, Scheme
from tests.versions import record

HERE = Path(__file__).parent
SCHEMES = list(Scheme)
RECORDED = [Scheme(name) for name in record.PAIRS if name != "maven"]
TRAPS: dict[str, list[str]] = yaml.safe_load((HERE / "traps.yaml").read_text())
INVALID: list[list[str]] = yaml.safe_load((HERE / "invalid.yaml").read_text())

VERSION = st.from_regex(
    r"([0-9]:)?[0-9][0-9a-zA-Z.+~_]{0,8}(-[0-9a-zA-Z.+~]{1,5})?", fullmatch=True
)
APK = st.from_regex(
    r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}[a-z]?(_(alpha|beta|pre|rc|p)[0-9]{0,2})?(-r[0-9]{1,2})?",
    fullmatch=True,
)
PEP440 = st.from_regex(
    r"([1-9]!)?[0-9]{1,2}(\.[0-9]{1,2}){0,3}((a|b|rc)[0-9])?(\.post[0-9])?(\.dev[0-9])?"
    r"(\+[a-z0-9]{1,3}(\.[a-z0-9]{1,3})?)?",
    fullmatch=True,
)
SEMVER = st.from_regex(r"[1-9]\.[1-9]\.[1-9](-[a-z]{1,3}(\.[1-9])?)?", fullmatch=True)
SHAPES = {
    Scheme.DPKG: VERSION,
    Scheme.RPM: VERSION,
    Scheme.APK: APK,
    Scheme.PEP440: PEP440,
    Scheme.SEMVER: SEMVER,
    Scheme.MAVEN: VERSION,
}
ANYTHING = st.text(max_size=20) | st.text(alphabet="019:-~^.+az", max_size=12)


def _wrong(scheme: Scheme) -> list[list[str]]:
    cases = [json.loads(line) for line in (HERE / f"{scheme}.jsonl").read_text().splitlines()]
    assert len(cases) == record.PAIRS[scheme]
    return [case for case in cases if versions.compare(scheme, case[0], case[1]) != case[2]]


@pytest.mark.parametrize("scheme", RECORDED)
def test_agrees_with_recorded_answers(scheme: Scheme) -> None:
    assert _wrong(scheme) == []


def test_agrees_with_maven_on_all_but_its_circles() -> None:
    wrong = _wrong(Scheme.MAVEN)
    real = set(record.seeds("maven"))
    assert [case for case in wrong if real >= {*case[:2]}] == []
    assert len(wrong) <= record.PAIRS["maven"] // 200


@pytest.mark.parametrize("scheme", [Scheme.DPKG, Scheme.RPM])
def test_agrees_with_the_tool_of_this_machine(scheme: Scheme) -> None:
    if not shutil.which(scheme):
        pytest.skip(f"{scheme} is not installed here; its recorded answers are tested")
    questions = record.pairs(scheme, 100, seed=2)
    assert [versions.compare(scheme, *pair) for pair in questions] == record.ASK[scheme](questions)


@pytest.mark.parametrize(("scheme", "line"), [(s, line) for s in TRAPS for line in TRAPS[s]])
def test_traps(scheme: Scheme, line: str) -> None:
    a, operator, b = line.split()
    expected = {"<": -1, "=": 0, ">": 1}[operator]
    assert versions.compare(Scheme(scheme), a, b) == expected
    assert versions.compare(Scheme(scheme), b, a) == -expected


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
@given(data=st.data())
def test_bytes_of_keys_have_the_same_order(scheme: Scheme, data: st.DataObject) -> None:
    found = data.draw(st.lists(SHAPES[scheme], min_size=2, max_size=12))
    by_key = sorted(found, key=lambda version: versions.key(scheme, version))
    by_bytes = sorted(found, key=lambda version: versions.key(scheme, version).encode())
    assert by_key == by_bytes


@pytest.mark.parametrize("length", [24, 25, 26, 5000])
@pytest.mark.parametrize("scheme", [Scheme.DPKG, Scheme.RPM, Scheme.APK, Scheme.MAVEN])
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


@given(PEP440, PEP440)
def test_packaging_agrees_on_pep440(a: str, b: str) -> None:
    first, second = Version(a), Version(b)
    expected = (first > second) - (first < second)
    assert versions.compare(Scheme.PEP440, a, b) == expected


@given(APK, APK)
def test_univers_agrees_on_apk(a: str, b: str) -> None:
    # univers refuses leading zeros, takes fractions for numbers, no revision for revision 0 and
    # _beta for _beta0, of which apk-tools takes the first for the lower.
    a, b = (version if "-r" in version else f"{version}-r1" for version in (a, b))
    a, b = (re.sub(r"(_[a-z]+)(?![a-z0-9])", r"\g<1>1", version) for version in (a, b))
    assume(not re.search(r"\b0[0-9]", f"{a} {b}"))
    first, second = AlpineLinuxVersion(a), AlpineLinuxVersion(b)
    assert versions.compare(Scheme.APK, a, b) == (first > second) - (first < second)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
