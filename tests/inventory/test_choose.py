"""Which targets a pattern, or the words of a command line, mean."""

from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.errors import UsageError
from hipscan.inventory import base
from hipscan.inventory.choose import from_argument, from_arguments, select
from hipscan.model.target import Target, TransportName

HERE = Path(__file__).parent
EXAMPLE = base.load(HERE / "example.yaml")
PATTERNS: list[dict[str, Any]] = pyyaml.safe_load((HERE / "patterns.yaml").read_text())
ARGUMENTS: list[dict[str, Any]] = pyyaml.safe_load((HERE / "arguments.yaml").read_text())


@pytest.mark.parametrize(
    "case", [case for case in PATTERNS if "hosts" in case], ids=lambda case: str(case["pattern"])
)
def test_patterns_choose(case: dict[str, Any]) -> None:
    assert [target.name for target in select(EXAMPLE, case["pattern"])] == case["hosts"]


@pytest.mark.parametrize(
    "case", [case for case in PATTERNS if "error" in case], ids=lambda case: repr(case["pattern"])
)
def test_patterns_that_choose_nothing_say_so(case: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        select(EXAMPLE, case["pattern"])
    assert case["error"] in caught.value.message
    assert case.get("hint", "") in caught.value.hint


@pytest.mark.parametrize("case", ARGUMENTS, ids=lambda case: repr(case["word"]))
def test_arguments(case: dict[str, Any]) -> None:
    if "host" not in case:
        with pytest.raises(UsageError, match="target "):
            from_argument(case["word"])
        return
    expected = Target(
        case["name"],
        case["host"],
        port=case.get("port"),
        user=case.get("user"),
        transport=TransportName(case.get("transport", "paramiko")),
    )
    assert from_argument(case["word"]) == expected


def test_a_name_of_the_inventory_means_its_entry() -> None:
    chosen = from_arguments(["web1", "other"], EXAMPLE)
    assert [target.host for target in chosen] == ["10.0.0.5", "other"]


@pytest.mark.parametrize("words", [["a", "a"], ["a", "b", "root@a"], ["web1", "x@web1"]])
def test_no_target_is_named_twice(words: list[str]) -> None:
    with pytest.raises(UsageError, match="named twice"):
        from_arguments(words, EXAMPLE)


@given(st.text(max_size=30))
def test_any_word_is_a_target_or_refused(word: str) -> None:
    try:
        target = from_argument(word)
    except UsageError:
        return
    assert not target.host.startswith("-")
    assert not (target.user or "").startswith("-")


@given(st.text(alphabet="web12db,!&*?[]- ", max_size=20))
def test_any_pattern_chooses_hosts_or_is_refused(pattern: str) -> None:
    try:
        chosen = select(EXAMPLE, pattern)
    except UsageError:
        return
    assert chosen
    assert all(target in EXAMPLE for target in chosen)
