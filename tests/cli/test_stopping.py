"""Ctrl-C, SIGTERM and bugs: said at once, what is there is kept, nothing looks like findings."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from hipscan.errors import ExitCode
from tests.cli.conftest import Hipscan
from tests.cli.running import PACK, reach, start
from tests.sshd import StartSshd

_PATIENCE = 60.0  # for a busy machine; what is waited for is an event, not a time


@pytest.fixture
def silent() -> Iterator[str]:
    """Listen, and never say a word: the target's name."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def _wait_for(folder: Path, pattern: str) -> None:
    until = time.monotonic() + _PATIENCE
    while not list(folder.glob(pattern)):
        assert time.monotonic() < until, f"{pattern} did not appear"
        time.sleep(0.05)


def _run_of(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("state/runs/*/run.json")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)],
)
def test_a_stopped_scan_reports_what_is_there(
    number: signal.Signals, status: ExitCode, silent: str, tmp_path: Path
) -> None:
    process = start(
        tmp_path, "scan", "local", silent, "-p", PACK, "-f", "json", "-o", "html=r.html"
    )
    _wait_for(tmp_path, "state/runs/*/targets/local*.json")
    process.send_signal(number)
    out, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == status, err
    assert "interrupted; writing what is there" in err
    report = json.loads(out)
    assert (report["run"]["complete"], report["run"]["exit_code"]) == (False, status)
    reasons = {item["name"]: item["reason"] for item in report["targets"]}
    assert reasons[silent] == "interrupted: the run was interrupted before its end"
    assert "interrupted" not in reasons["local"]
    assert _run_of(tmp_path)["run"]["exit_code"] == status
    assert (tmp_path / "r.html").stat().st_size > 0


def test_a_host_that_hangs_after_login_does_not_hold_ctrl_c(
    start_sshd: StartSshd, tmp_path: Path
) -> None:
    server = start_sshd(f"ForceCommand touch {tmp_path}/begun; sleep 600")
    identity = ("--identity", server.client_key)
    process = start(tmp_path, "scan", *reach(server), *identity, "-p", PACK, "-f", "json")
    _wait_for(tmp_path, "begun")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert [item["status"] for item in json.loads(out)["targets"]] == ["unreachable"]


@pytest.mark.parametrize("command", ["check", "collect"])
def test_other_commands_stop_too(command: str, silent: str, tmp_path: Path) -> None:
    process = start(tmp_path, command, "local", silent)
    _first_line(process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert "hipscan: interrupted" in err


def _first_line(process: Popen[str]) -> None:
    """Wait until standard error says that the run is on its way: progress comes every 10 s."""
    assert process.stderr is not None
    assert "targets done" in process.stderr.readline()


def test_the_second_signal_ends_it_at_once(silent: str, tmp_path: Path) -> None:
    process = start(tmp_path, "scan", silent, "-p", PACK)
    _first_line(process)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=_PATIENCE)
    assert process.returncode in {ExitCode.TERMINATED, -signal.SIGTERM}


def test_a_bug_is_70(hipscan: Hipscan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hipscan.cli.scanning.scan", lambda *_: 1 / 0)
    done = hipscan("scan", "local")
    assert done.status == ExitCode.BUG
    assert "a bug in hipscan: ZeroDivisionError" in done.err
    assert "Traceback" not in done.err
    assert "Traceback" in hipscan("scan", "local", "--debug").err


def test_a_bug_in_one_target_keeps_the_report(
    hipscan: Hipscan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hipscan.fleet.scan.Judge.result", lambda *_: 1 / 0)
    done = hipscan("scan", "local", "-p", PACK, "-f", "json")
    assert done.status == done.report["run"]["exit_code"] == ExitCode.BUG
    assert "a bug in hipscan: ZeroDivisionError" in done.report["targets"][0]["reason"]


def test_a_disk_that_fills_up_ends_the_run_with_4(
    hipscan: Hipscan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("hipscan.documents.files._write_file", full)
    done = hipscan("scan", "local", "-p", PACK)
    assert done.status == ExitCode.OUTPUT
    assert "No space left on device" in done.err
