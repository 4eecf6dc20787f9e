"""What the exit status depends on: the gate, what was judged, waivers; not on what is shown."""

from pathlib import Path

import pytest

from hipscan.errors import ExitCode
from hipscan.model.finding import Severity
from tests.cli.conftest import Hipscan
from tests.cli.running import PACK, write_snapshot

_WAIVERS = """
waivers:
  - {{rule: wrong-*, reason: "It is what it is.", owner: ann, until: "{until}"}}
"""


@pytest.mark.parametrize("least", list(Severity))
@pytest.mark.parametrize("fail_on", [*Severity, "never"])
def test_gate_and_filter_are_independent(
    fail_on: str, least: Severity, hipscan: Hipscan, tmp_path: Path
) -> None:
    path = write_snapshot(tmp_path)
    done = hipscan(
        "evaluate", path, "-p", PACK, "--rule", "wrong-high", "--fail-on", fail_on, "-s", least
    )
    is_failed = fail_on != "never" and Severity(fail_on).rank <= Severity.HIGH.rank
    assert done.status == (ExitCode.GATE if is_failed else ExitCode.OK)
    assert ("1 failure below critical not shown" in done.out) == (least is Severity.CRITICAL)


@pytest.mark.parametrize(
    ("fail_on", "status"),
    [("critical", 0), ("high", 3), ("medium", 3), ("info", 3), ("never", 0)],
)
def test_what_could_not_be_judged_counts_from_the_gate_on(
    fail_on: str, status: int, hipscan: Hipscan, tmp_path: Path
) -> None:
    path = write_snapshot(tmp_path)
    done = hipscan("evaluate", path, "-p", PACK, "--rule", "unread-*", "--fail-on", fail_on)
    assert done.status == status
    assert "unread-high" in done.out


def test_a_failure_outranks_what_could_not_be_judged(hipscan: Hipscan, tmp_path: Path) -> None:
    path = write_snapshot(tmp_path)
    done = hipscan("evaluate", path, "-p", PACK, "--fail-on", "high", "-f", "json")
    assert done.status == done.report["run"]["exit_code"] == ExitCode.GATE
    assert not done.report["run"]["complete"]


@pytest.mark.parametrize(
    ("until", "status"), [("2999-12-31", ExitCode.OK), ("2020-01-01", ExitCode.GATE)]
)
def test_a_waiver_holds_until_its_last_day(
    until: str, status: ExitCode, hipscan: Hipscan, tmp_path: Path
) -> None:
    (tmp_path / "hipscan.yaml").write_text(_WAIVERS.format(until=until))
    path = write_snapshot(tmp_path)
    done = hipscan("evaluate", path, "-p", PACK, "--rule", "wrong-critical", "-f", "json")
    assert done.status == status
    waived = [item["waiver"] for item in done.report["findings"][0]["observations"]]
    assert [bool(waiver) for waiver in waived] == [status is ExitCode.OK]


def test_flags_win_over_environment_and_file(
    hipscan: Hipscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_snapshot(tmp_path)
    judge = ("evaluate", path, "-p", PACK, "--rule", "wrong-high")
    (tmp_path / "hipscan.yaml").write_text("fail_on: high\nseverity: critical\n")
    assert hipscan(*judge).status == ExitCode.GATE
    assert "1 failure below critical not shown" in hipscan(*judge).out
    monkeypatch.setenv("HIPSCAN_FAIL_ON", "critical")
    assert hipscan(*judge).status == ExitCode.OK
    assert hipscan(*judge, "--fail-on", "info").status == ExitCode.GATE


def test_variables_come_from_file_flag_and_inventory(hipscan: Hipscan, tmp_path: Path) -> None:
    path = write_snapshot(tmp_path)
    judge = ("evaluate", path, "-p", PACK, "--rule", "wrong-critical")
    (tmp_path / "hipscan.yaml").write_text("set: {wanted_arch: x86_64}\n")
    assert hipscan(*judge).status == ExitCode.OK
    assert hipscan(*judge, "--set", "wanted_arch=vax").status == ExitCode.GATE
