"""Packages of languages: each with its own order of versions, never mixed with another's."""

from pathlib import Path
from typing import Any

import pytest

from hipscan.feeds.index import opened
from hipscan.feeds.languages import stocks
from hipscan.feeds.match import match
from hipscan.feeds.stock import Stock
from hipscan.feeds.stocks import stocks as host_stocks
from hipscan.model.advisory import Matched
from hipscan.model.fact import Record, ok
from hipscan.model.snapshot import Snapshot, TargetData
from tests.feeds import making


def _record(identity: str, ecosystem: str, name: str, *events: dict[str, str]) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    package = {"ecosystem": ecosystem, "name": name}
    return {"id": identity, "affected": [{"package": package, "ranges": ranges}]}


RECORDS = [
    _record(
        "CVE-2021-44228",
        "Maven",
        "org.apache:log4j",
        {"introduced": "2.0-beta9"},
        {"fixed": "2.15.0"},
    ),
    _record("CVE-2024-1001", "PyPI", "zope-interface", {"introduced": "0"}, {"fixed": "6.0rc2"}),
    _record("CVE-2024-1002", "npm", "@babel/traverse", {"introduced": "0"}, {"fixed": "7.23.2"}),
    _record("MAL-2024-1", "npm", "evil", {"introduced": "0"}),
]


def _matched(folder: Path, *records: Record) -> Matched:
    path = making.write_zip(folder / "all.zip", RECORDS)
    making.import_into(folder / "feeds", path)
    return making.matched_languages(folder / "feeds", records)


@pytest.mark.parametrize(
    ("ecosystem", "name", "version", "expected"),
    [
        ("Maven", "org.apache:log4j", "2.14.1", ["CVE-2021-44228"]),
        ("Maven", "org.apache:log4j", "2.0-beta9", ["CVE-2021-44228"]),
        ("Maven", "org.apache:log4j", "2.0-beta8", []),
        ("Maven", "org.apache:log4j", "2.15.0.Final", []),
        ("PyPI", "Zope.Interface", "6.0rc1", ["CVE-2024-1001"]),
        ("PyPI", "zope_interface", "6.0", []),
        ("npm", "@babel/traverse", "7.9.0", ["CVE-2024-1002"]),
        ("npm", "@babel/traverse", "7.23.10", []),
        ("npm", "zope-interface", "1.0.0", []),
        ("npm", "evil", "1.0.0", ["MAL-2024-1"]),
    ],
)
def test_versions(
    tmp_path: Path, ecosystem: str, name: str, version: str, expected: list[str]
) -> None:
    record = {"ecosystem": ecosystem, "name": name, "version": version, "path": "/srv/app"}
    found = _matched(tmp_path, record)
    assert [advisory.cve for advisory in found.advisories] == expected
    assert all(advisory.places == ("/srv/app",) for advisory in found.advisories)


@pytest.mark.parametrize(
    ("vector", "said", "expected"),
    [
        ("", "MODERATE", "medium"),
        ("", "", None),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "LOW", "critical"),
        ("CVSS:3.1/broken", "HIGH", "high"),
    ],
)
def test_the_grade_of_the_reviewers_counts_where_there_is_no_score(
    tmp_path: Path, vector: str, said: str, expected: str | None
) -> None:
    record = _record("GHSA-9", "npm", "ms", {"introduced": "0"})
    record["severity"] = [{"type": "CVSS_V3", "score": vector}] if vector else []
    record["database_specific"] = {"severity": said} if said else {}
    making.import_into(tmp_path / "feeds", making.write_zip(tmp_path / "all.zip", [record]))
    with opened(tmp_path / "feeds") as index:
        assert index is not None
        package = {"ecosystem": "npm", "name": "ms", "version": "1.0.0"}
        (found,) = match(index, list(stocks([package]))).advisories
    assert found.severity == expected


def test_malware_is_critical(tmp_path: Path) -> None:
    (found,) = _matched(
        tmp_path, {"ecosystem": "npm", "name": "evil", "version": "1.0.0"}
    ).advisories
    assert (found.severity, found.cves) == ("critical", ())


def test_a_copy_inside_of_a_program_is_a_thing_of_its_own(tmp_path: Path) -> None:
    own = {"ecosystem": "npm", "name": "@babel/traverse", "version": "7.9.0", "path": "/srv/a"}
    copy: Record = {**own, "path": "/srv/b", "vendored": True, "inside": "viewer"}
    brought: Record = {**own, "path": "/opt/c", "owner": "nodejs"}
    found = _matched(tmp_path, own, copy, brought, {**own, "path": "/srv/d"}).advisories
    assert [(item.inside, item.needs, item.places) for item in found] == [
        ("", "", ("/srv/a", "/srv/d")),
        ("nodejs", "an update of nodejs", ("/opt/c",)),
        ("viewer", "an update of viewer", ("/srv/b",)),
    ]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"ecosystem": "Maven", "name": "log4j", "version": "2.14.1"}, "group"),
        ({"ecosystem": "npm", "name": "evil", "version": ""}, "version"),
    ],
)
def test_what_is_not_told_is_not_guessed(tmp_path: Path, record: Record, why: str) -> None:
    found = _matched(tmp_path, {**record, "path": "/srv/x"})
    assert found.advisories == ()
    ((name, reason),) = found.unjudged.items()
    assert name == f"{record['name']} (/srv/x)"
    assert why in reason


def test_a_language_without_a_feed_is_a_gap_and_takes_nothing_away(tmp_path: Path) -> None:
    path = making.write_zip(tmp_path / "all.zip", [RECORDS[1]])
    making.import_into(tmp_path / "feeds", path)
    records = [
        {"ecosystem": "npm", "name": "evil", "version": "1.0.0"},
        {"ecosystem": "PyPI", "name": "zope.interface", "version": "5.0"},
    ]
    with opened(tmp_path / "feeds") as index:
        assert index is not None
        found = match(index, list(stocks(records)))
        nothing = match(index, list(stocks(records[:1])))
    assert [item.cve for item in found.advisories] == ["CVE-2024-1001"]
    assert found.gaps == ("the index has nothing on npm; hipscan feeds update npm",)
    assert (found.reason, nothing.reason) == ("", found.gaps[0])


DEBIAN = {"id": "debian", "version": "12", "name": "Debian 12"}
TRAVERSE = {"ecosystem": "npm", "name": "@babel/traverse", "version": "7.9.0", "path": "/opt/x"}


@pytest.mark.parametrize(
    ("owner", "version", "labels"),
    [
        ("", "", ["Debian:12", "npm"]),
        ("node-babel7", "7.20.15-1", ["Debian:12"]),
        ("nodejs", "18.20.4-1nodesource1", ["Debian:12", "npm"]),
        ("gone", "", ["Debian:12"]),
    ],
)
def test_only_what_the_distribution_brought_is_left_out(
    owner: str, version: str, labels: list[str]
) -> None:
    packages = [making.package({"name": owner, "version": version})] if version else []
    assert [stock.label for stock in _of_host(DEBIAN, packages, owner)] == labels


def test_a_system_that_no_feed_knows_is_missed_beside_its_languages() -> None:
    arch = {"id": "arch", "version": "1", "name": "Arch Linux"}
    assert [stock.label for stock in _of_host(arch, [], "")] == ["Arch Linux", "npm"]
    assert _of_host(arch, [], "npm") == ()


def _of_host(platform: Record, packages: list[Record], owner: str) -> tuple[Stock, ...]:
    facts = {
        "platform": ok(platform),
        "package": ok(*packages),
        "language_package": ok({**TRAVERSE, "owner": owner}),
    }
    return host_stocks(Snapshot(TargetData("web1"), "", "", "", facts))


def test_a_version_that_does_not_compare_is_named(tmp_path: Path) -> None:
    found = _matched(tmp_path, {"ecosystem": "npm", "name": "evil", "version": "latest"})
    assert found.advisories == ()
    assert list(found.unjudged) == ["evil"]
