"""Wrong command lines and files: said clearly, with what to do next, before anything is scanned."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.errors import ExitCode
from tests.cli.conftest import Hipscan
from tests.cli.running import PACK, write_snapshot

HERE = Path(__file__).parent
WRONG: list[dict[str, Any]] = yaml.safe_load((HERE / "wrong.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", WRONG, ids=lambda case: " ".join(map(str, case["args"]))[:60])
def test_usage(case: dict[str, Any], hipscan: Hipscan, tmp_path: Path) -> None:
    for name, text in case.get("files", {}).items():
        (tmp_path / name).write_text(text)
    places = {"PACK": PACK, "SNAPSHOT": write_snapshot(tmp_path)}
    done = hipscan(*(places.get(word, word) for word in case["args"]))
    assert done.status == ExitCode.USAGE, done.err
    assert [part for part in case["says"] if part not in done.err] == [], done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert not list(tmp_path.glob("state/runs/*"))


def test_all_mistakes_of_a_pack_are_reported_at_once(hipscan: Hipscan, tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "pack.yaml").write_text('name: x\ntitle: "Some rules"\nversion: 1.0\n')
    (tmp_path / "pack" / "topic.yaml").write_text("- id: A\n  sevrity: hihg\n")
    done = hipscan("rules", "lint", "pack")
    assert done.status == ExitCode.USAGE
    for place in ("pack.yaml:3:10", "topic.yaml:1:7", "topic.yaml:2:3"):
        assert place in done.err
