"""The table: what stands in it, in which order, on any width."""

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from hipscan.model.finding import Severity
from hipscan.model.report import Report
from hipscan.report import terminal
from hipscan.report.base import View
from tests.report import hostile, reports

CLINIC = reports.read(reports.HERE / "cases" / "clinic.yaml")


def _drawn(view: View, report: Report = CLINIC) -> str:
    return "".join(terminal.render(report, view))


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_no_row_is_wider_than_the_terminal(width: int) -> None:
    for report in (CLINIC, hostile.report(hostile.payloads())):
        rows = _drawn(View(width=width), report).split("\n")
        assert max(cell_len(row) for row in rows) <= width


def test_without_colour_there_is_no_escape() -> None:
    assert "\x1b" not in _drawn(View())
    assert "\x1b" in _drawn(View(color=True))


@pytest.mark.parametrize("name", ["FORCE_COLOR", "CLICOLOR_FORCE", "COLORTERM", "TTY_COMPATIBLE"])
def test_the_environment_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _drawn(View())
    monkeypatch.setenv(name, "1")
    assert _drawn(View()) == before


def test_failures_come_first_the_most_severe_on_top() -> None:
    levels = re.findall(r"^  (critical|high|medium|low|waived) ", _drawn(View()), re.MULTILINE)
    assert levels[:6] == ["critical", "high", "high", "medium", "low", "waived"]


def test_a_failure_shows_all_that_a_person_needs() -> None:
    drawn = _drawn(View(width=160))
    for part in ("ssh-root-login", "164.312(d)", "permitrootlogin: yes; expected: no", "fix: Set"):
        assert part in drawn


def test_long_lists_are_cut_and_say_so() -> None:
    assert "            and 3 more\n" in _drawn(View())


def test_what_was_not_checked_is_never_hidden() -> None:
    drawn = _drawn(View(least=Severity.CRITICAL))
    assert "NOT CHECKED  5 rules" in drawn
    assert "NOT SCANNED  its host key" in drawn
    assert "sudo-without-password (high)" in drawn


def test_what_the_view_hides_is_counted() -> None:
    drawn = _drawn(View(least=Severity.CRITICAL))
    assert "4 failures below critical not shown" in drawn
    assert "reboot-pending" not in drawn


def test_it_says_when_the_view_hides_what_failed_the_gate() -> None:
    gated = replace(CLINIC, run=replace(CLINIC.run, fail_on="medium"))
    assert "-s critical hides" in _drawn(View(least=Severity.CRITICAL), gated)
    assert "hides" not in _drawn(View(), gated)


def test_the_summary_comes_last_with_the_next_command() -> None:
    rows = _drawn(View(next_command="hipscan explain x")).splitlines()
    assert [row.split()[0] for row in rows[-8:]] == [
        "targets",
        "failed",
        "not",
        "held",
        "stated",
        "safeguards",
        "gate",
        "next",
    ]
    assert rows[-1].endswith("hipscan explain x")


def test_a_host_with_15_failures_fits_two_screens() -> None:
    target = next(iter(CLINIC.targets()))
    finding = target.findings[1]
    many = replace(target, findings=(finding,) * 15, not_affected=())
    report = replace(CLINIC, targets=lambda: iter([many]))
    assert _drawn(View(width=100), report).count("\n") < 75
