"""The file system of one host: the image's layers below, a tmpfs on top for what it writes.

Called by the keeper after it has left the machine's mount namespace, so nothing has to be
unmounted. The standard library only, as in `keeper.py`.
"""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ACCOUNTS = ("root", "scan", "nopass")


def run(*command: str) -> None:
    """Run a command of the machine; its output goes to the keeper's log."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def make(store: Path, layers: Sequence[str]) -> Path:
    """Mount a tmpfs on `store`, in it the overlay, and return the overlay's root."""
    run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(store))
    return mount_layers(store, layers)


def mount_layers(store: Path, layers: Sequence[str]) -> Path:
    """Mount an overlay below `store`, which holds what is written, and return its root."""
    store.mkdir(exist_ok=True)
    for name in ("root", "upper", "work"):
        (store / name).mkdir(mode=0o755)
    options = f"lowerdir={':'.join(layers)},upperdir={store}/upper,workdir={store}/work"
    run("mount", "-t", "overlay", "-o", options, "overlay", str(store / "root"))
    return store / "root"


def remove(store: Path) -> None:
    """Unmount all that `make` has mounted, and remove the host's folder around it."""
    run("umount", "--recursive", "--lazy", str(store))
    shutil.rmtree(store.parent)


def personalise(root: Path, name: str, public_key: str) -> None:
    """Write what tells one host of an image from another, and what lets the lab log in."""
    (root / "etc/hostname").write_text(name + "\n")
    (root / "etc/hosts").write_text(f"127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n::1\tlocalhost\n")
    if (root / "etc/machine-id").exists():
        (root / "etc/machine-id").write_text(secrets.token_hex(16) + "\n")
    for line in (root / "etc/passwd").read_text().splitlines():
        account, _, uid, gid, _, home, _ = line.split(":")
        if account in ACCOUNTS:
            _authorise(root / home.lstrip("/") / ".ssh", int(uid), int(gid), public_key)
    _postpone_timers(root)


def _authorise(folder: Path, uid: int, gid: int, public_key: str) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    keys = folder / "authorized_keys"
    keys.write_text(public_key)
    keys.chmod(0o600)
    os.chown(folder, uid, gid)
    os.chown(keys, uid, gid)


def _postpone_timers(root: Path) -> None:
    """Say that each systemd timer has just run: none fires while a test looks at the host."""
    stamps = root / "var/lib/systemd/timers"
    if stamps.is_dir():
        for timer in root.glob("usr/lib/systemd/system/*.timer"):
            (stamps / f"stamp-{timer.name}").touch()
