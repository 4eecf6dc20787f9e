"""`-o cyclonedx=FILE`: the packages of what was read, in a document that the schema allows."""

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from hipscan.cli import outputs
from hipscan.fleet.run_folder import RunFolder
from hipscan.model import codec, snapshot
from hipscan.model.fact import Fact, FactStatus, ok
from hipscan.model.snapshot import Snapshot, TargetData
from tests.cli.conftest import Hipscan
from tests.cli.running import PACK

DEBIAN = {"id": "debian", "version": "12", "name": "Debian GNU/Linux 12 (bookworm)"}
PACKAGES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        DEBIAN,
        {"manager": "dpkg", "name": "libssl3", "version": "3.0.15-1~deb12u1", "source": "openssl"},
        "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12&upstream=openssl",
    ),
    (
        DEBIAN,
        {"manager": "dpkg", "name": "less", "version": "590-1+b1", "source_version": "590-1"},
        "pkg:deb/debian/less@590-1%2Bb1?arch=amd64&distro=debian-12&upstream=less%40590-1",
    ),
    (
        {"id": "almalinux", "version": "9.4"},
        {
            "manager": "rpm",
            "name": "openssl-libs",
            "version": "1:3.0.7",
            "source": "openssl",
        },
        "pkg:rpm/almalinux/openssl-libs@3.0.7?arch=amd64&distro=almalinux-9.4&epoch=1&upstream=openssl",
    ),
    (
        {"id": "rhel", "version": "9.4"},
        {"manager": "rpm", "name": "bash", "version": "5.1.8-9.el9"},
        "pkg:rpm/redhat/bash@5.1.8-9.el9?arch=amd64&distro=rhel-9.4",
    ),
    (
        {"id": "alpine", "version": "3.20.3"},
        {"manager": "apk", "name": "busybox", "version": "1.36.1-r29"},
        "pkg:apk/alpine/busybox@1.36.1-r29?arch=amd64&distro=alpine-3.20.3",
    ),
]


def _package(fields: dict[str, Any]) -> dict[str, Any]:
    own = {"arch": "amd64", "source": fields["name"], "source_version": fields["version"]}
    return {**own, "installed": True, **fields}


def _write(
    folder: Path,
    name: str,
    platform: dict[str, Any],
    fact: Fact,
    languages: Fact | None = None,
) -> Path:
    facts = {"platform": ok(platform), "package": fact, "language_package": languages or ok()}
    value = Snapshot(TargetData(name), "2026-11-21T12:00:00+00:00", "0.1.0", "", facts)
    path = folder / f"{len(list(folder.glob('*.json')))}.json"
    path.write_bytes(codec.dumps(snapshot.SCHEMA, value))
    return path


def _document(hipscan: Hipscan, *paths: Path) -> dict[str, Any]:
    hipscan("evaluate", *paths, "-p", PACK, "-o", "cyclonedx=sbom.json")
    text = Path("sbom.json").read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found: dict[str, Any] = json.loads(text)
    return found


def _properties(of: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in of.get("properties", ())}


@pytest.mark.parametrize(("platform", "package", "purl"), PACKAGES)
def test_a_package_url_as_others_write_it(
    platform: dict[str, Any], package: dict[str, Any], purl: str, hipscan: Hipscan, tmp_path: Path
) -> None:
    path = _write(tmp_path, "web1", platform, ok(_package(package)))
    (host,) = _document(hipscan, path)["components"]
    found, system = host["components"]
    assert (host["name"], host["type"]) == ("web1", "device")
    assert (system["name"], system["type"]) == (platform["id"], "operating-system")
    assert PackageURL.from_string(found["purl"]) == PackageURL.from_string(purl)
    assert (found["name"], found["version"]) == (package["name"], package["version"])


def test_every_host_has_its_own_and_what_is_missing_is_said(
    hipscan: Hipscan, tmp_path: Path
) -> None:
    less = _package({"manager": "dpkg", "name": "less", "version": "590-1"})
    gone = {**less, "name": "gone", "installed": False}
    hostile = {**less, "name": "\x1b[2J\n\ud800", "version": "1'\"<>&"}
    paths = [
        _write(tmp_path, "web1", DEBIAN, ok(less, less, gone, hostile)),
        _write(tmp_path, "web2", DEBIAN, ok(less)),
        _write(tmp_path, "db1", DEBIAN, Fact(FactStatus.PARTIAL, (), "cut")),
    ]
    hosts = {host["name"]: host for host in _document(hipscan, *paths)["components"]}
    assert [item["name"] for item in hosts["web2"]["components"]] == ["less", "debian"]
    assert len(hosts["web1"]["components"]) == 3
    assert "\\u001b" not in Path("sbom.json").read_text("utf-8")
    assert _properties(hosts["db1"])["hipscan:packages"] == "partial: cut"
    assert "hipscan:packages" not in _properties(hosts["web1"])


LANGUAGES: list[tuple[dict[str, Any], str | None]] = [
    (
        {"ecosystem": "PyPI", "name": "Zope.Interface", "version": "5.4.0", "path": "/opt/z"},
        "pkg:pypi/zope.interface@5.4.0",
    ),
    (
        {"ecosystem": "npm", "name": "@babel/traverse", "version": "7.22.0", "path": "/srv/b"},
        "pkg:npm/%40babel/traverse@7.22.0",
    ),
    (
        {"ecosystem": "Maven", "name": "org.apache:log4j", "version": "2.14.1", "path": "/srv/l"},
        "pkg:maven/org.apache/log4j@2.14.1",
    ),
    ({"ecosystem": "Maven", "name": "log4j", "version": "2.14.1", "path": "/srv/m.jar"}, None),
]


@pytest.mark.parametrize(("record", "purl"), LANGUAGES)
def test_a_package_of_a_language_has_its_url_and_its_places(
    record: dict[str, Any], purl: str | None, hipscan: Hipscan, tmp_path: Path
) -> None:
    places = [record, record, {**record, "path": "/z"}, {**record, "inside": "pip", "path": "/v"}]
    cut = Fact(FactStatus.PARTIAL, tuple(places), "cut after 40 s")
    (host,) = _document(hipscan, _write(tmp_path, "web1", DEBIAN, ok(), cut))["components"]
    own, copy = [item for item in host["components"] if item["type"] == "library"]
    assert {own.get("purl"), copy.get("purl")} == {purl}
    assert {own["version"], copy["version"]} == {record["version"]}
    values = [item["value"] for item in (*own["properties"], *copy["properties"])]
    assert sorted(values) == sorted([record["path"], "/z", "/v", "pip"])
    assert _properties(host)["hipscan:language-packages"] == "partial: cut after 40 s"


def test_hosts_that_were_not_reached_are_named(hipscan: Hipscan) -> None:
    hipscan("scan", "host.invalid", "-q", "-p", PACK, "-o", "cyclonedx=sbom.json")
    document = json.loads(Path("sbom.json").read_text("utf-8"))
    assert _properties(document) == {"hipscan:not-read": "host.invalid"}
    assert "components" not in document


def test_a_run_gives_the_same_document_again(hipscan: Hipscan, tmp_path: Path) -> None:
    less = _package({"manager": "dpkg", "name": "less", "version": "590-1"})
    first = _document(hipscan, _write(tmp_path, "web1", DEBIAN, ok(less)))
    again = json.loads(hipscan("report", "last", "-f", "cyclonedx").out)
    assert again == first
    (run,) = (tmp_path / "state" / "runs").iterdir()
    assert [item.target.name for item in RunFolder(run).report().snapshots()] == ["web1"]


def test_without_the_library_nothing_is_scanned(
    hipscan: Hipscan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "find_spec", lambda _name: None)
    done = hipscan("scan", "local", "-p", PACK, "-o", "cyclonedx=sbom.json")
    assert (done.status, done.out) == (2, "")
    assert "pip install 'hipscan[sbom]'" in done.err
