"""Which files a scan's script opens on a host: the kernel's answer, not ours.

strace follows every process that the script starts, from outside the host. A line of its record:

    71 openat(AT_FDCWD</root>, "/etc/login.defs", O_RDONLY) = 3</etc/login.defs>
"""

import re
import subprocess
from pathlib import Path
from typing import Final

from hipscan.cli.scanning import full_order
from hipscan.collect.collector import call_data
from hipscan.model.target import Target
from tests.lab.hosts import Host
from tests.lab.inside import PATH, Namespaces
from tests.probes.running import NONCE

_OPENED: Final = re.compile(r"\bopen(?:at2?)?\((?!.*O_DIRECTORY).* = \d+<(/[^>]*)>$")


def opened(host: Host, record: Path) -> frozenset[str]:
    """Return the paths that the whole script of all probes opens on `host`, run there as root."""
    if not isinstance(host.inside, Namespaces):
        raise TypeError("only a host of namespaces can be watched from outside")
    order = full_order()
    script = order.script
    text = script.text + script.call(call_data(Target("watched", "localhost"), order, NONCE))
    # Its standard input is a file that has ended, so it must not take that for a client that left.
    done = subprocess.run(
        [
            *("strace", "-f", "-y", "-z", "-q", "-e", "trace=open,openat,openat2"),
            *("-o", str(record), "nsenter", "--target", str(host.inside.init)),
            *("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"),
            *("env", "-i", f"PATH={PATH}", "HOME=/root", "sh", "-s"),
        ],
        input=text.replace("watch stdin\n", ""),
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
        timeout=300,
    )
    if NONCE not in done.stdout:
        raise RuntimeError(f"the script did not answer: {done.stderr}")
    lines = record.read_text("utf-8", "replace").splitlines()
    return frozenset(found[1] for line in lines if (found := _OPENED.search(line)))
