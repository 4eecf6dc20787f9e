"""Making images: debootstrap or packages on top of the image below, one overlay layer each."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.definitions import HERE, PASSWORD, SETUP, Image

MIRROR = "http://deb.debian.org/debian"


class LabError(Exception):
    """The lab could not make what was asked for; the message says why and where the log is."""


def layers(image: Image, cache: Path) -> tuple[Path, ...]:
    """Return the layers of an image, top first, built where they are missing (minutes, once)."""
    with locked(cache / "build.lock"):
        _ensure(image, cache)
    return _paths(image, cache)


def _ensure(image: Image, cache: Path) -> None:
    if image.parent:
        _ensure(image.parent, cache)
    if not (cache / "images" / image.folder).is_dir():
        _build(image, cache)


def _paths(image: Image, cache: Path) -> tuple[Path, ...]:
    return tuple(cache / "images" / part.folder / "layer" for part in image.chain())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that all processes of this machine respect."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(image: Image, cache: Path) -> None:
    print(f"lab: building {image.folder}", file=sys.stderr, flush=True)
    debs = cache / "debs"
    partial = cache / "images" / f"{image.folder}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    debs.mkdir(exist_ok=True)
    log = cache / f"build-{image.name}.log"
    with log.open("wb") as output:
        done = subprocess.run(
            _command(image, cache, partial),
            env=_environment(image),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise LabError(f"image {image.name} was not built, see {log}:\n{_tail(log)}")
    shutil.rmtree(partial / "work")
    if image.keep:
        (partial / "layer").rename(partial / "built")
        (partial / "built" / image.keep).rename(partial / "layer")
        shutil.rmtree(partial / "built")
    partial.rename(cache / "images" / image.folder)


def _command(image: Image, cache: Path, partial: Path) -> list[str]:
    lower = _paths(image.parent, cache) if image.parent else ()
    return [
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"),
        *("sh", str(HERE / "build.sh"), str(partial), ":".join(map(str, lower))),
        *(str(cache / "debs"), str(SETUP), *image.setup),
    ]


def _environment(image: Image) -> dict[str, str]:
    passed = {key: value for key, value in os.environ.items() if key.lower().endswith("_proxy")}
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "SUITE": image.suite,
        "MIRROR": MIRROR,
        "SOURCES": "\n".join(image.sources),
        "UPGRADE": "yes" if image.upgrade else "",
        "PACKAGES": " ".join(image.packages),
        "LAB_PASSWORD": PASSWORD,
        **passed,
    }


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
