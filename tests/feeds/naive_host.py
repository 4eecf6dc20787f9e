"""What Debian's records say of one host, read a second time, as straightforward as can be.

The host's own dpkg-query, the JSON of the records, and dpkg to compare two versions; nothing of
hipscan. What a record alone does not tell is a rule with a name here:

    the kernel      of what is built from a kernel's source, only the running image counts
    the CVE's word  where a CVE has a record of its own, it counts, and not what an advisory says
    all the fixes   of several records, the highest fixed version has every fix
    old records     cannot say that there is no fix
"""

import json
import re
import subprocess
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cmp_to_key
from pathlib import Path
from typing import Any, Final

# What `dpkg-query -W -f` is asked for.
FORMAT: Final = r"${db:Status-Abbrev}|${Package}|${Version}|${source:Package}|${source:Version}\n"
_CVE: Final = re.compile(r"CVE-\d+-\d+")


@dataclass(frozen=True)
class Installed:
    """An installed source package."""

    source: str
    version: str


@dataclass(frozen=True)
class Seen:
    """A vulnerability of a source package; `fixed` is "" where there is no fix."""

    source: str
    cve: str
    fixed: str
    state: str


@dataclass(frozen=True)
class _Said:
    """What one record says of one installed version that it calls vulnerable, or not."""

    record: str
    cves: tuple[str, ...]
    is_hit: bool
    fixed: str


def sources(listing: str, release: str) -> set[Installed]:
    """Return the sources of what a host lists in FORMAT; `release` is its `uname -r`."""
    found = set()
    for line in listing.splitlines():
        state, package, version, source, source_version = line.split("|")
        if state[1] in "nc":
            continue
        if source.startswith("linux-signed") or source == "linux":
            if package == f"linux-image-{release}":
                found.add(Installed("linux", version))
            continue
        found.add(Installed(source, source_version))
    return found


def vulnerabilities(
    feed: Path, ecosystem: str, stock: set[Installed], *, is_old: bool
) -> set[Seen]:
    """Return what the records of a zip say of `stock`."""
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for item in stock:
        versions[item.source].add(item.version)
    said: defaultdict[tuple[str, str], list[_Said]] = defaultdict(list)
    for record in _records(feed):
        for affected in record.get("affected", []):
            package = affected["package"]
            if package["ecosystem"] == ecosystem:
                for version in versions.get(package["name"], ()):
                    said[package["name"], version].append(_of(record, affected, version))
    return {
        seen
        for (source, _), found in said.items()
        for seen in _of_package(source, found, is_old=is_old)
    }


def fixes(feed: Path, ecosystem: str) -> dict[str, list[str]]:
    """Return the fixed versions that the records name of each source, in ascending order."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for record in _records(feed):
        for affected in record.get("affected", []):
            if affected["package"]["ecosystem"] == ecosystem:
                events = (event for item in affected["ranges"] for event in item["events"])
                found[affected["package"]["name"]].update(
                    event["fixed"] for event in events if "fixed" in event
                )
    return {name: sorted(said, key=cmp_to_key(_order)) for name, said in found.items()}


def _of_package(source: str, found: list[_Said], *, is_old: bool) -> Iterator[Seen]:
    by_cve: defaultdict[str, list[_Said]] = defaultdict(list)
    for said in found:
        for cve in said.cves:
            by_cve[cve].append(said)
    for cve, all_said in by_cve.items():
        own = [said for said in all_said if said.record == cve]
        if not any(said.is_hit for said in own or all_said):
            continue
        fixes = [said.fixed for said in all_said if said.is_hit and said.fixed]
        if fixes:
            yield Seen(source, cve, max(fixes, key=cmp_to_key(_order)), "fixable")
        else:
            yield Seen(source, cve, "", "unknown" if is_old else "unfixed")


def _of(record: dict[str, Any], affected: dict[str, Any], version: str) -> _Said:
    name = record["id"]
    about = [name] if _CVE.fullmatch(name) else [*record.get("related", []), *record["aliases"]]
    cves = tuple(sorted({cve for cve in about if _CVE.fullmatch(cve)})) or (name,)
    for item in affected["ranges"]:
        events = {kind: text for event in item["events"] for kind, text in event.items()}
        if len(events) != len(item["events"]):
            raise ValueError(f"{name} has several intervals")
        fixed = events.get("fixed", "")
        begin = events["introduced"]
        if (begin == "0" or not is_before(version, begin)) and (
            not fixed or is_before(version, fixed)
        ):
            return _Said(name, cves, is_hit=True, fixed=fixed)
    return _Said(name, cves, is_hit=False, fixed="")


@cache
def is_before(one: str, other: str) -> bool:
    """Say whether a version comes before another one, as dpkg has it."""
    done = subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False)
    return done.returncode == 0


def _order(one: str, other: str) -> int:
    return is_before(other, one) - is_before(one, other)


def _records(feed: Path) -> Iterator[dict[str, Any]]:
    with zipfile.ZipFile(feed) as archive:
        for name in archive.namelist():
            record = json.loads(archive.read(name))
            if not record.get("withdrawn"):
                yield {"aliases": [], **record}
