"""What counts as a change of a host's file system, on plain folders; needs no root."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.changes import Entry, Kind, compare, mark

ENTRIES = st.builds(
    Entry,
    mode=st.sampled_from([0o100644, 0o100600]),
    owner=st.integers(0, 1),
    group=st.integers(0, 1),
    content=st.sampled_from(["a", "b", "deleted"]),
    modified=st.integers(0, 2),
)
MARKS = st.dictionaries(st.sampled_from(["etc/a", "etc/b", "home/c"]), ENTRIES)


@given(MARKS)
def test_nothing_changes_between_equal_marks(state: dict[str, Entry]) -> None:
    assert compare(state, state, ()) == []


@given(MARKS, MARKS)
def test_what_is_added_one_way_is_removed_the_other(
    one: dict[str, Entry], other: dict[str, Entry]
) -> None:
    turned = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}
    there = [(turned.get(kind, kind), path) for kind, path in compare(one, other, ())]
    assert compare(other, one, ()) == there


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Return an upper layer, empty, and a lower one with /etc/hosts."""
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    for folder in (upper, lower):
        (folder / "etc").mkdir(parents=True)
    (lower / "etc/hosts").write_text("localhost\n")
    return upper, lower


def test_a_copy_that_equals_the_image_is_touched_and_a_new_text_is_a_change(
    folders: tuple[Path, Path],
) -> None:
    upper, lower = folders
    before = mark(upper, [lower])
    (upper / "etc/hosts").write_text("localhost\n")
    assert compare(before, mark(upper, [lower]), [lower]) == [(Kind.TOUCHED, "/etc/hosts")]
    (upper / "etc/hosts").write_text("elsewhere\n")
    assert compare(before, mark(upper, [lower]), [lower]) == [(Kind.CHANGED, "/etc/hosts")]


def test_a_log_may_grow_but_not_open_up(folders: tuple[Path, Path]) -> None:
    upper, lower = folders
    log = upper / "var/log/wtmp"
    log.parent.mkdir(parents=True)
    log.write_text("one")
    log.chmod(0o640)
    before = mark(upper, [lower])
    log.write_text("one, two")
    assert compare(before, mark(upper, [lower]), [lower]) == []
    log.chmod(0o644)
    assert compare(before, mark(upper, [lower]), [lower]) == [(Kind.CHANGED, "/var/log/wtmp")]
