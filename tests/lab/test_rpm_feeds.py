"""A real rpm database against the real feed of AlmaLinux: exactly what a second reading finds.

The host has every package that the feed knows, about 2,800, of each module one stream, and two
kernels. What is installed comes from the feed itself: see tests/feeds/almalinux.py.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache

import pytest

from tests.feeds import almalinux, making
from tests.feeds.almalinux import CHOSEN, Fix, Fixes, newest, one_behind
from tests.lab import rpm_database
from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab
Start = Callable[[str], Host]
Pairs = set[tuple[str, str]]

RELEASES = {"AlmaLinux:8": "8.10", "AlmaLinux:9": "9.6"}
BEHIND = {"AlmaLinux:8": "postgresql:13", "AlmaLinux:9": "nodejs:22"}


@cache
def _known(ecosystem: str) -> Fixes:
    return almalinux.fixes(making.shared("AlmaLinux.all.zip"), ecosystem)


def _found(host: Host, client: Client) -> dict[str, Pairs]:
    """Return (source, CVE) by state, as `hipscan vulns` tells of the host."""
    done = client.run(host, "vulns", "-f", "json")
    found: dict[str, Pairs] = {}
    for entry in json.loads(done.stdout):
        pairs = {(entry["source"], cve) for cve in entry["cves"] or [entry["advisory"]]}
        found.setdefault(entry["state"], set()).update(pairs)
    assert done.returncode == (1 if "fixable" in found else 3), done.stderr  # the feed is old
    return found


@pytest.mark.parametrize("ecosystem", sorted(CHOSEN))
def test_a_host_has_what_its_streams_lack_and_no_more(
    start: Start, client: Client, ecosystem: str
) -> None:
    known, stream = _known(ecosystem), BEHIND[ecosystem]
    host = start("rpm")
    rpm_database.rename(host, RELEASES[ecosystem])
    assert client.command("feeds", "import", str(making.shared("AlmaLinux.all.zip"))).stdout

    def on_the_host(
        choose: Callable[[str, Sequence[Fix]], str], kernel: str
    ) -> tuple[dict[str, Pairs], Pairs]:
        packages = almalinux.host(known, CHOSEN[ecosystem], choose)
        rpm_database.fill(host, packages)
        rpm_database.boot(host, f"{kernel}.x86_64")
        assert len(packages) > 2500
        return _found(host, client), almalinux.lacking(known, packages, kernel)

    kernels = known["kernel-core", ""]
    found, lacking = on_the_host(lambda _, said: newest(said), newest(kernels))
    assert (found, lacking) == ({}, set())

    found, lacking = on_the_host(
        lambda module, said: one_behind(said) if module == stream else newest(said),
        newest(kernels),
    )
    assert len(lacking) > 3
    assert found == {"fixable": lacking}

    found, lacking = on_the_host(lambda _, said: one_behind(said), one_behind(kernels))
    assert len(lacking) > 1000
    assert {source for source, _ in lacking} > {"kernel"}
    assert found == {"fixable": lacking}
