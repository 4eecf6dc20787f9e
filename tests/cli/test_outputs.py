"""Reports: several of one run agree, standard output has nothing else, lost ones show."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hipscan.errors import ExitCode
from tests.cli.conftest import Hipscan
from tests.cli.running import PACK, in_terminal, shell, write_snapshot

_JUDGE = f"evaluate web1.snapshot.json -p {PACK}"


def _verdicts(report: dict[str, Any]) -> dict[str, Any]:
    return {key: report[key] for key in ("findings", "summary", "frameworks", "rules")}


def test_all_outputs_of_a_run_count_the_same(hipscan: Hipscan, tmp_path: Path) -> None:
    words = ("evaluate", write_snapshot(tmp_path), "-p", PACK)
    done = hipscan(*words, "-o", "json=r.json", "-o", "html=r.html", "-o", "table=r.txt")
    report = json.loads((tmp_path / "r.json").read_text("utf-8"))
    counts = report["summary"]["observations"]
    counted = ", ".join(f"{count} {level}" for level, count in counts.items() if count)
    for text in (done.out, (tmp_path / "r.txt").read_text("utf-8")):
        assert counted in re.sub(r"\s+", " ", text)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert [item["rule"] for item in report["findings"] if item["rule"] not in page] == []
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("r.*")} == {0o600}


@pytest.mark.parametrize("flags", [(), ("--quiet",), ("--debug",), ("-s", "critical")])
def test_json_is_json_at_every_verbosity(flags: tuple[str, ...], hipscan: Hipscan) -> None:
    done = hipscan("scan", "local", "-p", PACK, "-f", "json", *flags)
    assert done.status == done.report["run"]["exit_code"]
    assert {item["rule"] for item in done.report["findings"]} >= {"wrong-critical", "wrong-info"}


def test_a_later_judgement_of_a_scan_is_the_same(hipscan: Hipscan, tmp_path: Path) -> None:
    scanned = hipscan("scan", "local", "-p", PACK, "-f", "json").report
    folder = next(tmp_path.glob("state/runs/*"))
    (path,) = folder.glob("snapshots/*.json")
    again = hipscan(
        *("evaluate", path, "-p", PACK, "-f", "json", "--knowledge", folder / "knowledge.json")
    ).report
    assert _verdicts(scanned) == _verdicts(again)


def test_a_report_can_be_had_again(hipscan: Hipscan, tmp_path: Path) -> None:
    first = hipscan("evaluate", write_snapshot(tmp_path), "-p", PACK, "-f", "json")
    run = first.report["run"]["id"]
    for name in ("last", run, tmp_path / "state" / "runs" / run):
        done = hipscan("report", name, "-f", "json")
        assert (done.status, done.out) == (first.status, first.out)


def test_last_is_the_newest(hipscan: Hipscan, tmp_path: Path) -> None:
    path = write_snapshot(tmp_path)
    runs = [hipscan("evaluate", path, "-p", PACK, "-f", "json").report["run"]["id"] for _ in "123"]
    assert hipscan("report", "last", "-f", "json").report["run"]["id"] == runs[-1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("-o html=/dev/full", "No space left on device"),
        ("-o html=no/such/folder.html", "make the folder no/such first"),
        ("-o json=.", "it is a folder"),
    ],
)
def test_a_lost_file_is_4_and_the_others_are_written(
    words: str, says: str, hipscan: Hipscan, tmp_path: Path
) -> None:
    path = write_snapshot(tmp_path)
    done = hipscan("evaluate", path, "-p", PACK, *words.split(), "-o", "json=r.json")
    assert done.status == ExitCode.OUTPUT
    assert says in done.err
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["run"]["exit_code"] == 1


def test_a_state_that_cannot_be_written_is_4(
    hipscan: Hipscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HIPSCAN_STATE", str(tmp_path / "file"))
    done = hipscan("scan", "local", "-p", PACK)
    assert done.status == ExitCode.OUTPUT
    assert "HIPSCAN_STATE" in done.err


STREAMS = [
    (f"hipscan {_JUDGE} >/dev/full", ExitCode.OUTPUT),
    (f"hipscan {_JUDGE} >&-", ExitCode.OUTPUT),
    (f"hipscan {_JUDGE} --rule right-high >/dev/full", ExitCode.OUTPUT),
    (f"hipscan {_JUDGE} --fail-on hihg >/dev/full", ExitCode.USAGE),
    (f"hipscan {_JUDGE} | true; exit ${{PIPESTATUS[0]}}", ExitCode.GATE),
    (f"hipscan {_JUDGE} --rule right-high | true; exit ${{PIPESTATUS[0]}}", ExitCode.OK),
    (f"hipscan {_JUDGE} 2>&-", ExitCode.GATE),
    (f"hipscan {_JUDGE} 2>/dev/full", ExitCode.GATE),
    ("hipscan rules list >/dev/full", ExitCode.OUTPUT),
    ("hipscan rules list | true; exit ${PIPESTATUS[0]}", ExitCode.OK),
    ("hipscan --help >/dev/full", ExitCode.OUTPUT),
    ("hipscan check [::1]:1 --ssh-config /dev/null | true; exit ${PIPESTATUS[0]}", 3),
]


@pytest.mark.parametrize(("line", "status"), STREAMS, ids=lambda item: str(item)[:90])
def test_streams(line: str, status: int, tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    done = shell(tmp_path, line)
    assert done.status == status, done.err
    assert "Traceback" not in done.err
    assert "bug" not in done.err


COLOR = [
    ({}, False),
    ({"FORCE_COLOR": "1"}, True),
    ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ({"FORCE_COLOR": "1", "TERM": "dumb"}, False),
]


@pytest.mark.parametrize(("variables", "is_colored"), COLOR, ids=str)
def test_color(variables: dict[str, str], is_colored: bool, tmp_path: Path) -> None:  # noqa: FBT001  # a case
    write_snapshot(tmp_path)
    done = shell(tmp_path, f"hipscan {_JUDGE} -o table=r.txt", **variables)
    assert ("\x1b" in done.out) is is_colored
    assert "\r" not in done.out + done.err
    assert "\x1b" not in done.err + (tmp_path / "r.txt").read_text("utf-8")


def test_on_a_terminal_there_is_colour_unless_unwanted(tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    assert b"\x1b[" in in_terminal(tmp_path, *_JUDGE.split())
    assert b"\x1b[" not in in_terminal(tmp_path, *_JUDGE.split(), NO_COLOR="1")
