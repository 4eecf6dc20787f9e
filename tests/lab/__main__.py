"""Use the lab by hand: `python -m tests.lab list | start IMAGE [COMMAND ...] | clean`."""

import subprocess
import sys
from collections.abc import Sequence

from tests.lab import leftovers
from tests.lab.definitions import load
from tests.lab.hosts import CACHE, Lab
from tests.lab.requirements import missing

USAGE = """\
python -m tests.lab list                     the images, and the hosts that run
python -m tests.lab start IMAGE              a host that lives until Ctrl-C, and how to reach it
python -m tests.lab start IMAGE COMMAND ...  a host for one command; HOST, PORT, IDENTITY and
                                             KNOWN_HOSTS are in its environment
python -m tests.lab clean                     end every host; remove what crashes and old
                                             definitions have left
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit status."""
    match arguments:
        case ["list"]:
            _list()
        case ["start", image, *command] if image in load():
            return _start(image, command)
        case ["clean"]:
            leftovers.remove(CACHE)
            leftovers.prune(CACHE)
        case _:
            print(USAGE, file=sys.stderr, end="")
            return 2
    return 0


def _list() -> None:
    for image in load().values():
        if image.init:
            built = "built" if (CACHE / "images" / image.folder).is_dir() else "not built"
            print(f"{image.name:20}{built:12}{image.simulated}")
    for name in leftovers.hosts(CACHE):
        print(f"{name:20}runs")


def _start(image: str, command: Sequence[str]) -> int:
    if reasons := missing():
        print("\n".join(reasons), file=sys.stderr)
        return 1
    with Lab() as lab:
        host = lab.start(image)
        place = {
            "HOST": host.address,
            "PORT": str(host.port),
            "IDENTITY": str(host.identity),
            "KNOWN_HOSTS": str(host.known_hosts),
        }
        if command:
            return subprocess.run(
                ["env", *(f"{k}={v}" for k, v in place.items()), *command], check=False
            ).returncode
        print(*host.ssh_argv())
        print(f"accounts root, scan (sudo password {host.password}), nopass; Ctrl-C ends it")
        sys.stdout.flush()
        try:
            host.keeper.wait()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
