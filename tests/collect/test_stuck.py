"""A file system that never answers costs the probe that touches it, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.model.fact import FactStatus
from hipscan.probes.base import read_frame
from tests.collect.test_script import NONCE, make


def _refuse_or_skip(message: str) -> None:
    assert os.environ.get("CI") != "true", message
    pytest.skip(message)


def test_a_read_that_cannot_be_killed_costs_one_probe(shell: str, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        _refuse_or_skip("mounting a FUSE file system needs root")
    if not Path("/dev/fuse").exists():
        _refuse_or_skip("there is no /dev/fuse here")
    folder = tmp_path / "stuck"
    folder.mkdir()
    probes = [
        make("a", "echo before"),
        make("b", f"cat {folder}/x", seconds=1),
        make("c", "echo c"),
    ]
    script = compile_probes(probes)
    call = script.call(f"nonce {NONCE}\nrun a\nrun b\nrun c\n")
    done = subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private"),
            *(sys.executable, "-m", "tests.collect.stuck_file_system", str(folder)),
            *(*shell.split(), "-s"),
        ],
        input=(script.text + call).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    framed = read_reply(done.stdout, NONCE, probes)
    assert framed.ended, done.stderr
    facts = {
        probe.name: read_frame(probe, framed.frames.get(probe.name), probe_digest(probe))
        for probe in probes
    }
    assert facts["b"]["b"].status is FactStatus.TIMEOUT
    assert facts["a"]["a"].status is FactStatus.OK
    assert facts["c"]["c"].status is FactStatus.OK
