"""The expressions that spare the walk most patterns let through whatever a pattern matches."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.probes.files import walk
from hipscan.probes.files.language_files import LANGUAGE_FILES
from hipscan.probes.files.walk_records import (
    CREDENTIALS,
    DUMPS,
    KEYS,
    LEFT_BEHIND,
    PEM,
    PROGRAM_CREDENTIALS,
    RHOSTS,
)

_NAMES = (*RHOSTS, *KEYS, *PEM, *CREDENTIALS, *PROGRAM_CREDENTIALS, *DUMPS, *LEFT_BEHIND)
_FOLDERS = ("/var/lib/docker", "/home/*/.local/share/containers", "*/.zfs", "/run/user")


def _expression(variable: str) -> re.Pattern[str]:
    """Return the expression that the script gives to find in `variable`."""
    found = re.search(rf'^ *{variable}="[^"]*-regex\$NL([^"]+)"$', walk.SCRIPT, re.MULTILINE)
    assert found, variable
    return re.compile(found[1], re.DOTALL)


def _path(pattern: str, fillings: Sequence[str]) -> str:
    """Return a path that matches `pattern`, as find's -name or -path understands it."""
    filled = pattern
    for filling in (*fillings, *("" for _ in pattern)):
        filled = filled.replace("*", filling, 1)
    return filled if filled.startswith("/") else f"/srv/{filled}"


@given(st.data())
@pytest.mark.parametrize(
    ("variable", "patterns"), [("named", (*_NAMES, *LANGUAGE_FILES)), ("folders", _FOLDERS)]
)
def test_what_a_pattern_matches_passes_the_gate(
    variable: str, patterns: tuple[str, ...], data: st.DataObject
) -> None:
    pattern = data.draw(st.sampled_from(patterns))
    text = st.text(st.characters(exclude_characters="*?[]/", max_codepoint=255))
    path = _path(pattern, data.draw(st.lists(text, max_size=3)))
    assert fnmatchcase(path, pattern) or fnmatchcase(path.rpartition("/")[2], pattern)
    assert _expression(variable).fullmatch(path)


@pytest.mark.parametrize("path", ["/usr/lib/python3/abc.py", "/srv/a.sqlx", "/srv/id_rsa.pub"])
def test_most_names_do_not_pass(path: str) -> None:
    assert not _expression("named").fullmatch(path)
