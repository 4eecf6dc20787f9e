"""Makes the tables of ends of support that ship with hipscan from feeds.

    python -m tests.lifecycles.make FEEDS releases >rules/lifecycles.yaml
    python -m tests.lifecycles.make FEEDS products >rules/products.yaml
    python -m tests.lifecycles.make FEEDS early_ends >rules/early_ends.yaml

FEEDS is a folder with distro-info-data's debian.csv and ubuntu.csv, and with what the answers of
endoflife.date are made of in endoflife/all-products.frontmatter.json:

    {"rhel": {"releases": [{"releaseCycle": "9", "eol": "2032-05-31", "eoes": "2036-05-31"}]}}

Debian and Ubuntu come from distro-info-data, which their own developers keep.
"""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hipscan.feeds.releases import PRODUCTS, Product, lifecycle
from hipscan.feeds.vendor_packages import MADE
from hipscan.model.knowledge import Lifecycle
from hipscan.probes.packages import unpackaged_table

# Releases whose last support of any kind ended before this day are left out: they are not in the
# table, so they are told as unknown.
OLDEST = "2015-01-01"


def lifecycles(feeds: Path) -> list[Lifecycle]:
    """Return every lifecycle that the feeds know, without doubles."""
    found = [*_debian(feeds), *_ubuntu(feeds)]
    known = _all(feeds)
    for product in PRODUCTS:
        found += _product(product, known[product.name]["releases"])
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


def _all(feeds: Path) -> dict[str, Any]:
    path = feeds / "endoflife" / "all-products.frontmatter.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def dated(feeds: Path) -> str:
    """Return the day of the newest release that the data know: they are at least of that day."""
    releases = (release for entry in _all(feeds).values() for release in entry["releases"])
    return max(str(release.get("latestReleaseDate") or "") for release in releases)


def _product(product: Product, releases: list[dict[str, Any]]) -> Iterator[Lifecycle]:
    for release in releases:
        until, extended = release.get("eol"), release.get("eoes")
        # A date that is not known yet is `false` there: such a release is left out.
        if isinstance(until, str):
            later = extended if isinstance(extended, str) else ""
            yield lifecycle(product, release["releaseCycle"], until, later)


def names() -> list[str]:
    """Return the products that hipscan can find on a host."""
    found = {made.product for made in MADE} | set(unpackaged_table.JAVAS.values())
    return sorted(found | {software.product for software in unpackaged_table.SOFTWARE})


def text(items: list[Lifecycle], day: str) -> str:
    """Return the table of releases as YAML."""
    head = (
        "# Until when releases of distributions are supported. Made by tests/lifecycles/make.py\n"
        "# from distro-info-data (Debian, Ubuntu; ISC) and endoflife.date (MIT); not written by\n"
        "# hand. release: VERSION_ID of os-release; .* stands for every minor version.\n"
        f'dated: "{day}"\nreleases:\n'
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


def products(feeds: Path) -> str:
    """Return the table of products as YAML."""
    head = (
        "# Until when software is supported by its makers. Made by tests/lifecycles/make.py from\n"
        "# endoflife.date (MIT); not written by hand. A line is: cycle, end of support, end of\n"
        "# support that is paid for, newest version; - is none or not known.\n"
        f'dated: "{dated(feeds)}"\nproducts:\n'
    )
    known = _all(feeds)
    return head + "".join(
        f"  {name}:\n" + "".join(_line(release) for release in known[name]["releases"])
        for name in names()
        if name in known
    )


def _line(release: dict[str, Any]) -> str:
    ends = (_end(release.get(name)) for name in ("eol", "eoes"))
    latest = release.get("latest") or "-"
    return f'  - "{" ".join((str(release["releaseCycle"]), *ends, str(latest)))}"\n'


def _end(said: object) -> str:
    if isinstance(said, str):
        return said
    return "past" if said is True else "-"


def early_ends(feeds: Path) -> str:
    """Return the lists of Debian packages whose support ends early as YAML.

    From debian-security-support's lists in debian-security-support/, of which only sources and days
    are taken. They bear no date: they are at least of the newest day that has come in them.
    """
    lists = {
        path.suffix.removeprefix(".deb"): [
            line.split()[:3:2] for line in path.read_text("utf-8").splitlines() if _is_entry(line)
        ]
        for path in (feeds / "debian-security-support").glob("security-support-ended.deb*")
    }
    newest = max(day for entries in lists.values() for _, day in entries if day <= dated(feeds))
    head = (
        "# Debian packages whose security support ends before that of their release. Made by\n"
        "# tests/lifecycles/make.py from the lists of debian-security-support; not written by\n"
        "# hand. A line is: source package (.* stands for more), day.\n"
        f'dated: "{newest}"\nreleases:\n'
    )
    return head + "".join(
        f'  "{release}":{"" if lists[release] else " []"}\n'
        + "".join(f'  - "{source} {day}"\n' for source, day in lists[release])
        for release in sorted(lists, key=int)
    )


def _is_entry(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    tables = {
        "releases": lambda: text(lifecycles(folder), dated(folder)),
        "products": lambda: products(folder),
        "early_ends": lambda: early_ends(folder),
    }
    sys.stdout.write(tables[sys.argv[2]]())
