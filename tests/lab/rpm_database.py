"""Fills the rpm database of a host: rpm itself writes and reads it, the packages have no files."""

import json
from collections.abc import Iterable
from typing import Final

from tests.feeds.almalinux import Installed
from tests.lab.hosts import Host

_VENDOR: Final = "AlmaLinux"
_ARCH: Final = "x86_64"

# Runs on the host: headers as rpmbuild would make them, taken in as those of a saved database.
_FILL: Final = r"""
import json, rpm, subprocess, sys
with open("/root/headers", "wb") as stream:
    out = rpm.fd.open(stream)
    for tags in json.load(sys.stdin):
        header = rpm.hdr()
        for name, value in tags.items():
            header[name] = value
        header.write(out)
    out.close()
"""
_REPLACE: Final = r"""
set -eu
python3 /root/fill.py
rm -f /var/lib/rpm/rpmdb.sqlite*
rpm --initdb
rpmdb --importdb </root/headers
rm /root/headers /root/fill.py
"""


def fill(host: Host, packages: Iterable[Installed]) -> None:
    """Let `packages` be all that is installed on `host`."""
    text = json.dumps([_tags(package) for package in packages])
    host.run("cat >/root/fill.py", text=_FILL)
    host.run(_REPLACE, text=text)


def boot(host: Host, release: str) -> None:
    """Let the host be a machine whose `uname -r` is `release`, not a container."""
    script = f'/usr/bin/uname.real "$@" | sed "s/$(/usr/bin/uname.real -r)/{release}/"'
    host.run("rm -f /run/systemd/container")
    host.run("[ -e /usr/bin/uname.real ] || mv /usr/bin/uname /usr/bin/uname.real")
    host.run("cat >/usr/bin/uname && chmod 0755 /usr/bin/uname", text=f"#!/bin/sh\n{script}\n")


def rename(host: Host, release: str) -> None:
    """Let os-release say that the host is a release of AlmaLinux; without dnf, which is slow."""
    host.run(f"sed -i 's/^VERSION_ID=.*/VERSION_ID=\"{release}\"/' /etc/os-release")
    host.run("rm -f /usr/bin/dnf")


def _tags(package: Installed) -> dict[str, str | int]:
    epoch, colon, rest = package.version.rpartition(":")
    version, release = rest.rsplit("-", 1)
    label = f"{package.stream}:8100020260101000000:0badcafe" if package.stream else ""
    tags: dict[str, str | int] = {
        "name": package.package,
        "version": version,
        "release": release,
        "arch": _ARCH,
        "os": "linux",
        "vendor": _VENDOR,
        "sourcerpm": f"{package.source}-{version}-{release}.src.rpm",
        "installtime": 1_790_000_000,
    }
    return tags | ({"epoch": int(epoch)} if colon else {}) | _labelled(label)


def _labelled(label: str) -> dict[str, str]:
    return {"modularitylabel": label} if label else {}
