"""Loading packs: every mistake at once, where it is, and what to write instead."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.cli.content import vocabulary
from hipscan.errors import DocumentError, UsageError
from hipscan.rules import content
from hipscan.rules.loader import load_pack, load_packs
from hipscan.rules.patterns import MAX_TEXT, TooLongError, refuse, search

CASES = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text("utf-8"))
HEAD = 'name: test\ntitle: "A pack for tests"\nversion: "1"\n'


def _pack(folder: Path, topic: str) -> Path:
    (folder / "pack.yaml").write_text(HEAD)
    (folder / "topic.yaml").write_text(topic)
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_mistakes_are_found_where_they_are(case: dict[str, Any], tmp_path: Path) -> None:
    folder = _pack(tmp_path, case["topic"])
    if not case["mistakes"]:
        assert load_pack(folder, vocabulary()).rules
        return
    with pytest.raises(DocumentError) as caught:
        load_pack(folder, vocabulary())
    found = [
        (f"{item.position.line}:{item.position.column}", f"{item.message}; {item.instead}")
        for item in caught.value.mistakes
    ]
    for place, part in case["mistakes"]:
        assert any(where == place and part in text for where, text in found), found
    assert len(found) == len(case["mistakes"]), found


def test_one_id_in_two_files_is_a_mistake(tmp_path: Path) -> None:
    folder = _pack(tmp_path, CASES[0]["topic"])
    (folder / "zz.yaml").write_text(CASES[0]["topic"])
    with pytest.raises(DocumentError, match="is already in"):
        load_packs([folder], vocabulary())


def test_a_folder_without_pack_yaml_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a rule pack"):
        load_pack(tmp_path, vocabulary())


def test_the_default_pack_loads_and_has_three_families() -> None:
    pack = load_pack(content.root() / "hipaa", vocabulary())
    assert len(pack.rules) >= 60
    assert {"updates", "ssh", "files"} <= {rule.topic for rule in pack.rules}


EXPLODING = [
    *("(a+)+$", "(a*)*b", "(a|a)*$", "(a|aa)+$", r"(\w+\s?)*$", "(x+x+)+y", "((a*)*)*", "(a?)*b"),
    *("(.*)*x", r"(\d+)*\.", "(a+){2,}", "(?:a+)+b", "([a-z]+)*!", "(a{1,9}){1,}", ".*a.*b.*c.*d"),
    *("(?=a)b", "(?<!a)b", r"(a)\1", "(?(1)a|b)", "(?>a)b", "a++b", "(a", "[z-a]", "*a"),
]


@pytest.mark.parametrize("pattern", EXPLODING)
def test_patterns_that_explode_or_are_no_re2_are_refused(pattern: str) -> None:
    assert refuse(pattern)


@pytest.mark.parametrize(
    "pattern", ["^no$", r"^TLSv1\.[23]$", "a|b|c", "(yes|no)?", "[a-z]{1,20}$", ".*x", "(?i)Abc"]
)
def test_plain_patterns_are_fine(pattern: str) -> None:
    assert refuse(pattern) == ""


@given(st.text(max_size=30))
def test_no_text_breaks_the_judge_of_patterns(pattern: str) -> None:
    refuse(pattern)


@pytest.mark.skipif(find_spec("re2") is not None, reason="RE2 searches texts of any length")
def test_a_text_that_is_too_long_is_an_error_not_a_guess() -> None:
    with pytest.raises(TooLongError):
        search("x", "a" * (MAX_TEXT + 1))
