"""What a crash can leave: keepers without a lab, folders and control groups without a keeper."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lab.build import locked
from tests.lab.cell import GROUP_PREFIX, remove_group
from tests.lab.definitions import load


def hosts(cache: Path) -> list[str]:
    """Return the names of the hosts of this cache that run now."""
    return sorted(_keepers(cache))


def remove(cache: Path) -> None:
    """End every host of this cache, and remove the folders and control groups of all of them."""
    keepers = _keepers(cache)
    for pid in keepers.values():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _keepers(cache) and time.monotonic() < deadline:
        time.sleep(0.05)
    with groups() as mounted:
        for folder in sorted((cache / "run").glob("*")):
            remove_group(mounted / f"{GROUP_PREFIX}{folder.name}")
            shutil.rmtree(folder)


def prune(cache: Path) -> None:
    """Remove images that no definition asks for any more, and those that were never finished."""
    wanted = {image.folder for image in load().values()}
    with locked(cache / "build.lock"):
        for folder in (cache / "images").glob("*"):
            if folder.name not in wanted:
                shutil.rmtree(folder)


def _keepers(cache: Path) -> dict[str, int]:
    """Return the pid of each keeper of this cache, by the name of its host."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            arguments = (process / "cmdline").read_bytes().split(b"\0")
            if b"tests.lab.keeper" in arguments:
                spec = json.loads(arguments[arguments.index(b"tests.lab.keeper") + 1])
                if Path(spec["folder"]).is_relative_to(cache):
                    found[str(spec["name"])] = int(process.name)
    return found


@contextmanager
def groups() -> Iterator[Path]:
    """Mount the control groups for a moment: where a machine has them differs."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "cgroup2", "cgroup2", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)
