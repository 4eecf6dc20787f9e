"""Runs one probe's shell on this machine, for tests that compare its facts with an oracle."""

import shutil
import subprocess
from collections.abc import Mapping

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.model.fact import Fact
from hipscan.probes.base import Probe, read_frame

NONCE = "0123456789abcdef"


def run_probe(probe: Probe, *data: str, shell: str = "sh") -> Mapping[str, Fact]:
    """Return the facts that `probe` reads here; `data` are lines such as `phi_path /srv`."""
    lines = [f"nonce {NONCE}", "deadline 60", f"run {probe.name}"]
    lines += [f"data {line}" for line in data]
    script = compile_probes([probe])
    done = subprocess.run(
        [shutil.which(shell) or shell, "-s"],
        input=(script.text + script.call("\n".join(lines) + "\n")).encode(),
        capture_output=True,
        check=True,
    )
    frames = read_reply(done.stdout, NONCE, [probe]).frames
    return read_frame(probe, frames.get(probe.name), probe_digest(probe))
