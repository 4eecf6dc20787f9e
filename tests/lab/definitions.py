"""What images there are: `images.yaml` as values, each with the digest that names its folder.

A digest covers everything an image is made of (its definition, the scripts that it names, the
build itself, the image below), so that a folder with that name never has to be questioned.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NOT_BUILT = {"init", "kernel", "os_release", "simulated"}
HERE = Path(__file__).parent
SETUP = HERE / "setup"
PASSWORD = "lab-Sudo-4711"  # noqa: S105  # known to everybody; hosts live on loopback for seconds


@dataclass(frozen=True, slots=True)
class Image:
    """One entry of images.yaml, whose comment describes the fields."""

    name: str
    digest: str
    parent: "Image | None"
    suite: str
    sources: tuple[str, ...]
    upgrade: bool
    packages: tuple[str, ...]
    setup: tuple[str, ...]
    keep: str
    kernel: "Image | None"
    init: str
    os_release: Mapping[str, str]
    simulated: str

    @property
    def folder(self) -> str:
        """The name of its folder in the cache."""
        return f"{self.name}-{self.digest[:12]}"

    def chain(self) -> tuple["Image", ...]:
        """Return this image and those below it, top first: the order of overlayfs's lowerdir."""
        return (self, *(self.parent.chain() if self.parent and not self.keep else ()))


def load() -> Mapping[str, Image]:
    """All images by name, in the order of images.yaml (an image stands below its parent)."""
    images: dict[str, Image] = {}
    entries = yaml.safe_load((HERE / "images.yaml").read_text())
    for name, entry in entries.items():
        images[name] = _image(name, entry, images)
    return images


def _image(name: str, entry: Mapping[str, Any], known: Mapping[str, Image]) -> Image:
    parent = known[entry["from"]] if "from" in entry else None
    return Image(
        name=name,
        digest=_digest(entry, parent),
        parent=parent,
        suite=entry.get("suite", ""),
        sources=tuple(entry.get("sources", ())),
        upgrade=entry.get("upgrade", False),
        packages=tuple(entry.get("packages", ())),
        setup=tuple(entry.get("setup", ())),
        keep=entry.get("keep", ""),
        kernel=known[entry["kernel"]] if "kernel" in entry else None,
        init=entry.get("init", ""),
        os_release=entry.get("os_release", {}),
        simulated=entry.get("simulated", ""),
    )


def _digest(entry: Mapping[str, Any], parent: Image | None) -> str:
    build = {key: value for key, value in entry.items() if key not in NOT_BUILT}
    digest = hashlib.sha256(json.dumps(build, sort_keys=True).encode())
    digest.update(parent.digest.encode() if parent else b"")
    digest.update((HERE / "build.sh").read_bytes())
    for script in entry.get("setup", ()):
        digest.update((SETUP / script).read_bytes())
    return digest.hexdigest()
