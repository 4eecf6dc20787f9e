"""Runs the hipscan command against a host of the lab, as a user would."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hipscan.__main__ import run
from hipscan.cli import content
from tests.lab.hosts import Host

_packs = cache(content.packs)


@dataclass(frozen=True, slots=True)
class Client:
    """The hipscan command with its state in a folder of its own."""

    state: Path

    def command(self, *words: str, timeout: int = 180) -> subprocess.CompletedProcess[str]:
        """Run `hipscan WORDS` without this machine's own configuration."""
        return subprocess.run(
            [sys.executable, "-m", "hipscan", *words],
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
            timeout=timeout,
            env=self.environment(),
            cwd=self.state,
        )

    def here(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the same in this process, the rule packs loaded once: for scans by the hundred."""
        out, errors = TextIOWrapper(BytesIO()), StringIO()
        with (
            chdir(self.state),
            patch.dict(os.environ, self.environment(), clear=True),
            patch("hipscan.cli.content.packs", _packs),
            redirect_stdout(out),
            redirect_stderr(errors),
        ):
            status = run([*words])
        text = out.detach().getvalue().decode("utf-8", "replace")
        return subprocess.CompletedProcess(words, status, text, errors.getvalue())

    def run(
        self, host: Host, command: str, *options: str, user: str = "root"
    ) -> subprocess.CompletedProcess[str]:
        """Run `hipscan COMMAND user@host OPTIONS`."""
        return self.command(command, *self.reach(host, user), *options)

    def reach(self, host: Host, user: str) -> list[str]:
        """Return the arguments that lead to `host` and trust it."""
        return [
            f"{user}@{host.address}:{host.port}",
            *("--identity", str(host.identity), "--known-hosts", str(host.known_hosts)),
            *("--ssh-config", "/dev/null", "--quiet"),
        ]

    def environment(self) -> Mapping[str, str]:
        """Return the environment of the command: no agent, no configuration."""
        names = ("PATH", "HOME", "LANG", "PYTHONPATH")
        kept = {key: os.environ[key] for key in names if key in os.environ}
        return kept | {"HIPSCAN_STATE": str(self.state), "NO_COLOR": "1"}

    def collect(self, host: Host, *options: str, user: str = "root") -> dict[str, Any]:
        """Return the snapshot of `host`; everything must have worked."""
        done = self.run(host, "collect", "-d", str(self.state), *options, user=user)
        assert done.returncode == 0, done.stdout + done.stderr
        path = done.stdout.split(": ", 1)[1].split(" (")[0].strip()
        snapshot: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
        return snapshot

    def scan(self, host: Host, *options: str, user: str = "root") -> dict[str, Any]:
        """Return the JSON report of a scan, whatever it found."""
        done = self.run(host, "scan", "-f", "json", *options, user=user)
        assert done.returncode in {0, 1, 3}, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report
