"""Software from elsewhere: how it is told, which cycle it belongs to, what the clock says."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.errors import DocumentError
from hipscan.feeds.applications import Cycles, applications, cycle_of
from hipscan.feeds.distributions import has_foreign_mark
from hipscan.feeds.known import support
from hipscan.feeds.vendor_packages import MADE, made_elsewhere, upstream
from hipscan.model.application import PAST, Application, Cycle
from hipscan.model.fact import Fact, FactStatus, Record, missing, ok
from hipscan.model.knowledge import Knowledge, TargetKnowledge, at
from hipscan.model.snapshot import Snapshot, TargetData
from hipscan.probes.packages import application
from hipscan.rules import content, products
from tests.feeds import making
from tests.lifecycles import make
from tests.lifecycles.test_lifecycles import FEEDS, NOW

CASES = yaml.safe_load(Path(__file__).with_name("applications.yaml").read_text("utf-8"))
TABLE = products.load(content.root() / "products.yaml")
_WITH_FEEDS = pytest.mark.skipif(
    not FEEDS.is_dir(), reason=f"no feeds in {FEEDS}; HIPSCAN_FEEDS names them"
)


def _snapshot(platform: Record, packages: list[Record], software: list[Record]) -> Snapshot:
    facts = {
        "platform": ok(platform),
        "package": ok(*(making.package(item) for item in packages)),
        "unpackaged_software": ok(*software),
    }
    return Snapshot(TargetData("host"), "2026-11-21T00:00:00+00:00", "0", "", facts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_from_elsewhere_is_found(case: dict[str, Any]) -> None:
    snapshot = _snapshot(case["platform"], case.get("packages", []), case.get("software", []))
    offered = case.get("offered", {}).items()
    foreign = ok(*({"package": name, "origin": origin} for name, origin in offered))
    snapshot = replace(snapshot, facts={**snapshot.facts, "foreign_package": foreign})
    found = [
        [item.product, item.version, item.place, *_cycle(item)]
        for item in applications(snapshot, TABLE.get)
    ]
    assert found == case["found"]


def _cycle(item: Application) -> list[str | None]:
    return [item.cycle.name, item.cycle.ended] if item.cycle else [None, None]


@_WITH_FEEDS
def test_the_table_of_products_is_what_the_feeds_make() -> None:
    shipped = (content.root() / "products.yaml").read_text("utf-8")
    assert shipped == make.products(FEEDS)


@_WITH_FEEDS
def test_every_product_of_packages_has_a_page() -> None:
    assert {made.product for made in MADE} <= TABLE.keys()


@cache
def _releases() -> list[tuple[str, str, str]]:
    path = FEEDS / "endoflife" / "all-products.frontmatter.json"
    known = json.loads(path.read_text("utf-8"))
    return [
        (product, str(release["releaseCycle"]), str(release.get("latest") or ""))
        for product, entry in known.items()
        for release in entry["releases"]
    ]


@_WITH_FEEDS
def test_the_newest_version_of_a_cycle_is_in_no_other_cycle() -> None:
    """Of all 464 products, as far as a version begins with the name of its cycle."""
    lines: dict[str, list[Cycle]] = {}
    for product, cycle, _ in _releases():
        lines.setdefault(product, []).append(Cycle(cycle))
    asked, unknown = 0, set()
    for product, cycle, latest in _releases():
        if latest == cycle or latest.startswith(f"{cycle}."):
            asked += 1
            found = cycle_of(latest, lines[product])
            if found is None:
                unknown.add(product)
            else:
                is_below = product not in TABLE and found.name.startswith(f"{cycle}.")
                assert found.name == cycle or is_below, (product, cycle, latest)
    assert asked > 5_000
    assert unknown & TABLE.keys() <= {"mssqlserver"}  # names its service packs as cycles


@given(st.sampled_from(sorted(TABLE)), st.data())
def test_a_version_is_in_the_cycle_that_it_extends(name: str, data: st.DataObject) -> None:
    cycle = data.draw(st.sampled_from(TABLE[name].lines)).name
    more = data.draw(st.integers(0, 99))
    found = cycle_of(f"{cycle}.{more}", TABLE[name].lines)
    assert found is None or found.name.startswith(cycle)
    assert cycle_of(f"{cycle}{more}.1", [Cycle(cycle)]) is None


@given(st.text(max_size=12))
def test_no_version_breaks_the_search(version: str) -> None:
    cycle_of(version, TABLE["jenkins"].lines)
    assert upstream(version) == "" or upstream(version)[0].isdigit()


@pytest.mark.parametrize(
    ("version", "cycle"), [("2.578", "2"), ("2.541.1", "2.541"), ("2.300.3", None)]
)
def test_a_lasting_release_of_jenkins_is_no_weekly_one(version: str, cycle: str | None) -> None:
    found = cycle_of(version, TABLE["jenkins"].lines)
    assert (found.name if found else None) == cycle


def _derived(*found: Application, **facts: Fact) -> Fact:
    known: dict[str, Fact] = dict.fromkeys(application.NEEDS, ok())
    known |= {"package": ok({"manager": "rpm"}), **facts}
    return application.derive(
        known.__getitem__, Knowledge(NOW, target=TargetKnowledge(applications=found))
    )


@pytest.mark.parametrize(
    ("cycle", "phase", "until"),
    [
        (Cycle("1", "2026-11-21"), "supported", "2026-11-21"),
        (Cycle("1", "2026-11-20"), "ended", "2026-11-20"),
        (Cycle("1", "2026-11-20", "2027-01-01"), "extended", "2026-11-20"),
        (Cycle("1", "2026-11-20", "2026-11-20"), "ended", "2026-11-20"),
        (Cycle("1", PAST), "ended", PAST),
        (Cycle("1"), "supported", "open"),
        (None, None, None),
    ],
)
def test_the_clock_decides(cycle: Cycle | None, phase: str | None, until: str | None) -> None:
    fact = _derived(Application("nginx", "1.2", "nginx", "x", cycle, "2026-11-01"))
    assert fact.status is FactStatus.OK
    assert (fact.records[0]["phase"], fact.records[0]["until"]) == (phase, until)
    assert fact.records[0].keys() <= application.SPEC.fields.keys()


def test_an_old_table_does_not_know_that_a_line_goes_on() -> None:
    item = Application("nginx", "1.2", "nginx", "x", Cycle("1"), "2026-05-01")
    fact = _derived(item)
    assert (fact.status, fact.records[0]["phase"]) == (FactStatus.OK, None)


def test_a_table_that_is_too_old_leaves_failures_and_takes_the_pass() -> None:
    item = Application("nginx", "1.2", "nginx", "x", Cycle("1", "2020-01-01"), "2025-01-01")
    fact = _derived(item)
    assert (fact.status, fact.records[0]["phase"]) == (FactStatus.PARTIAL, "ended")
    assert fact.reason.startswith("the ends of support are as of 2025-01-01, 689 days ago")


_UNDECIDED = [status for status in FactStatus if status not in {FactStatus.OK, FactStatus.ABSENT}]


@pytest.mark.parametrize("status", _UNDECIDED)
@pytest.mark.parametrize("name", application.NEEDS)
def test_what_could_not_be_read_takes_the_pass(name: str, status: FactStatus) -> None:
    dpkg = {"package": ok({"manager": "dpkg"})}
    fact = _derived(**{**dpkg, name: missing(status, "no way in")})
    assert (fact.status, fact.reason) == (FactStatus.PARTIAL, f"{name}: {status} (no way in)")


def test_rpm_needs_no_lists_to_tell_who_built_a_package() -> None:
    fact = _derived(foreign_package=missing(FactStatus.PARTIAL, "no lists"))
    assert fact.status is FactStatus.OK


def test_what_nobody_looked_for_is_not_known() -> None:
    fact = application.derive(lambda _name: ok(), Knowledge(at("2026-11-21")))
    assert fact.status is FactStatus.NOTCOLLECTED


def test_the_feed_wins_over_an_older_table_and_completes_it(tmp_path: Path) -> None:
    path = tmp_path / "php.json"
    release = {"name": "8.2", "isEol": True, "eolFrom": "2026-01-01", "latest": {"name": "8.2.99"}}
    answer = {"name": "php", "releases": [release]}
    document = {"schema_version": "1.2.0", "generated_at": "2026-11-20T00:00:00Z"}
    path.write_text(json.dumps({**document, "result": [answer]}))
    making.import_into(tmp_path / "index", path)
    software: list[Record] = [
        {"product": "php", "version": "8.2.1", "path": "/opt/php", "file": "x"},
        {"product": "tomcat", "version": "8.5.1", "path": "/opt/tomcat", "file": "x"},
    ]
    snapshot = _snapshot({"id": "debian", "version": "12"}, [], software)
    php, tomcat = support(tmp_path / "index", snapshot, TABLE.get).applications
    assert (php.cycle, php.dated) == (Cycle("8.2", "2026-01-01", "", "8.2.99"), "2026-11-20")
    assert (tomcat.cycle, tomcat.dated) == (
        Cycle("8.5", "2024-03-31", "", "8.5.100"),
        TABLE["tomcat"].dated,
    )


@_WITH_FEEDS
@pytest.mark.parametrize(
    ("system", "release", "until", "extended"),
    [
        ("debian", "12", "2026-07-11", "2028-06-30"),
        ("ubuntu", "20.04", "2025-05-29", "2030-04-23"),
        ("rhel", "7.*", "2024-06-30", "2029-05-31"),
        ("almalinux", "9.*", "2032-05-31", ""),
        ("alpine", "3.21.*", "2026-11-01", ""),
        ("sles", "15.6", "2025-12-31", "2028-12-31"),
        ("opensuse-leap", "15.6", "2026-04-30", ""),
    ],
)
def test_the_feeds_tell_of_the_target_s_own_releases(
    system: str, release: str, until: str, extended: str, fed: Path
) -> None:
    snapshot = _snapshot({"id": system, "version": "1"}, [], [])
    known = support(fed, snapshot, TABLE.get)
    found = {item.release: (item.supported_until, item.extended_until) for item in known.lifecycles}
    assert found[release] == (until, extended)


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    names = ("debian.csv", "ubuntu.csv", "endoflife/all-products.frontmatter.json")
    making.import_into(folder, *(making.shared(name) for name in names))
    return folder


@pytest.mark.parametrize(
    "text",
    [
        "[]\n",
        "products: {}\n",
        'dated: "2026-08-21"\nproducts: {nginx: a}\n',
        'dated: "2026-08-21"\nproducts:\n  nginx:\n  - "1.2 soon - 1.2.3"\n',
    ],
)
def test_what_is_no_table_of_products_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "products.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError):
        products.load(path)


def test_nothing_known_of_a_product_leaves_it_unjudged() -> None:
    def source(_name: str) -> Cycles | None:
        return None

    snapshot = _snapshot(
        {"id": "debian", "version": "12"},
        [],
        [{"product": "tomcat", "version": "9.0.1", "path": "/opt/tomcat", "file": "x"}],
    )
    (found,) = applications(snapshot, source)
    assert (found.cycle, found.dated) == (None, "")


def test_nothing_in_the_distribution_s_own_lists_is_taken_for_another_maker_s() -> None:
    if not shutil.which("apt-cache"):
        pytest.skip("no apt here to ask what the distribution has")
    asked = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True)
    names = re.findall(r"^Package: (.*)", asked.stdout, re.MULTILINE)
    versions = re.findall(r"^Version: (.*)", asked.stdout, re.MULTILINE)
    if len(names) < 10_000:
        pytest.skip(f"apt knows of {len(names)} packages only: apt-get update never ran")
    packages = [
        {"manager": "dpkg", "installed": True, "name": name, "version": version}
        for name, version in zip(names, versions, strict=True)
    ]
    found = [package for _, package, _ in made_elsewhere(packages, "debian", {})]
    # What somebody has installed from elsewhere is in the answer too, and has a mark.
    assert [item for item in found if not has_foreign_mark(str(item["version"]))] == []
    assert len(found) <= 5
