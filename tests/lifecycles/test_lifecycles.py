"""The table of lifecycles, and what it makes of a host's release."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.errors import DocumentError
from hipscan.model.fact import Fact, FactStatus, missing, ok
from hipscan.model.knowledge import Knowledge, TargetKnowledge, at
from hipscan.probes.packages import lifecycle, waiting
from hipscan.rules import content, lifecycles
from tests.lifecycles import make

CHECKOUT = Path(__file__).parents[2]
FEEDS = Path(os.environ.get("HIPSCAN_FEEDS", CHECKOUT.parent / "shared" / "data" / "feeds"))
TABLE = lifecycles.load(content.root() / "lifecycles.yaml")
CASES = yaml.safe_load(Path(__file__).with_name("releases.yaml").read_text("utf-8"))
NOW = at("2026-11-21")


@pytest.mark.skipif(not FEEDS.is_dir(), reason=f"no feeds in {FEEDS}; HIPSCAN_FEEDS names them")
def test_the_table_is_what_the_feeds_make() -> None:
    shipped = (content.root() / "lifecycles.yaml").read_text("utf-8")
    assert shipped == make.text(make.lifecycles(FEEDS))


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
    path.write_text('- system: "a"\n  colour: "b"\n- "text"\n- supported_until: "soon"\n')
    with pytest.raises(DocumentError) as caught:
        lifecycles.load(path)
    told = sorted(mistake.message for mistake in caught.value.mistakes)
    assert told == [
        "a lifecycle is a mapping",
        "is no date such as 2028-06-30",
        *("name is missing", "name is missing", "release is missing", "release is missing"),
        *("supported_until is missing", "system is missing", "unknown key 'colour'"),
    ]
