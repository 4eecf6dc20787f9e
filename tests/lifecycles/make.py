"""Makes rules/lifecycles.yaml from feeds.

    python -m tests.lifecycles.make FEEDS >rules/lifecycles.yaml

FEEDS is a folder with distro-info-data's debian.csv and ubuntu.csv, and with the files of
endoflife.date in endoflife/NAME.json:

    {"releases": [{"releaseCycle": "9", "eol": "2032-05-31", "eoes": "2036-05-31"}]}

Debian and Ubuntu come from distro-info-data, which their own developers keep.
"""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hipscan.model.knowledge import Lifecycle

# Releases whose last support of any kind ended before this day are left out: they are not in the
# table, so they are told as unknown.
OLDEST = "2015-01-01"

# File of endoflife.date -> ID of os-release, how people call it, what VERSION_ID adds, the name
# of the extended support.
PRODUCTS = {
    "rhel": ("rhel", "Red Hat Enterprise Linux", ".*", "Extended Life Cycle Support"),
    "almalinux": ("almalinux", "AlmaLinux", ".*", ""),
    "rocky-linux": ("rocky", "Rocky Linux", ".*", ""),
    "oracle-linux": ("ol", "Oracle Linux", ".*", "Oracle Extended Support"),
    "centos": ("centos", "CentOS", "", ""),
    "centos-stream": ("centos", "CentOS Stream", "", ""),
    "fedora": ("fedora", "Fedora", "", ""),
    "sles": ("sles", "SUSE Linux Enterprise Server", "", "LTSS"),
    "opensuse": ("opensuse-leap", "openSUSE Leap", "", ""),
    "alpine-linux": ("alpine", "Alpine Linux", ".*", ""),
    "amazon-linux": ("amzn", "Amazon Linux", "", ""),
}


def lifecycles(feeds: Path) -> list[Lifecycle]:
    """Return every lifecycle that the feeds know, without doubles."""
    found = [*_debian(feeds), *_ubuntu(feeds)]
    for name in PRODUCTS:
        found += _product(feeds, name)
    first = {(item.system, item.release): item for item in reversed(found)}
    lasting = (item for item in found if max(item.supported_until, item.extended_until) >= OLDEST)
    return [item for item in lasting if first[item.system, item.release] is item]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["version"] and row.get("eol"):
                yield {key: value or "" for key, value in row.items()}


def _debian(feeds: Path) -> Iterator[Lifecycle]:
    for row in _rows(feeds / "debian.csv"):
        name = f"Debian {row['version']} ({row['series']})"
        extended = (row["eol-lts"], "Debian LTS") if row["eol-lts"] else ("", "")
        yield Lifecycle("debian", row["version"], name, row["eol"], *extended)


def _ubuntu(feeds: Path) -> Iterator[Lifecycle]:
    for row in _rows(feeds / "ubuntu.csv"):
        version = row["version"].removesuffix(" LTS")
        extended = (row["eol-esm"], "Ubuntu Pro (ESM)") if row["eol-esm"] else ("", "")
        yield Lifecycle("ubuntu", version, f"Ubuntu {row['version']}", row["eol"], *extended)


def _product(feeds: Path, name: str) -> Iterator[Lifecycle]:
    system, title, suffix, extended = PRODUCTS[name]
    releases = json.loads((feeds / "endoflife" / f"{name}.json").read_text("utf-8"))["releases"]
    for release in releases:
        cycle, until = release["releaseCycle"], release.get("eol")
        # A date that is not known yet is `false` there: such a release is left out.
        if isinstance(until, str):
            version = cycle.removesuffix(".0") if name == "sles" and cycle < "16" else cycle
            yield Lifecycle(
                system, version + suffix, f"{title} {cycle}", until, *_extended(release, extended)
            )


def _extended(release: dict[str, Any], name: str) -> tuple[str, str]:
    until = release.get("eoes")
    return (until, name) if name and isinstance(until, str) else ("", "")


def text(items: list[Lifecycle]) -> str:
    """Return the table as YAML."""
    head = (
        "# Until when releases of distributions are supported. Made by tests/lifecycles/make.py\n"
        "# from distro-info-data (Debian, Ubuntu) and endoflife.date (MIT); not written by hand.\n"
        "# release: VERSION_ID of os-release; .* stands for every minor version.\n"
    )
    return head + "".join(_entry(item) for item in items)


def _entry(item: Lifecycle) -> str:
    extended = ""
    if item.extended_until:
        extended = (
            f'  extended_until: "{item.extended_until}"\n  extended_name: "{item.extended_name}"\n'
        )
    return (
        f'- system: "{item.system}"\n  release: "{item.release}"\n  name: "{item.name}"\n'
        f'  supported_until: "{item.supported_until}"\n{extended}'
    )


if __name__ == "__main__":
    sys.stdout.write(text(lifecycles(Path(sys.argv[1]))))
