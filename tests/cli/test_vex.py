"""OpenVEX from the command line: what it excuses fails nothing, is shown, and stays so."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from hipscan.model import codec, snapshot
from hipscan.model.fact import ok
from hipscan.model.snapshot import Snapshot, TargetData
from tests.cli.conftest import Hipscan
from tests.cli.test_vulns import DEBIAN, _import
from tests.evidence import statements
from tests.feeds import making

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("vex.yaml").read_text())
RECORDS: Final[tuple[dict[str, Any], ...]] = (
    {"cve": "CVE-2024-1001", "package": "openssl", "fixed": "3.0.12-1"},
    {"cve": "CVE-2024-1002", "package": "openssl", "fixed": "3.0.15-1"},
    {"cve": "CVE-2024-1003", "package": "less", "fixed": ""},
)
PACKAGES: Final[tuple[dict[str, Any], ...]] = (
    {"name": "openssl", "version": "3.0.11-1"},
    {"name": "libssl3", "source": "openssl", "version": "3.0.11-1"},
    {"name": "less", "version": "590-1"},
)


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Make a snapshot, with rules that ask for vulnerabilities alone."""
    facts = {
        "platform": ok(DEBIAN),
        "package": ok(*(making.package(item) for item in PACKAGES)),
        "kernel": ok({"running": "6.1.0-18-amd64"}),
        "language_package": ok(),
    }
    value = Snapshot(TargetData("web1"), "2026-11-21T12:00:00+00:00", "0.1.0", "", facts)
    path = tmp_path / "web1.json"
    path.write_bytes(codec.dumps(snapshot.SCHEMA, value))
    (tmp_path / "hipscan.yaml").write_text("set: {feed_days: 100000}\n")
    return path


EVALUATE: Final = ("--rule", "vulnerabilities-*", "--fail-on", "info", "-f", "json")


def _shown(case: dict[str, Any], done: Any) -> None:  # noqa: ANN401  # what a command left
    assert [text for text in case.get("out", ()) if text not in done.out] == [], done.out
    assert [text for text in case.get("err", ()) if text not in done.err] == [], done.err
    assert [text for text in case.get("not", ()) if text in done.out + done.err] == [], done


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_vulns(case: dict[str, Any], host: Path, hipscan: Hipscan, tmp_path: Path) -> None:
    _import(tmp_path, *RECORDS, kev=case.get("kev", "CVE-2020-0001"))
    said = statements.write(tmp_path / "said.json", *case["says"]) if case["says"] else None
    words = ("--vex", said) if said else ()
    done = hipscan("vulns", host, *words)
    assert done.status == case["status"], done
    _shown(case, done)
    found = json.loads(hipscan("vulns", host, *words, "-f", "json").out)
    assert sorted(entry["state"] for entry in found) == case["states"]
    for entry in found:
        is_stated = entry["state"] == "not_affected" or entry["cves"] == case.get("partly")
        assert ("statements" in entry, "justification" in entry) == (is_stated, is_stated)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_evaluate_and_again(
    case: dict[str, Any], host: Path, hipscan: Hipscan, tmp_path: Path
) -> None:
    _import(tmp_path, *RECORDS, kev=case.get("kev", "CVE-2020-0001"))
    folder = tmp_path / "said"
    folder.mkdir()
    if case["says"]:
        statements.write(folder / "x.json", *case["says"])
        (tmp_path / "hipscan.yaml").write_text("set: {feed_days: 100000}\nvex: [said/]\n")
    first = hipscan("evaluate", host, *EVALUATE)
    assert first.status == case["status"], first
    count = case["states"].count("not_affected")
    assert first.report["summary"]["not_affected"] == count
    assert len(first.report["targets"][0]["not_affected"]) == count
    shutil.rmtree(folder)
    shutil.rmtree(tmp_path / "state" / "feeds")
    run = tmp_path / "state" / "runs" / first.report["run"]["id"]
    again = hipscan("evaluate", host, *EVALUATE, "--knowledge", run / "knowledge.json")
    assert again.status == first.status, again
    assert again.report["findings"] == first.report["findings"]
    assert again.report["targets"] == first.report["targets"]
    table = hipscan("report", first.report["run"]["id"], "-f", "table").out
    assert (f"{count} known vulnerab" in table) is bool(count)


def test_what_an_earlier_run_knew_can_be_added_to(
    host: Path, hipscan: Hipscan, tmp_path: Path
) -> None:
    _import(tmp_path, *RECORDS, kev="CVE-2020-0001")
    first = hipscan("evaluate", host, *EVALUATE)
    knowledge = tmp_path / "state" / "runs" / first.report["run"]["id"] / "knowledge.json"
    said = [{"vulnerability": {"name": record["cve"]}} for record in RECORDS[:2]]
    path = statements.write(tmp_path / "said.json", *said)
    again = hipscan("evaluate", host, *EVALUATE, "--knowledge", knowledge, "--vex", path)
    assert (first.status, again.status) == (1, 0)


def test_a_flag_stands_for_the_file(host: Path, hipscan: Hipscan, tmp_path: Path) -> None:
    _import(tmp_path, *RECORDS, kev="CVE-2020-0001")
    said = [{"vulnerability": {"name": record["cve"]}} for record in RECORDS[:2]]
    statements.write(tmp_path / "all.json", *said)
    one = statements.write(tmp_path / "one.json", said[0])
    (tmp_path / "hipscan.yaml").write_text("set: {feed_days: 100000}\nvex: [all.json]\n")
    assert hipscan("vulns", host).status == 0
    assert hipscan("vulns", host, "--vex", one).status == 1


def test_which_hosts_have_it(host: Path, hipscan: Hipscan, tmp_path: Path) -> None:
    _import(tmp_path, *RECORDS, kev="CVE-2024-1001")
    said = statements.write(tmp_path / "said.json", {"vulnerability": {"name": "CVE-2024-1001"}})
    words = ("vulns", host, "--cve", "CVE-2024-1001")
    assert hipscan(*words).status == 1
    done = hipscan(*words, "--vex", said)
    assert done.status == 0, done
    assert "KNOWN TO BE EXPLOITED, not affected; not affected: vulnerable code" in done.out


@pytest.mark.parametrize("command", ["scan", "evaluate", "vulns"])
def test_a_wrong_document_ends_it_before_anything_is_read(
    command: str, host: Path, hipscan: Hipscan, tmp_path: Path
) -> None:
    _import(tmp_path, *RECORDS)
    (tmp_path / "a").mkdir()
    statements.write(tmp_path / "a" / "one.json", {"status": "wont_fix"}, {"justification": None})
    (tmp_path / "a" / "two.json").write_text("{")
    targets = [host] if command == "evaluate" else ["nobody@host.invalid"]
    done = hipscan(command, *targets, "--vex", tmp_path / "a")
    assert (done.status, done.out) == (2, "")
    wanted = ("one.json:17:14:", "one.json:19:3:", "two.json:1:2", "wont_fix", "nothing says why")
    assert [text for text in wanted if text not in done.err] == [], done.err
    assert not (tmp_path / "state" / "runs").exists()
