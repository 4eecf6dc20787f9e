"""Scripts of probes on made-up roots of other distributions, with nothing but busybox for tools.

`trees.yaml` says which files there are and what the facts must hold; what Debian's lab hosts cannot
be (SUSE's files below /usr/etc, Alpine's folders) is shown here.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.probes.base import Facts, read_frame
from hipscan.probes.table import probes

_NONCE = "ab"
_CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "trees.yaml").read_text("utf-8")
)
_PROGRAM = re.compile(r"/(bin|sbin|init\.d)/")
_NEEDED = "busybox (package busybox-static)"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with busybox alone."""
    busybox = shutil.which("busybox")
    if os.geteuid() != 0 or busybox is None:
        pytest.skip(f"needs root, for chroot, and {_NEEDED}")
    for folder in ("bin", "dev", "etc", "root", "tmp"):
        (tmp_path / folder).mkdir()
    shutil.copy(busybox, tmp_path / "bin" / "busybox")
    subprocess.run(["chroot", tmp_path, "/bin/busybox", "--install", "-s", "/bin"], check=True)
    (tmp_path / "dev" / "null").touch()
    return tmp_path


def _lay(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o755 if _PROGRAM.search(name) else 0o644)


def _facts(root: Path, name: str) -> Facts:
    probe = probes()[name]
    script = compile_probes([probe])
    done = subprocess.run(
        ["chroot", root, "/bin/sh", "-s"],
        input=(script.text + script.call(f"nonce {_NONCE}\nrun {name}\n")).encode(),
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        check=True,
    )
    frame = read_reply(done.stdout, _NONCE, [probe]).frames[name]
    return read_frame(probe, frame, probe_digest(probe))


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case["name"])
def test_script_sees_what_lies_in_the_tree(root: Path, case: dict[str, Any]) -> None:
    _lay(root, case["files"])
    for path, target in case.get("links", {}).items():
        link = root / path.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    found = _facts(root, case["probe"])
    assert all(found[fact].status == "absent" for fact in case.get("absent", ())), found
    for fact, number in case.get("count", {}).items():
        assert len(found[fact].records) == number, found[fact].records
    for fact, wanted in case["facts"].items():
        assert found[fact].status == "ok", found[fact].reason
        held = found[fact].records
        for record in wanted:
            assert any(record.items() <= each.items() for each in held), held
