"""Debian's real feed: against a second implementation, and its two kinds of records held together.

A DSA or DLA and the record of a CVE that it names should have the same version as the fix.
"""

import json
import random
import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import yaml

from hipscan.feeds.index import opened
from hipscan.feeds.match import match
from hipscan.feeds.stock import Item, Stock
from hipscan.model.advisory import Advisory
from hipscan.versions import Scheme
from tests.feeds import making, naive

_PAIRS: Final = 4000
_MOST_RECORDS: Final = 150  # the second implementation is slow where a package has thousands


@cache
def _entries(release: int) -> dict[str, list[naive.Entry]]:
    return naive.entries(making.shared("Debian.all.zip"), f"Debian:{release}")


def _advisories(folder: Path, ecosystem: str, *items: Item) -> list[Advisory]:
    with opened(folder) as found:
        assert found is not None
        stock = Stock(ecosystem, "", re.escape(ecosystem), Scheme.DPKG, items)
        return list(match(found, [stock]).advisories)


def test_agrees_with_the_second_implementation(real: Path) -> None:
    entries = _entries(12)
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
    for advisory in _advisories(real, "Debian:12", *items):
        seen[advisory.source].update(advisory.cves)  # advisories on regressions have none
    wrong = {
        item.source: (expected, seen[item.source])
        for item in items
        if (expected := naive.debian_cves(entries[item.name], item.version)) != seen[item.source]
    }
    assert len(items) > 2000
    assert wrong == {}


@dataclass(frozen=True)
class Pair:
    """What an advisory and the record of a CVE that it names say of the version with the fix."""

    source: str
    advisory: str
    cve: str
    said: str
    fixed: str


def _pairs(release: int) -> list[Pair]:
    entries = _entries(release)
    return [
        Pair(source, entry.id, cve, entry.fixes[0], next(iter(own[cve].fixes), ""))
        for source, found in entries.items()
        for own in [{entry.id: entry for entry in found if entry.id.startswith("CVE-")}]
        for entry in found
        if entry.id.startswith("D")
        for cve in sorted(entry.cves & own.keys())
    ]


def _differences(release: int) -> dict[Pair, dict[str, str]]:
    cases = yaml.safe_load((Path(__file__).parent / "debian_differences.yaml").read_text())
    names = [field.name for field in fields(Pair)]
    return {
        Pair(*(case.get(name, "") for name in names)): case
        for case in cases
        if case["release"] == release
    }


@pytest.mark.parametrize(("release", "least", "share"), [(11, 4600, 0.994), (12, 1900, 0.998)])
def test_advisories_and_records_of_cves_agree_on_the_fix(
    release: int, least: int, share: float
) -> None:
    """Where they do not, the reason is known: a new difference has to be looked at."""
    pairs, known = _pairs(release), _differences(release)
    differ = {pair for pair in pairs if pair.said != pair.fixed}
    assert len(pairs) > least
    assert differ == known.keys()
    assert 1 - len(differ) / len(pairs) > share


@pytest.mark.parametrize("release", [11, 12])
def test_the_advisory_that_explains_a_difference_has_the_version_of_the_record(
    release: int,
) -> None:
    entries = _entries(release)
    for pair, case in _differences(release).items():
        later = naive.dpkg(pair.said, pair.fixed or "0") < 0
        assert later == (case["why"] in {"again", "replaced", "quietly", "other"}), pair
        named = [entry for entry in entries[pair.source] if entry.id == case.get("by")]
        assert [entry.fixes for entry in named] == ([[pair.fixed]] if "by" in case else []), pair
        assert all(pair.cve in entry.cves or case["why"] == "replaced" for entry in named), pair
        has_urgency = f"Debian:{release}/{pair.source}" in _ended(pair.cve)
        assert has_urgency == (case["why"] == "ended"), pair


def _ended(cve: str) -> set[str]:
    """Return the packages (ecosystem/name) that a record calls past their end of life."""
    with zipfile.ZipFile(making.shared("Debian.all.zip")) as archive:
        record = json.loads(archive.read(f"{cve}.json"))
    return {
        f"{item['package']['ecosystem']}/{item['package']['name']}"
        for item in record["affected"]
        if item["ecosystem_specific"]["urgency"] == "end-of-life"
    }


@pytest.mark.parametrize("release", [11, 12])
def test_a_host_with_the_version_of_an_advisory_has_none_of_its_cves(
    real: Path, release: int
) -> None:
    """But those of which the record of the CVE itself says that they were fixed later or never."""
    pairs, known = _pairs(release), _differences(release)
    items = {
        f"{pair.source} {pair.advisory}": Item(
            pair.source, pair.said, f"{pair.source} {pair.advisory}"
        )
        for pair in pairs
    }
    promised = {(f"{pair.source} {pair.advisory}", pair.cve): pair for pair in pairs}
    found = _advisories(real, f"Debian:{release}", *items.values())
    left = {
        pair
        for advisory in found
        if (pair := promised.get((advisory.source, advisory.cve))) is not None
    }
    assert left == {pair for pair, case in known.items() if case["why"] != "before"}
