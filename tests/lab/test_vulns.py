"""Pending updates and vulnerabilities of a real old host, against what apt itself would install."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.feeds import making
from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab
_INSTALLS = re.compile(r"Inst (\S+) \[(\S+)\] \((\S+) ([^)]*)\)")
_DRY = "apt-get -s -q -o Debug::NoLocking=true dist-upgrade"


@dataclass(frozen=True)
class Update:
    """An update that apt would install from the security archive."""

    package: str
    installed: str
    candidate: str


def _security(host: Host) -> set[Update]:
    """Return what a simulated upgrade installs from the security archive."""
    found = (match for row in host.run(_DRY).stdout.splitlines() if (match := _INSTALLS.match(row)))
    return {Update(*match.groups()[:3]) for match in found if "Debian-Security" in match[4]}


def _sources(host: Host, updates: set[Update]) -> Iterator[tuple[str, str]]:
    """Yield the source package of each update and the version of the source that it comes from."""
    for update in updates:
        shown = host.run(f"apt-cache show {update.package}={update.candidate}").stdout
        said = re.search(r"^Source: (\S+)(?: \((\S+)\))?$", shown, re.MULTILINE)
        source, version = said.groups() if said else (update.package, None)
        yield str(source), version or update.candidate


def test_pending_security_updates_are_those_of_apt(
    start: Callable[[str], Host], client: Client
) -> None:
    host = start("debian12-old")
    records = client.collect(host)["facts"]["pending_update"]["records"]
    seen = {
        Update(item["package"], item["installed"], item["candidate"])
        for item in records
        if item["security"]
    }
    expected = _security(host)
    assert len(expected) > 3
    assert seen == expected


def test_what_apt_would_mend_is_what_a_feed_of_it_finds(
    start: Callable[[str], Host], client: Client
) -> None:
    """The feed says of every source package that its update is the fix: neither more nor less."""
    host = start("debian12-old")
    updates = _security(host)
    fixes = dict(_sources(host, updates))
    records = [
        {
            "id": f"DEBIAN-CVE-2026-{10_000 + number}",
            "upstream": [f"CVE-2026-{10_000 + number}"],
            "affected": [
                {
                    "package": {"ecosystem": "Debian:12", "name": source},
                    "ranges": [
                        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}
                    ],
                }
            ],
        }
        for number, (source, fixed) in enumerate(sorted(fixes.items()))
    ]
    path = making.write_zip(client.state / "x.zip", records)
    assert client.command("feeds", "import", str(path)).returncode == 0
    done = client.run(host, "vulns", "-f", "json")
    entries = json.loads(done.stdout)
    assert done.returncode == 1
    assert {entry["source"]: entry["fixed"] for entry in entries} == fixes
    assert {entry["state"] for entry in entries} == {"fixable"}
    packages = {name for entry in entries for name in entry["packages"]}
    assert {update.package for update in updates} <= packages
