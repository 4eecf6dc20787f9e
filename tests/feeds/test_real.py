"""Matching over the real feeds, against a second implementation and the feeds themselves."""

import random
import re
from collections import defaultdict
from functools import cmp_to_key
from pathlib import Path
from typing import Final

import pytest

from hipscan.feeds.index import opened
from hipscan.feeds.match import match
from hipscan.feeds.stock import Item, Stock
from hipscan.model.advisory import Advisory, State
from hipscan.versions import Scheme
from tests.feeds import making, naive

_PAIRS: Final = 4000
_MOST_RECORDS: Final = 150  # the second implementation is slow where a package has thousands
_MODULE: Final = ".module"


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


def _streams(summary: str) -> set[str]:
    return set(re.findall(r"([\w.+-]+:[\w.+-]*\w)(?=[\s,]|$)", summary.partition(": ")[2]))


def _builds() -> dict[tuple[str, str], dict[str, list[str]]]:
    """Return (package, stream) of AlmaLinux 8: the advisories, each with its fixed builds."""
    found: defaultdict[tuple[str, str], dict[str, list[str]]] = defaultdict(dict)
    entries = naive.entries(making.shared("AlmaLinux.all.zip"), "AlmaLinux:8")
    for package, said in entries.items():
        for entry in said:
            modular = [fix for fix in entry.fixes if _MODULE in fix]
            for stream in _streams(entry.summary) if modular and entry.cves else ():
                found[package, stream][entry.id] = modular
            plain = [fix for fix in entry.fixes if _MODULE not in fix]
            if plain and entry.cves:
                found[package, ""][entry.id] = plain
    return dict(found)


def _item(package: str, stream: str, version: str) -> Item:
    return Item(
        package,
        version,
        f"{package} {stream}",
        module=stream,
        is_modular=bool(stream),
    )


_ORDER: Final = cmp_to_key(naive.rpm)


def test_a_host_with_the_newest_builds_of_its_streams_has_nothing(index: Path) -> None:
    items = [
        _item(package, stream, max((fix for fixes in said.values() for fix in fixes), key=_ORDER))
        for (package, stream), said in _builds().items()
    ]
    found = _advisories(index, "AlmaLinux:8", Scheme.RPM, *items)
    certain = [item for item in found if item.state is not State.UNKNOWN]
    assert len(items) > 4000
    assert certain == []


def test_a_host_one_build_behind_lacks_what_the_last_advisory_fixed(index: Path) -> None:
    """Only packages whose advisories name one build each, so that the answer is beyond doubt."""
    items, expected = [], {}
    for (package, stream), said in _builds().items():
        if any(len(fixes) > 1 for fixes in said.values()) or len(said) < 2:
            continue
        versions = sorted({fixes[0] for fixes in said.values()}, key=_ORDER)
        if len(versions) < 2:
            continue
        item = _item(package, stream, versions[-2])
        items.append(item)
        expected[item.source] = {name for name, fixes in said.items() if fixes[0] == versions[-1]}
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for advisory in _advisories(index, "AlmaLinux:8", Scheme.RPM, *items):
        if advisory.state is State.FIXABLE:
            seen[advisory.source].update(advisory.records)
    assert len(items) > 1000
    assert {name: ids for name, ids in expected.items() if seen[name] != ids} == {}


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
