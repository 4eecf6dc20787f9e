"""Matching over the real feeds, against a second implementation and the feeds themselves."""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from hipscan.feeds.index import opened
from hipscan.feeds.match import match
from hipscan.feeds.stock import Item, Stock
from hipscan.model.advisory import Advisory, State
from hipscan.versions import Scheme
from tests.feeds import almalinux, making, naive
from tests.feeds.almalinux import Fix, Fixes, Installed

_PAIRS: Final = 4000
_MOST_RECORDS: Final = 150  # the second implementation is slow where a package has thousands
# Releases, and how many (package, stream) there are at least.
ALMALINUX: Final = (("AlmaLinux:8", 4500), ("AlmaLinux:9", 3000), ("AlmaLinux:10", 1500))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Import the real feeds of Debian and AlmaLinux."""
    folder = tmp_path_factory.mktemp("index") / "feeds"
    making.import_into(folder, making.shared("Debian.all.zip"), making.shared("AlmaLinux.all.zip"))
    return folder


def _advisories(folder: Path, ecosystem: str, scheme: Scheme, *items: Item) -> list[Advisory]:
    with opened(folder) as found:
        assert found is not None
        stock = Stock(ecosystem, "", re.escape(ecosystem), scheme, items)
        return list(match(found, [stock]).advisories)


def test_agrees_with_the_second_implementation(index: Path) -> None:
    entries = naive.entries(making.shared("Debian.all.zip"), "Debian:12")
    chance = random.Random(7)  # noqa: S311  # the same pairs every time, nothing secret
    pairs = sorted(
        {
            (package, version)
            for package, found in entries.items()
            if len(found) <= _MOST_RECORDS
            for fix in {fix for entry in found for fix in entry.fixes}
            for version in (fix, f"{fix}~", f"{fix}+b1")
        }
    )
    chosen = chance.sample(pairs, min(_PAIRS, len(pairs)))
    items = [Item(package, version, f"{package} {version}") for package, version in chosen]
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for advisory in _advisories(index, "Debian:12", Scheme.DPKG, *items):
        seen[advisory.source].update(advisory.cves)  # advisories on regressions have none
    wrong = {
        item.source: (expected, seen[item.source])
        for item in items
        if (expected := naive.debian_cves(entries[item.name], item.version)) != seen[item.source]
    }
    assert len(items) > 2000
    assert wrong == {}


def test_advisories_and_records_of_cves_agree_on_the_fix() -> None:
    entries = naive.entries(making.shared("Debian.all.zip"), "Debian:12")
    agree = differ = 0
    for found in entries.values():
        own = {entry.id: entry.fixes for entry in found if entry.id.startswith("CVE-")}
        for entry in found:
            for cve in () if entry.id.startswith("CVE-") else entry.cves & own.keys():
                if own[cve]:
                    agree += own[cve] == entry.fixes
                    differ += own[cve] != entry.fixes
    assert agree + differ > 1900
    assert agree / (agree + differ) > 0.995


def test_a_host_with_the_version_of_an_advisory_has_none_of_its_cves(index: Path) -> None:
    """The records that differ say that a CVE was fixed after its advisory."""
    entries = naive.entries(making.shared("Debian.all.zip"), "Debian:12")
    promised: dict[str, frozenset[str]] = {}
    items = []
    for package, found in entries.items():
        for entry in found:
            if entry.id.startswith("D") and len(entry.fixes) == 1:
                item = Item(package, entry.fixes[0], f"{package} {entry.id}")
                items.append(item)
                promised[item.source] = entry.cves
    left = [
        (advisory.source, advisory.cve)
        for advisory in _advisories(index, "Debian:12", Scheme.DPKG, *items)
        if advisory.cve in promised[advisory.source]
    ]
    assert sum(map(len, promised.values())) > 1900
    assert len(left) <= 10, left


def _everything(
    known: Fixes, choose: Callable[[Sequence[Fix]], str], folder: Path, ecosystem: str
) -> tuple[list[Installed], Sequence[Advisory]]:
    """Match a host that has every package of a feed in every stream; sources tell them apart."""
    installed = [
        Installed(package, choose(said), stream, f"{stream}/{package}")
        for (package, stream), said in known.items()
    ]
    packages = [
        {
            "manager": "rpm",
            "name": item.package,
            "version": item.version,
            "source": item.source,
            "vendor": "AlmaLinux",
            "module": item.stream,
        }
        for item in installed
    ]
    host = {"id": "almalinux", "version": ecosystem.partition(":")[2]}
    return installed, making.matched(folder, host, packages).advisories


@pytest.mark.parametrize(("ecosystem", "least"), ALMALINUX)
def test_every_package_with_all_fixes_of_its_stream_has_nothing(
    index: Path, ecosystem: str, least: int
) -> None:
    known = almalinux.fixes(making.shared("AlmaLinux.all.zip"), ecosystem)
    installed, found = _everything(known, almalinux.newest, index, ecosystem)
    assert len(installed) > least
    assert [item for item in found if not _is_undecided(item)] == []


@pytest.mark.parametrize(("ecosystem", "least"), ALMALINUX)
def test_every_package_one_fix_behind_lacks_what_that_answered(
    index: Path, ecosystem: str, least: int
) -> None:
    known = almalinux.fixes(making.shared("AlmaLinux.all.zip"), ecosystem)
    installed, found = _everything(known, almalinux.one_behind, index, ecosystem)
    lacking = almalinux.lacking(known, installed, "")
    seen = {(item.source, item.cve) for item in found if not _is_undecided(item)}
    undecided = {(item.source, item.cve) for item in found if _is_undecided(item)}
    assert {item.state for item in found} <= {State.FIXABLE, State.UNKNOWN}
    assert len(lacking) > least
    assert seen == lacking - undecided


def _is_undecided(advisory: Advisory) -> bool:
    """Of this one erratum neither the summary nor another one with its versions has the stream."""
    return advisory.state is State.UNKNOWN and advisory.records == ("ALSA-2024:4367",)


@pytest.mark.parametrize(
    ("package", "version", "expected"),
    [
        ("rabbitmq-server", "3.8.2-0ubuntu1", ["CVE-2024-51988"]),
        ("rabbitmq-server", "3.8.3-0ubuntu0.1", []),
        ("linux-lts-xenial", "4.4.0-13.29~14.04.1", []),  # a live patch alone speaks of it
    ],
)
def test_real_records_of_ubuntu(
    tmp_path: Path, package: str, version: str, expected: list[str]
) -> None:
    making.import_into(tmp_path, making.shared("ubuntu"))
    found = making.matched(
        tmp_path, {"id": "ubuntu", "version": "20.04"}, [{"name": package, "version": version}]
    )
    assert [advisory.cve for advisory in found.advisories] == expected


def test_debian_packages_whose_support_ends_early(tmp_path: Path) -> None:
    debian = {"id": "debian", "version": "12"}
    packages = [
        {"name": "pdns-server", "source": "pdns", "version": "4.7.3-2"},
        {"name": "php-horde-core", "version": "2.31.16-3"},
        {"name": "bash", "version": "5.2"},
    ]
    affected = [{"package": {"ecosystem": "Debian:12", "name": "x"}, "versions": ["1"]}]
    record = {"id": "DEBIAN-CVE-2024-1001", "affected": affected}
    making.import_into(tmp_path, making.write_zip(tmp_path / "x.zip", [record]))
    assert making.matched(tmp_path, debian, packages).ended is None
    making.import_into(tmp_path, making.shared("debian-security-support"))
    ended = making.matched(tmp_path, debian, packages).ended
    assert ended is not None
    assert [(item.source, item.since) for item in ended] == [
        ("pdns", "2025-10-01"),
        ("php-horde-core", "2025-03-22"),
    ]
