"""Smaller real feeds: Ubuntu's three records, Debian's list of packages with less support."""

from pathlib import Path

import pytest

from tests.feeds import making


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
