"""Two ways into a host that are not SSH: its namespaces, or the agent of its own kernel."""

import base64
import subprocess
from dataclasses import dataclass
from typing import Protocol

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SECONDS = 300  # for one script: one that asks a question would wait for ever
Done = subprocess.CompletedProcess[str]


class Inside(Protocol):
    """Runs scripts inside a host."""

    def run(self, script: str, user: str, text: str) -> Done:
        """Run a shell script as `user` with `text` on standard input; any status is a result."""


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Enters the namespaces of a host's first process."""

    init: int

    def run(self, script: str, user: str, text: str) -> Done:
        """Run a script with the machine's nsenter and the host's own shell."""
        become = ("sh",) if user == "root" else ("su", "-s", "/bin/sh", user)
        return subprocess.run(
            [
                *("nsenter", "--target", str(self.init)),
                *("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"),
                *("env", "-i", f"PATH={PATH}", "HOME=/root", "LC_ALL=C", *become, "-c", script),
            ],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=SECONDS,
        )


@dataclass(frozen=True, slots=True)
class Console:
    """Asks the agent of a host with a kernel of its own, through its keeper (see `uml.py`)."""

    keeper: subprocess.Popen[str]

    def run(self, script: str, user: str, text: str) -> Done:
        """Send one line and read one."""
        if not self.keeper.stdin or not self.keeper.stdout:
            raise RuntimeError("the keeper was started without pipes")
        self.keeper.stdin.write(f"{user} {_encode(script)} {_encode(text)}\n")
        self.keeper.stdin.flush()
        status, output, errors = self.keeper.stdout.readline().split()
        return Done(script, int(status), _decode(output), _decode(errors))


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode() + "."


def _decode(field: str) -> str:
    return base64.b64decode(field.removesuffix(".")).decode(errors="replace")
