"""Packages of languages: each with its own order of versions, never mixed with another's."""

from pathlib import Path
from typing import Any

import pytest

from hipscan.feeds.index import opened
from hipscan.feeds.languages import stocks
from hipscan.feeds.match import match
from hipscan.model.advisory import Matched
from hipscan.model.fact import Record
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
    with opened(folder / "feeds") as index:
        assert index is not None
        return match(index, list(stocks(records)))


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


def test_malware_is_critical(tmp_path: Path) -> None:
    (found,) = _matched(
        tmp_path, {"ecosystem": "npm", "name": "evil", "version": "1.0.0"}
    ).advisories
    assert (found.severity, found.cves) == ("critical", ())


def test_a_version_that_does_not_compare_is_named(tmp_path: Path) -> None:
    found = _matched(tmp_path, {"ecosystem": "npm", "name": "evil", "version": "latest"})
    assert found.advisories == ()
    assert list(found.unjudged) == ["evil"]
