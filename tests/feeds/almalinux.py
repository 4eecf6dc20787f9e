"""AlmaLinux's own records, read once more as plainly as can be, and hosts chosen from them.

It shares nothing with hipscan.feeds: versions are compared by univers, streams are read from the
summaries by a pattern of its own.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from pathlib import Path
from typing import Any, Final

from tests.feeds import naive

_MODULE: Final = ".module"
_NAMED: Final = re.compile(r"([\w.+-]+:[\w.+-]*\w)(?=[\s,/]|$)")
_SOURCE: Final = re.compile(r"\w+: ([\w.+-]+)(?::\S+)? security")
_ORDER: Final = cmp_to_key(naive.rpm)

# Of these the summary names no stream; the versions of their builds tell it.
_STREAMS: Final = {
    "ALSA-2023:5989": "varnish:6",
    "ALSA-2024:1690": "varnish:6",
    "ALSA-2024:4235": "389-ds:1.4",
    "ALSA-2024:4237": "go-toolset:rhel8",
    "ALSA-2024:4246": "container-tools:rhel8",
    "ALSA-2024:4367": "pki-core:10.6",
    "ALSA-2024:4499": "ruby:2.5",
}

# What the kernel that runs is made of; its headers, tools and other flavours do not run.
KERNELS: Final = ("kernel", "kernel-rt")
BOOTED: Final = ("kernel", "kernel-core", "kernel-modules", "kernel-modules-core")


# Of each module that a host can have one stream of, the one that the hosts here have.
CHOSEN: Final = {
    "AlmaLinux:8": (
        "nodejs:20",
        "postgresql:13",
        "php:7.4",
        "perl:5.32",
        "container-tools:rhel8",
        "ruby:2.5",
        "mariadb:10.5",
        "mysql:8.0",
        "nginx:1.22",
        "httpd:2.4",
        "python39:3.9",
        "python38:3.8",
        "python27:2.7",
        "virt:rhel",
        "idm:DL1",
        "redis:6",
        "squid:4",
        "varnish:6",
        "389-ds:1.4",
        "go-toolset:rhel8",
        "maven:3.8",
        "javapackages-tools:201801",
        "freeradius:3.0",
        "subversion:1.10",
        "mod_auth_openidc:2.3",
    ),
    "AlmaLinux:9": (
        "nodejs:22",
        "postgresql:16",
        "php:8.2",
        "ruby:3.3",
        "nginx:1.24",
        "mariadb:10.11",
        "mysql:8.4",
        "maven:3.9",
        "redis:7",
    ),
}


@dataclass(frozen=True)
class Fix:
    """The version of a package, in a stream or in none, from which on an advisory is answered.

    A few advisories on security name no CVE: they stand for themselves.
    """

    version: str
    advisory: str
    cves: frozenset[str]
    source: str


@dataclass(frozen=True)
class Installed:
    """A package on a host; `stream` is module:stream, "" for an ordinary package."""

    package: str
    version: str
    stream: str
    source: str


Fixes = Mapping[tuple[str, str], list[Fix]]


def fixes(path: Path, ecosystem: str) -> Fixes:
    """Return the fixes of each (package, stream), those of the oldest version first."""
    found: defaultdict[tuple[str, str], list[Fix]] = defaultdict(list)
    for record in naive.records(path):
        cves = frozenset(name for name in record["related"] if name.startswith("CVE-"))
        if record["id"].startswith("ALSA-"):
            cves = cves or frozenset([record["id"]])
        for package, versions in _versions(record, ecosystem).items() if cves else ():
            is_modular = any(_MODULE in version for version in versions)
            last = max(_first_builds(versions), key=_ORDER)
            source = package if is_modular else _source(record["summary"], package)
            for stream in _streams(record) if is_modular else ("",):
                found[package, stream].append(Fix(last, record["id"], cves, source))
    for said in found.values():
        said.sort(key=lambda fix: _ORDER(fix.version))
    return dict(found)


def _versions(record: Mapping[str, Any], ecosystem: str) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for affected in record["affected"]:
        if affected["package"]["ecosystem"] == ecosystem:
            events = [event for item in affected["ranges"] for event in item["events"]]
            found[affected["package"]["name"]] += [e["fixed"] for e in events if "fixed" in e]
    return dict(found)


def _first_builds(versions: Sequence[str]) -> Iterable[str]:
    """Return each version once: what is built again for a later minor release is the same fix."""
    first: dict[str, str] = {}
    for version in sorted(versions, key=_ORDER):
        first.setdefault(version.partition(_MODULE)[0], version)
    return first.values()


def _streams(record: Mapping[str, Any]) -> Sequence[str]:
    by_hand = _STREAMS.get(record["id"])
    return [by_hand] if by_hand else _NAMED.findall(record["summary"].partition(": ")[2])


def _source(summary: str, package: str) -> str:
    match = _SOURCE.match(summary)
    return match[1] if match else package


def newest(said: Sequence[Fix]) -> str:
    """Return the version with all fixes."""
    return said[-1].version


def one_behind(said: Sequence[Fix]) -> str:
    """Return the version before the last fix: that of the fix before it, else a first build."""
    last = said[-1].version
    earlier = [fix.version for fix in said if naive.rpm(fix.version, last) < 0]
    return earlier[-1] if earlier else re.sub(r"-[^.]*", "-0", last, count=1)


def host(
    known: Fixes, streams: Sequence[str], choose: Callable[[str, Sequence[Fix]], str]
) -> list[Installed]:
    """Return a host with every package of the feed, each in one stream: `streams` come first.

    `choose` takes a stream and its fixes and returns the version. Of the kernel two versions are
    installed, that with all fixes and the one before.
    """
    order = [*streams, ""]
    taken: dict[str, str] = {}
    for package, stream in known:
        if stream in order and order.index(stream) <= order.index(taken.get(package, "")):
            taken[package] = stream
    return [
        Installed(package, version, stream, said[-1].source)
        for package, stream in taken.items()
        for said in [known[package, stream]]
        for version in (
            (newest(said), one_behind(said)) if package in BOOTED else (choose(stream, said),)
        )
    ]


def lacking(known: Fixes, installed: Iterable[Installed], running: str) -> set[tuple[str, str]]:
    """Return the (source, CVE) of which a host has the hole; `running` is its kernel's version."""
    return {
        (item.source, cve)
        for item in installed
        if item.source not in KERNELS or (item.package in BOOTED and item.version == running)
        for fix in known[item.package, item.stream]
        if naive.rpm(item.version, fix.version) < 0
        for cve in fix.cves
    }
