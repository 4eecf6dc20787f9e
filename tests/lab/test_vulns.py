"""Pending updates and vulnerabilities of real old hosts.

Updates are held against what apt itself would install, vulnerabilities against a second reading of
the same records.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.feeds import making, naive_host
from tests.feeds.naive_host import Installed, Seen
from tests.lab.hosts import Host, Lab
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab
OLD: Final = ("debian12-old", "debian13-old")
WARD: Final = Path(__file__).with_name("ward.sh")
_INSTALLS = re.compile(r"Inst (\S+) \[(\S+)\] \((\S+) ([^)]*)\)")
_DRY = "apt-get -s -q -o Debug::NoLocking=true dist-upgrade"


@dataclass(frozen=True)
class Update:
    """An update that apt knows of."""

    package: str
    installed: str
    candidate: str


@pytest.fixture(scope="module", params=OLD)
def old(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Host]:
    """Start an old host that nobody changes."""
    host = lab.start(request.param)
    yield host
    host.stop()


def _security(host: Host) -> set[Update]:
    """Return what a simulated upgrade installs from the security archive."""
    found = (match for row in host.run(_DRY).stdout.splitlines() if (match := _INSTALLS.match(row)))
    return {Update(*match.groups()[:3]) for match in found if "Debian-Security" in match[4]}


def _pending(records: list[dict[str, Any]]) -> set[Update]:
    return {
        Update(item["package"], item["installed"], item["candidate"])
        for item in records
        if item["security"]
    }


def _waiting(host: Host) -> set[Update]:
    """Return the security updates that wait; skip the day after a point release took them in."""
    found = _security(host)
    if len(found) < 4:
        pytest.skip(f"too few security updates wait on {host.image.name}: {found}")
    return found


def test_pending_security_updates_are_those_of_apt(old: Host, client: Client) -> None:
    expected = _waiting(old)
    assert _pending(client.collect(old)["facts"]["pending_update"]["records"]) == expected


def _release(host: Host) -> str:
    return f"Debian:{host.image.os_release['VERSION_ID']}"


def _import_fixes(client: Client, ecosystem: str, fixes: Mapping[str, str]) -> None:
    """Import a feed in which each source has one vulnerability, fixed in the version given."""
    records = [
        {
            "id": f"DEBIAN-CVE-2026-{10_000 + number}",
            "upstream": [f"CVE-2026-{10_000 + number}"],
            "affected": [
                {
                    "package": {"ecosystem": ecosystem, "name": source},
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


def _of_security(host: Host, packages: list[str]) -> set[Update]:
    """Return the updates of `packages` that the security archive has."""
    return {
        Update(package, installed, version)
        for package in packages
        for shown in [host.run(f"apt-cache policy {package}").stdout]
        for installed in re.findall(r"Installed: (\S+)", shown)
        for version in re.findall(r"^     (\S+) .*\n +\d+ \S+-security ", shown, re.MULTILINE)
    }


@pytest.mark.parametrize("image", OLD)
def test_what_apt_keeps_back_waits_too_and_what_others_offer_is_no_security_update(
    start: Callable[[str], Host], client: Client, image: str
) -> None:
    host = start(image)
    before = _waiting(host)
    first, *others = sorted(update.package for update in before)
    held = others[::3]
    host.run(f"sh -s {first}", text=WARD.read_text())
    host.run(f"apt-mark hold {' '.join(held)}")
    kept = re.search(r"kept back:\n((?: .*\n)+)", host.run(_DRY).stdout)
    assert kept
    facts = client.collect(host)["facts"]
    records = facts["pending_update"]["records"]
    seen = {item["package"]: item for item in records}
    waiting = _of_security(host, [*kept[1].split(), first])
    assert _security(host) | waiting == _pending(records) == before
    assert {update.package for update in waiting} >= {first, *held}
    assert {name for name in seen if seen[name]["kept_back"] == "hold"} == set(held)
    assert not seen["ward-tool"]["security"]
    assert [item["package"] for item in facts["unserved_package"]["records"]] == ["ward-stray"]
    _import_fixes(client, _release(host), {"ward-tool": "9", "ward-stray": "9", "apt": "9"})
    entries = json.loads(client.run(host, "vulns", "-f", "json").stdout)
    assert [entry["source"] for entry in entries] == ["apt", "ward-stray"]


def _sources(host: Host, updates: set[Update]) -> Iterator[tuple[str, str]]:
    """Yield the source package of each update and the version of the source that it comes from."""
    for update in updates:
        shown = host.run(f"apt-cache show {update.package}={update.candidate}").stdout
        said = re.search(r"^Source: (\S+)(?: \((\S+)\))?$", shown, re.MULTILINE)
        source, version = said.groups() if said else (update.package, None)
        yield str(source), version or update.candidate


def test_what_apt_would_mend_is_what_a_feed_of_it_finds(old: Host, client: Client) -> None:
    """The feed says of every source package that its update is the fix: neither more nor less."""
    updates = _waiting(old)
    fixes = dict(_sources(old, updates))
    _import_fixes(client, _release(old), fixes)
    done = client.run(old, "vulns", "-f", "json")
    entries = json.loads(done.stdout)
    assert done.returncode == 1
    assert {entry["source"]: entry["fixed"] for entry in entries} == fixes
    assert {entry["state"] for entry in entries} == {"fixable"}
    packages = {name for entry in entries for name in entry["packages"]}
    assert {update.package for update in updates} <= packages


def _stock(host: Host) -> set[Installed]:
    listing = host.run(f"dpkg-query -W -f='{naive_host.FORMAT}'").stdout
    return naive_host.sources(listing, host.run("uname -r").stdout.strip())


def _found(client: Client, host: Host) -> set[Seen]:
    done = client.run(host, "vulns", "-f", "json")
    assert done.returncode in {1, 3}, done.stderr
    return {
        Seen(entry["source"], cve, entry["fixed"], entry["state"])
        for entry in json.loads(done.stdout)
        for cve in entry["cves"] or [entry["advisory"]]
    }


def _import(client: Client, *others: str) -> Path:
    feed = making.shared("Debian.all.zip")
    files = [feed, *map(making.shared, others)]
    assert client.command("feeds", "import", *map(str, files)).returncode == 0
    return feed


@pytest.mark.parametrize("days", [14, 100_000])
def test_the_real_feed_finds_what_a_second_reading_of_it_finds(
    old: Host, client: Client, days: int
) -> None:
    """However old a feed may be: the host's repositories are newer, and may have fixes."""
    (client.state / "hipscan.yaml").write_text(f"set: {{feed_days: {days}}}\n")
    feed = _import(client)
    expected = naive_host.vulnerabilities(feed, _release(old), _stock(old), is_old=True)
    assert len(expected) > 10
    assert _found(client, old) == expected


def _one_step_behind(feed: Path, ecosystem: str, status: str) -> str:
    """Return dpkg's status with each source just before one of its fixes, and rebuilt once.

    Every other fix that the feed names is taken, so that packages lack some fixes and have others.
    """
    fixes = naive_host.fixes(feed, ecosystem)
    stanzas = []
    for stanza in status.rstrip("\n").split("\n\n"):
        said = dict(re.findall(r"^(Package|Source): (\S+)", stanza, re.MULTILINE))
        source = said["Source"] if "Source" in said else said["Package"]
        if known := fixes.get(source):
            version = f"{known[len(known) // 2]}~"
            plain = re.sub(r"^Source: .*\n", "", stanza, flags=re.MULTILINE)
            own = f"Version: {version}+b1\nSource: {source} ({version})"
            stanzas.append(re.sub(r"^Version: .*$", own, plain, flags=re.MULTILINE))
        else:
            stanzas.append(stanza)
    return "\n\n".join(stanzas) + "\n"


@pytest.mark.rotating
@pytest.mark.parametrize("image", OLD)
def test_a_host_that_lacks_real_fixes_has_what_the_second_reading_finds(
    start: Callable[[str], Host], client: Client, image: str
) -> None:
    """The versions are those of the feed, put into dpkg's database: simulated, not installed."""
    host, feed = start(image), _import(client)
    status = host.run("cat /var/lib/dpkg/status").stdout
    behind = _one_step_behind(feed, _release(host), status)
    host.run("cat >/var/lib/dpkg/status", text=behind)
    expected = naive_host.vulnerabilities(feed, _release(host), _stock(host), is_old=True)
    assert sum(seen.state == "fixable" for seen in expected) > 20
    assert _found(client, host) == expected


def _in_security_archive(host: Host) -> dict[str, str]:
    """Return the sources that the security archive has, by apt's own lists, with their versions."""
    found: dict[str, str] = {}
    for stanza in host.run("cat /var/lib/apt/lists/*-security_*_Packages").stdout.split("\n\n"):
        said = dict(re.findall(r"^(Package|Version|Source): (.+)$", stanza, re.MULTILINE))
        if said:
            source, *versions = re.findall(r"[^\s()]+", said.get("Source") or said["Package"])
            version = versions[0] if versions else said["Version"]
            if source not in found or naive_host.is_before(found[source], version):
                found[source] = version
    return found


@pytest.mark.rotating
@pytest.mark.parametrize("image", ["debian12-services", "debian13-services"])
def test_an_up_to_date_host_needs_no_action(
    start: Callable[[str], Host], client: Client, image: str
) -> None:
    """Old real records have much on it that never mattered or was mended since."""
    host = start(image)
    _import(client, "known_exploited_vulnerabilities.json")
    entries = json.loads(client.run(host, "vulns", "-f", "json").stdout)
    acute = [
        entry
        for entry in entries
        if entry["severity"] != "info" and (entry["kev"] or entry["state"] == "fixable")
    ]
    assert len(entries) > 20
    assert acute == []
    fixes = _in_security_archive(host)
    assert len(fixes) > 100
    _import_fixes(client, _release(host), fixes)
    done = client.run(host, "vulns")
    assert (done.returncode, "0 packages, 0 vulnerabilities" in done.stdout) == (0, True)


_KERNELS: Final = r"""
deb() { # NAME VERSION SOURCE
  mkdir -p /tmp/kernel/DEBIAN
  printf '%s\n' "Package: $1" "Version: $2" "Source: $3" 'Architecture: amd64' \
    'Maintainer: Lab <it@lab.example>' 'Description: a kernel' >/tmp/kernel/DEBIAN/control
  dpkg-deb --root-owner-group --build /tmp/kernel /tmp/kernel.deb
  dpkg --install /tmp/kernel.deb
}
deb "linux-image-$(uname -r)" 6.1.100-1 'linux-signed-amd64 (6.1.100+1)'
deb linux-image-6.1.0-9-amd64 6.1.27-1 'linux-signed-amd64 (6.1.27+1)'
deb linux-libc-dev 6.1.27-1 linux
deb linux-perf 6.1.27-1 linux
"""


@pytest.mark.rotating
def test_of_several_kernels_the_one_that_runs_counts(
    start: Callable[[str], Host], client: Client
) -> None:
    """The packages are empty: what a kernel of its own can show without being Debian's."""
    host = start("uml")
    host.run(_KERNELS)
    _import_fixes(client, "Debian:12", {"linux": "6.1.119-1"})
    (entry,) = json.loads(client.run(host, "vulns", "-f", "json").stdout)
    expected = (f"linux-image-{host.run('uname -r').stdout.strip()}", "6.1.100-1", "6.1.119-1")
    assert (*entry["packages"], entry["installed"], entry["fixed"]) == expected
    _import_fixes(client, "Debian:12", {"linux": "6.1.100-1"})
    assert client.run(host, "vulns", "-f", "json").stdout == "[]\n"
