"""What statements come to on a target: which advisories they excuse, and which they must not."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.evidence import products, vouching
from hipscan.model import codec
from hipscan.model.advisory import Advisory, Matched, State
from hipscan.model.fact import ok
from hipscan.model.knowledge import SCHEMA, Knowledge, TargetKnowledge
from hipscan.model.snapshot import Snapshot, TargetData
from hipscan.model.vex import Product, Statement, Status
from hipscan.report import cyclonedx

DATA: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("vouching.yaml").read_text())
TARGET: Final = TargetData("web1", host="web1.clinic.example")


def _snapshot(host: Mapping[str, Any]) -> Snapshot:
    packages = ({**record, "installed": True} for record in host["packages"])
    facts = {"platform": ok(host["platform"]), "package": ok(*packages)}
    return Snapshot(TARGET, "2026-11-22T00:00:00+00:00", "0", "", facts)


def _matched(host: Mapping[str, Any]) -> Matched:
    return Matched(tuple(_advisory(item) for item in host["advisories"]))


def _advisory(fields: Mapping[str, Any]) -> Advisory:
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    is_cve = fields["cve"].startswith("CVE-")
    own = {"id": fields["cve"], "ecosystem": "Debian:12", "state": State.FIXABLE}
    return Advisory(**{**own, "cves": (fields["cve"],) if is_cve else (), **fields, **lists})


def _statement(fields: Mapping[str, Any]) -> Statement:
    return Statement(
        names=(fields.get("vulnerability", "CVE-2024-1"), *fields.get("aliases", ())),
        products=(Product(fields["of"], tuple(fields.get("parts", ())), fields.get("also", "")),),
        status=Status(fields.get("status", "not_affected")),
        author="Clinic IT",
        made=fields.get("made", "2026-01-01T00:00:00+00:00"),
        document="https://clinic.example/vex/1",
        justification="vulnerable_code_not_present",
    )


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: str(case["name"]))
def test_case(case: dict[str, Any]) -> None:
    host = DATA["hosts"][case.get("host", "debian")]
    said = [_statement(item) for item in case["says"]]
    found = vouching.vouched(_matched(host), _snapshot(host), said)
    excused = [item for item in found.matched.advisories if item.state is State.NOT_AFFECTED]
    assert sorted(f"{item.source}:{item.cve}" for item in excused) == sorted(case["excused"])
    assert all("says Clinic IT (2026-01-0" in item.why for item in excused)
    assert len(found.spoke) == case.get("spoke", len(found.spoke))
    partly = [item for item in found.matched.advisories if item.vex and item not in excused]
    names = {name for item in partly for voucher in item.vex for name in voucher.packages}
    assert names == set(case.get("partly", ()))


@pytest.mark.parametrize("name", ["debian", "alma", "suse", "two", "alpine"])
def test_what_our_bill_of_materials_writes_is_understood(name: str) -> None:
    host = DATA["hosts"][name]
    purls = [cyclonedx._purl(record, host["platform"]) for record in host["packages"]]
    cves = ("CVE-2024-1", "CVE-2024-2", "CVE-2024-3")
    said = [_statement({"of": str(purl), "vulnerability": cve}) for purl in purls for cve in cves]
    found = vouching.vouched(_matched(host), _snapshot(host), said).matched.advisories
    assert {item.state for item in found} == {State.NOT_AFFECTED}


def test_what_is_excused_says_why() -> None:
    host = DATA["hosts"]["debian"]
    found = vouching.vouched(_matched(host), _snapshot(host), [_statement({"of": "web1"})])
    (voucher,) = found.matched.advisories[0].vex
    assert voucher.packages == ("libssl3", "openssl")
    assert found.matched.advisories[0].why == (
        "not affected: vulnerable code not present, says Clinic IT (2026-01-01)"
    )


def test_knowledge_keeps_statements() -> None:
    said = _statement({"of": "web1", "parts": ["pkg:deb/debian/openssl"]})
    knowledge = Knowledge(datetime(2026, 11, 22, tzinfo=UTC), vex=(said,))
    assert codec.loads(SCHEMA, Knowledge, codec.dumps(SCHEMA, knowledge)) == knowledge


def test_knowledge_of_a_target_is_untouched_without_statements() -> None:
    host = DATA["hosts"]["debian"]
    knowledge = Knowledge(datetime.now(UTC), target=TargetKnowledge(matched=_matched(host)))
    assert vouching.applied(knowledge, _snapshot(host)) is knowledge


def test_strangers_are_named() -> None:
    of = (
        "web1",
        "web2",
        "pkg:generic/web1",
        "pkg:generic/web3",
        "pkg:oci/app",
        "pkg:deb/%",
        "pkg:deb/a#b",
        "pkg:deb/a",
    )
    said = [
        _statement({"of": name, "parts": ["cpe:/a:x"] if name == "web1" else []}) for name in of
    ]
    assert products.strangers(said, {"web1"}) == {
        "cpe:/a:x": "no package URL, and no package of a kind that is looked at",
        "web2": "no package URL, and no target of this run",
        "pkg:generic/web3": "no target of this run",
        "pkg:oci/app": "packages of type oci are not looked at",
        "pkg:deb/%": "it has a % that starts no escape; write %25",
        "pkg:deb/a#b": "a part of a package",
    }


SAID = st.builds(
    _statement,
    st.fixed_dictionaries(
        {
            "of": st.sampled_from(
                ["web1", "web2", "pkg:deb/debian/openssl", "pkg:deb/debian/libssl3", "x"]
            ),
            "vulnerability": st.sampled_from(["CVE-2024-1", "CVE-2024-2", "CVE-2024-3", "DSA-1"]),
            "status": st.sampled_from(list(Status)),
            "made": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
        }
    ),
)


@given(st.lists(SAID, max_size=5), st.randoms())
def test_nothing_gets_worse_and_the_order_of_documents_does_not_matter(
    said: list[Statement], chance: random.Random
) -> None:
    host = DATA["hosts"]["debian"]
    before, snapshot = _matched(host), _snapshot(host)
    after = vouching.vouched(before, snapshot, said).matched.advisories
    for old, new in zip(before.advisories, after, strict=True):
        assert new.state in {old.state, State.NOT_AFFECTED}
        assert (new.source, new.cve, new.packages, new.kev) == (
            old.source,
            old.cve,
            old.packages,
            old.kev,
        )
    chance.shuffle(said)
    again = vouching.vouched(before, snapshot, said).matched.advisories
    assert [item.state for item in again] == [item.state for item in after]
