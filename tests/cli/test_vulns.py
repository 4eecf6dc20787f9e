"""`hipscan vulns`: what is printed of a snapshot, and which of the saved ones has a CVE."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from hipscan.feeds.remedies import command
from hipscan.fleet.run_folder import RunFolder, file_name
from hipscan.model import codec, snapshot
from hipscan.model.advisory import Advisory, State
from hipscan.model.fact import Fact, FactStatus, missing, ok
from hipscan.model.report import TargetResult, TargetStatus
from hipscan.model.snapshot import Snapshot, TargetData
from tests.cli.conftest import Hipscan
from tests.feeds import making

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("vulns.yaml").read_text())
DEBIAN = {"id": "debian", "version": "12", "name": "Debian 12"}
LESS: dict[str, Any] = {"cve": "CVE-2024-1001", "package": "less", "fixed": "590-2"}


def _record(fields: dict[str, Any]) -> dict[str, Any]:
    fixed = [{"fixed": fields["fixed"]}] if fields["fixed"] else []
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, *fixed]}]
    package = {"ecosystem": fields.get("ecosystem", "Debian:12"), "name": fields["package"]}
    score = [{"type": "CVSS_V3", "score": fields["score"]}] if "score" in fields else []
    affected: dict[str, Any] = {"package": package, "ranges": ranges}
    if "urgency" in fields:
        affected["ecosystem_specific"] = {"urgency": fields["urgency"]}
    times = {"modified": fields.get("modified", making.DAY)}
    cve = fields.get("cve")
    return {
        "id": fields.get("id", f"DEBIAN-{cve}"),
        "upstream": [cve] if cve else [],
        "severity": score,
        "affected": [affected],
    } | times


def _import(folder: Path, *records: dict[str, Any], kev: str = "") -> None:
    files = [making.write_zip(folder / "x.zip", [_record(item) for item in records])]
    if kev:
        entry = {"cveID": kev, "dateAdded": "2026-01-01", "knownRansomwareCampaignUse": "Known"}
        head = {"catalogVersion": "2026.11.20", "dateReleased": making.DAY, "count": 1}
        files.append(folder / "kev.json")
        files[1].write_text(json.dumps({**head, "vulnerabilities": [entry]}))
    making.import_into(folder / "state" / "feeds", *files)


def _snapshot(
    path: Path,
    *packages: dict[str, Any],
    languages: Sequence[dict[str, Any]] = (),
    platform: dict[str, Any] = DEBIAN,
    taken: str = "2026-11-21T12:00:00+00:00",
    others: Mapping[str, Fact] = MappingProxyType({}),
) -> Path:
    facts = {
        "platform": ok(platform),
        "package": ok(*(making.package(item) for item in packages)),
        "language_package": ok(*languages),
        **others,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    value = Snapshot(TargetData(path.name.partition(".")[0]), taken, "0.1.0", "", facts)
    path.write_bytes(codec.dumps(snapshot.SCHEMA, value))
    return path


def _others(case: dict[str, Any]) -> Iterator[tuple[str, Fact]]:
    """Yield the facts of a case that were not, or not wholly read, and its kernel."""
    if "kernel" in case:
        yield "kernel", ok(case["kernel"])
    if "kernel_status" in case:
        yield "kernel", missing(FactStatus(case["kernel_status"]), "cut")
    if "offered" in case:
        yield (
            "foreign_package",
            ok(*({"package": name, "origin": origin} for name, origin in case["offered"].items())),
        )
    if "package_status" in case:
        records = tuple(making.package(item) for item in case["packages"])
        yield "package", Fact(FactStatus(case["package_status"]), records, "cut")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any], hipscan: Hipscan, tmp_path: Path) -> None:
    _import(tmp_path, *case["records"], kev=case.get("kev", ""))
    days = case.get("days", 100_000)
    (tmp_path / "hipscan.yaml").write_text(f"set: {{feed_days: {days}}}\n")
    path = _snapshot(
        tmp_path / "web1.json",
        *case["packages"],
        languages=case.get("languages", ()),
        platform=case.get("platform", DEBIAN),
        others=dict(_others(case)),
    )
    done = hipscan("vulns", path, *case.get("args", ()))
    assert done.status == case["status"], done
    assert [text for text in case.get("out", ()) if text not in done.out] == [], done.out
    assert [text for text in case.get("err", ()) if text not in done.err] == [], done.err
    assert [text for text in case.get("not", ()) if text in done.out + done.err] == [], done
    if "json" in case:
        assert json.loads(done.out) == case["json"]


def test_without_an_index_no_host_is_asked(hipscan: Hipscan) -> None:
    done = hipscan("vulns", "nobody@host.invalid")
    assert (done.status, done.out) == (3, "")
    assert "there is no index of known vulnerabilities" in done.err
    assert "hipscan feeds update" in done.err


def test_a_host_is_read_where_it_is(hipscan: Hipscan, tmp_path: Path) -> None:
    _import(tmp_path, LESS)
    done = hipscan("vulns", "local", "-q")
    assert done.status in {0, 1, 3}
    assert done.out.startswith("local: read ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-f", "tabel"), "unknown format"),
        (("--cve", "heartbleed"), "is no CVE"),
        (("--cve", "DSA-5679-1"), "names its CVEs"),
        (("--cve", "CVE-2024-1001", "web1"), "'web1' is none"),
        (("--cve", "CVE-2024-1001", "./"), "no snapshot is in"),
        (("--cve", "CVE-2024-1001"), "there is no snapshot yet"),
        (("nothing.json",), "nothing.json"),
    ],
)
def test_wrong_use(words: tuple[str, ...], says: str, hipscan: Hipscan, tmp_path: Path) -> None:
    _import(tmp_path, LESS)
    done = hipscan("vulns", *words)
    assert (done.status, says in done.err) == (2, True), done


def test_of_earlier_runs_the_newest_snapshot_of_each_target_counts(
    hipscan: Hipscan, tmp_path: Path
) -> None:
    _import(tmp_path, LESS)
    runs = tmp_path / "state" / "runs"
    for run, target, taken, version in (
        ("20260101T000000Z-aa", "web1", "2026-01-01T00:00:09+00:00", "590-1"),
        ("20260301T000000Z-bb", "web1", "2026-03-01T00:00:09+00:00", "590-2"),
        ("20260401T000000Z-cc", "web1", "2026-01-01T00:00:09+00:00", "590-1"),  # judged again
        ("20260201T000000Z-dd", "db1", "2026-02-01T00:00:09+00:00", "590-1"),
        ("20260302T000000Z-ee", "web1", "2026-03-02T00:00:09+00:00", ""),  # not read
        ("notes", "old1", "2026-02-01T00:00:09+00:00", "590-1"),
    ):
        path = runs / run / "snapshots" / f"{target}.json"
        packages = [{"name": "less", "version": version}] if version else []
        _snapshot(path, *packages, taken=taken)
    done = hipscan("vulns", "--cve", LESS["cve"], "-f", "json")
    assert [entry["target"] for entry in json.loads(done.out)] == ["db1"]
    assert done.status == 1
    (tmp_path / "hipscan.yaml").write_text("set: {feed_days: 100000}\n")
    shown = hipscan("vulns", "--cve", LESS["cve"])
    assert "web1: not affected: less 590-2; read 2026-03-01" in shown.out


def _result(run: Path, target: str) -> None:
    (run / "targets").mkdir(parents=True, exist_ok=True)
    status = TargetStatus.UNREACHABLE
    RunFolder(run).write_target(TargetResult(target, target, status, reason="no route"))


@pytest.mark.parametrize("how", ["by id", "by folder", "all"])
def test_hosts_that_no_run_could_read_are_named(hipscan: Hipscan, tmp_path: Path, how: str) -> None:
    _import(tmp_path, LESS)
    (tmp_path / "hipscan.yaml").write_text("set: {feed_days: 100000}\n")
    run = tmp_path / "state" / "runs" / "20260301T000000Z-bb"
    (run / "targets").mkdir(parents=True)
    (run / "run.json").write_text("{}")
    for target, version in (("web1", "590-2"), ("web2", "590-2")):
        _snapshot(
            run / "snapshots" / f"{file_name(target)}.json", {"name": "less", "version": version}
        )
        _result(run, target)
    _result(run, "db1")
    words = {"by id": [run.name], "by folder": [f"{run}/"], "all": []}[how]
    done = hipscan("vulns", "--cve", LESS["cve"], *words)
    assert (done.status, len(done.out.splitlines())) == (3, 3), done
    assert "db1: cannot tell; NOT LOOKED UP: never read: no route" in done.out
    listed = hipscan("vulns", "--cve", LESS["cve"], "-f", "json", *words)
    assert (listed.status, json.loads(listed.out)) == (3, [])
    assert "db1: cannot tell" in listed.err


@pytest.mark.parametrize(
    ("ecosystem", "packages", "needs", "expected"),
    [
        ("Debian:12", ("libssl3", "openssl"), "", "apt-get install --only-upgrade libssl3 openssl"),
        ("Ubuntu:Pro:22.04:LTS", ("less",), "Ubuntu Pro", "pro attach"),
        ("AlmaLinux:9", ("openssl-libs",), "", "dnf upgrade openssl-libs"),
        ("SUSE:Linux Enterprise Server 15 SP6", ("less",), "", "zypper update less"),
        ("Alpine:v3.20", ("busybox",), "", "apk add --upgrade busybox"),
        ("Alpine:v3.20", ("linux-lts",), "", "apk add --upgrade linux-lts && reboot"),
        (
            *("Debian:12", ("linux-image-6.1.0-9-amd64",), "a reboot"),
            "apt-get upgrade --with-new-pkgs && reboot",
        ),
        ("Rocky Linux:9", ("kernel-core",), "", "dnf upgrade 'kernel*' && reboot"),
        ("PyPI", (), "", ""),
        ("Debian:12", ("--purge",), "", ""),
        ("Debian:12", ("$(reboot)",), "", ""),
        ("Debian:12", ("less\nreboot",), "", ""),
    ],
)
def test_the_command_that_fixes(
    ecosystem: str, packages: tuple[str, ...], needs: str, expected: str
) -> None:
    advisory = Advisory(
        *("DSA-1", "CVE-2024-1001", ecosystem, "less", packages, "1", State.FIXABLE),
        needs=needs,
        fixed="2",
    )
    assert command([advisory]) == expected
