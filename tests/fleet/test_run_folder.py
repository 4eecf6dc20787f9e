"""A run on disk: closed to others, named safely, and read back as it was written."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.cli import content
from hipscan.errors import OutputError, UsageError
from hipscan.fleet.run_folder import (
    RunFolder,
    file_name,
    read_knowledge,
    read_snapshot,
    read_target_knowledge,
)
from hipscan.model.fact import ok
from hipscan.model.knowledge import Knowledge, TargetKnowledge
from hipscan.model.report import TargetResult, TargetStatus
from hipscan.model.snapshot import Snapshot, TargetData
from tests.fleet import fleets

_PACK = Path(__file__).parents[1] / "cli" / "pack"
NAMES = [
    *("../../etc/passwd", "/etc/passwd", "..", ".", "a/b", "a\\b", "a\nb", "a\x00b", "-rf", ""),
    *("CON", "web1\x1b[2J", "ü" * 300, "x" * 5000, "\udcff"),
]


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Let nothing but the code itself close what is made."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_nobody_else_may_look(tmp_path: Path) -> None:
    (pack,) = content.packs((_PACK,))
    top = tmp_path / "state"
    fleets.run(top / "runs" / "one", ("web1", "web2"), pack, {})
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in (top, *top.rglob("*"))}
    assert len(found) >= 8
    assert {mode for path, mode in found.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in found.items() if path.is_file()} == {0o600}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_name_leaves_the_folder(name: str, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    facts = {"platform": ok({"id": "debian"})}
    path = folder.write_snapshot(Snapshot(TargetData(name), "now", "0", "", facts))
    folder.write_target(TargetResult(name, "", TargetStatus.SCANNED))
    assert path.parent == tmp_path / "run" / "snapshots"
    assert len(list(tmp_path.rglob("*.json"))) == 2
    assert [item.name for item in folder.targets()] == [name]
    assert read_snapshot(path).target.name == name


@given(st.text(), st.text())
def test_different_names_are_different_files(one: str, other: str) -> None:
    names = {file_name(one), file_name(other)}
    assert len(names) == len({one, other})
    assert all(name.isascii() and name.isprintable() and "/" not in name for name in names)


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run")
    with pytest.raises(OutputError, match="cannot be made"):
        RunFolder.create(tmp_path / "run")


def test_a_run_comes_back(tmp_path: Path) -> None:
    (pack,) = content.packs((_PACK,))
    written = fleets.run(tmp_path / "run", ("web1",), pack, {})
    read = RunFolder(tmp_path / "run").report()
    assert (read.run, read.rules, read.summary) == (written.run, written.rules, written.summary)
    assert read.frameworks == written.frameworks
    assert list(read.targets()) == list(written.targets())


def test_knowledge_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "run" / "knowledge.json"
    knowledge = Knowledge(fleets.NOW)
    known = TargetKnowledge({"openssl": "2026-11-01"}, unknown={"first_seen": "lost"})
    folder = RunFolder.create(path.parent)
    folder.write_knowledge(knowledge)
    folder.write_target_knowledge("web1", known)
    assert read_knowledge(path) == knowledge
    assert read_target_knowledge(path, "web1") == known
    assert read_target_knowledge(path, "web2") == TargetKnowledge()


def test_an_unfinished_run_is_named(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    with pytest.raises(UsageError, match="not the folder of a finished run"):
        folder.report()
