"""The table of lifecycles, and what it makes of a host's release."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.errors import DocumentError
from hipscan.feeds import early_ends
from hipscan.model.fact import Fact, FactStatus, Record, missing, ok
from hipscan.model.knowledge import Knowledge, Lifecycle, TargetKnowledge, at
from hipscan.model.snapshot import Snapshot, TargetData
from hipscan.probes.packages import lifecycle, waiting
from hipscan.rules import content, lifecycles
from hipscan.rules import early_ends as early
from tests.lifecycles import make

CHECKOUT = Path(__file__).parents[2]
FEEDS = Path(os.environ.get("HIPSCAN_FEEDS", CHECKOUT.parent / "shared" / "data" / "feeds"))
SHIPPED = lifecycles.load(content.root() / "lifecycles.yaml")
TABLE = SHIPPED.lifecycles
CASES = yaml.safe_load(Path(__file__).with_name("releases.yaml").read_text("utf-8"))
NOW = at("2026-11-21")


@pytest.mark.skipif(not FEEDS.is_dir(), reason=f"no feeds in {FEEDS}; HIPSCAN_FEEDS names them")
def test_the_table_is_what_the_feeds_make() -> None:
    shipped = (content.root() / "lifecycles.yaml").read_text("utf-8")
    assert shipped == make.text(make.lifecycles(FEEDS), make.dated(FEEDS))


@pytest.mark.skipif(not FEEDS.is_dir(), reason=f"no feeds in {FEEDS}; HIPSCAN_FEEDS names them")
def test_the_list_of_early_ends_is_what_the_feeds_make() -> None:
    shipped = (content.root() / "early_ends.yaml").read_text("utf-8")
    assert shipped == make.early_ends(FEEDS)


def _ended_on(version: str, *packages: tuple[str, str, str]) -> tuple[Any, str]:
    facts = {
        "platform": ok({"id": "debian", "version": version, "name": ""}),
        "package": ok(
            *(
                {"manager": "dpkg", "name": name, "source": source, "version": number}
                | {"installed": True}
                for name, source, number in packages
            )
        ),
    }
    snapshot = Snapshot(TargetData("host"), "2026-11-21T00:00:00+00:00", "0", "", facts)
    ended, dated = early_ends.of_snapshot(snapshot, EARLY)
    return ended and [(item.source, item.packages, item.since) for item in ended], dated


EARLY = early.load(content.root() / "early_ends.yaml")


def test_the_list_that_ships_names_what_is_installed() -> None:
    found, dated = _ended_on(
        "12",
        ("pdns-server", "pdns", "4.7.3-2"),
        ("pdns-backend-mysql", "pdns", "4.7.3-2"),
        ("php-horde-db", "php-horde-db", "2.4.1-5"),
        ("suricata", "suricata", "1:7.0.3-1~bookworm"),
        ("bash", "bash", "5.2.15-2"),
    )
    assert found == [
        ("php-horde-db", ("php-horde-db",), "2025-03-22"),
        ("pdns", ("pdns-backend-mysql", "pdns-server"), "2025-10-01"),
    ]
    assert dated == "2026-06-12"


@pytest.mark.parametrize(("version", "found"), [("11", ()), ("13", None), ("", None)])
def test_a_release_without_a_list_is_not_one_with_an_empty_list(
    version: str, found: tuple[()] | None
) -> None:
    assert _ended_on(version, ("pdns-server", "pdns", "4.7.3-2"))[0] == found


def test_no_release_is_in_the_table_twice() -> None:
    assert len({(item.system, item.release) for item in TABLE}) == len(TABLE)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_release_has_its_place(case: dict[str, Any]) -> None:
    record = lifecycle.release(case["platform"], TABLE, at(case["now"]))
    assert {key: record.get(key, "absent") for key in case["release"]} == case["release"]
    assert record.keys() <= lifecycle.SPEC.fields.keys()


@pytest.mark.parametrize("status", [FactStatus.DENIED, FactStatus.TIMEOUT, FactStatus.GARBLED])
def test_a_platform_that_is_not_known_has_no_release(status: FactStatus) -> None:
    fact = lifecycle.derive(lambda _name: missing(status, "why"), Knowledge(NOW, TABLE))
    assert (fact.status, fact.reason) == (status, "why")


def test_without_a_table_nothing_is_known() -> None:
    platform = ok({"id": "debian", "version": "12"})
    fact = lifecycle.derive(lambda _name: platform, Knowledge(NOW))
    assert fact.status is FactStatus.NOTCOLLECTED


def test_a_distribution_without_releases_has_none_that_ends() -> None:
    platform = ok({"id": "opensuse-tumbleweed", "version": "20261120"})
    fact = lifecycle.derive(lambda _name: platform, Knowledge(NOW, TABLE))
    assert (fact.status, fact.records) == (FactStatus.ABSENT, ())


def test_updates_that_an_earlier_scan_saw_have_their_day() -> None:
    pending = Fact(FactStatus.PARTIAL, ({"package": "sudo"}, {"package": "bash"}), "cut")
    seen = {"pending_update sudo": "2026-11-01T00:00:00+00:00", "other bash": "2026-11-01"}
    known = Knowledge(NOW, target=TargetKnowledge(seen))
    fact = waiting.derive(lambda _name: pending, known)
    since = int(at("2026-11-01").timestamp())
    assert fact == Fact(FactStatus.PARTIAL, ({"package": "sudo", "since": since},), "cut")


def test_without_a_readable_record_no_age_is_known() -> None:
    known = Knowledge(NOW, target=TargetKnowledge(unknown={"first_seen": "broken"}))
    fact = waiting.derive(lambda _name: ok({"package": "sudo"}), known)
    assert (fact.status, fact.reason) == (FactStatus.NOTCOLLECTED, "broken")


def test_every_mistake_of_a_table_is_told(tmp_path: Path) -> None:
    path = tmp_path / "table.yaml"
    entries = '- system: "a"\n  colour: "b"\n- "text"\n- supported_until: "soon"\n'
    path.write_text(f'dated: "2026-08-21"\nreleases:\n{entries}')
    with pytest.raises(DocumentError) as caught:
        lifecycles.load(path)
    told = sorted(mistake.message for mistake in caught.value.mistakes)
    assert told == [
        "a lifecycle is a mapping",
        "is no date such as 2028-06-30",
        *("name is missing", "name is missing", "release is missing", "release is missing"),
        *("supported_until is missing", "system is missing", "unknown key 'colour'"),
    ]


@pytest.mark.parametrize("text", ["- a\n", 'dated: "soon"\nreleases: []\n', "releases: []\n"])
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError):
        lifecycles.load(path)


def _release(dated: str, target: TargetKnowledge, **platform: str) -> Fact:
    known = Knowledge(NOW, TABLE, target=target, lifecycles_dated=dated)
    facts = {"platform": ok({"name": "", **platform}), "repository": ok()}
    return lifecycle.derive(facts.__getitem__, known)


_PRO: Record = {"uri": "https://esm.ubuntu.com/infra/ubuntu", "suite": "focal-infra-security"}
_ARCHIVE: Record = {"uri": "http://archive.ubuntu.com/ubuntu", "suite": "focal", "enabled": True}


@pytest.mark.parametrize(
    ("system", "version", "repositories", "reaches"),
    [
        ("ubuntu", "20.04", ok(_ARCHIVE), False),
        ("ubuntu", "20.04", ok(_ARCHIVE, {**_PRO, "enabled": True}), True),
        ("ubuntu", "20.04", ok(_ARCHIVE, {**_PRO, "enabled": False}), False),
        ("ubuntu", "20.04", missing(FactStatus.DENIED, "no way in"), None),
        ("rhel", "7.9", ok({"uri": "x", "suite": "rhel-7-server-els-rpms", "enabled": True}), True),
        ("rhel", "7.9", ok({"uri": "x", "suite": "rhel-7-server-rpms", "enabled": True}), False),
        (
            "sles",
            "15.5",
            ok({"uri": "x", "suite": "SLES15-SP5-LTSS-Updates", "enabled": True}),
            True,
        ),
        ("ol", "7.9", ok(), None),
        ("debian", "12", ok(), True),
    ],
)
def test_support_that_is_paid_for_shows_in_the_repositories(
    system: str, version: str, repositories: Fact, reaches: object
) -> None:
    platform = ok({"id": system, "version": version, "name": ""})
    facts = {"platform": platform, "repository": repositories}
    record = lifecycle.derive(facts.__getitem__, Knowledge(NOW, TABLE)).records[0]
    assert (record["phase"], record["extended_here"]) == ("extended", reaches)


def test_an_old_table_takes_the_pass_away() -> None:
    fact = _release("2025-11-20", TargetKnowledge(), id="debian", version="13")
    assert fact.status is FactStatus.PARTIAL
    assert fact.reason.startswith("the ends of support are as of 2025-11-20, 366 days ago;")
    assert fact.records[0]["phase"] == "supported"


@pytest.mark.parametrize(("dated", "phase"), [("2026-11-01", "ended"), ("2026-01-01", "supported")])
def test_newer_feeds_win_over_the_table(dated: str, phase: str) -> None:
    moved = (Lifecycle("debian", "13", "Debian 13", "2026-10-01"),)
    known = TargetKnowledge(lifecycles=moved, lifecycles_dated=dated)
    fact = _release("2026-08-21", known, id="debian", version="13")
    assert (fact.status, fact.records[0]["phase"]) == (FactStatus.OK, phase)
    assert fact.records[0]["name"] == "Debian 13 (trixie)"


def test_what_the_feeds_do_not_know_the_table_does() -> None:
    known = TargetKnowledge(
        lifecycles=(Lifecycle("debian", "14", "Debian 14", "2031-10-01"),),
        lifecycles_dated="2026-11-01",
    )
    fact = _release("2026-08-21", known, id="debian", version="13")
    assert fact.records[0]["phase"] == "supported"
