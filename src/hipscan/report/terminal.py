"""The table for a terminal: by target, failures first by severity, the summary last.

    pacs1  pacs1.clinic.example:22  Debian GNU/Linux 12 (bookworm)
      high      Root can log in over SSH
                ssh-root-login  164.312(a)(2)(i), 164.312(d)
                permitrootlogin: yes; expected: no
                fix: Set PermitRootLogin to no and reload sshd.

Every text of a host or a pack becomes visible characters (hipscan.sanitize) and is handed to rich
as `Text`, never as markup. Long lists and long values are cut, and say so; -f json has them whole.
"""

import io
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hipscan.model.finding import Finding, Observation, Outcome, Severity
from hipscan.model.report import (
    ControlStatus,
    FrameworkResult,
    Report,
    Summary,
    TargetResult,
    TargetStatus,
)
from hipscan.report import digest
from hipscan.report.base import View
from hipscan.report.bearable import cut, listed, tamed
from hipscan.report.digest import State

_STYLE: Final = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
_STATUS: Final = {
    ControlStatus.SATISFIED: "satisfied",
    ControlStatus.NOT_SATISFIED: "not satisfied",
    ControlStatus.PARTIAL: "in part",
    ControlStatus.NOT_ASSESSED: "not assessed",
}
_GAP: Final = "bold magenta"
_MOST_OBSERVATIONS: Final = 4
_MOST_STATED: Final = 8
_MOST_RULES: Final = 8
_MOST_TARGETS: Final = 10
_WIDTH: Final = 100
_INDENT: Final = 12
_BESIDE: Final = 66  # the column of rule and controls, on terminals that are wide
_WIDE: Final = 120


def render(report: Report, view: View) -> Iterator[str]:
    """Yield the text target by target, then the summary."""
    console = Console(
        file=io.StringIO(),
        force_terminal=view.color,
        no_color=not view.color,
        color_system="standard" if view.color else None,
        width=view.width or _WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    missed: list[str] = []
    for target in report.targets():
        if target.status is TargetStatus.UNREACHABLE and len(missed) <= _MOST_TARGETS:
            missed.append(target.name)
        yield _drawn(console, Group(*_target(target, report, view, console.width), Text("")))
    yield _drawn(console, Group(*_summary(report, view, missed)))


def _drawn(console: Console, content: RenderableType) -> str:
    with console.capture() as captured:
        console.print(content)
    return "".join(f"{tamed(row.rstrip())}\n" for row in captured.get().split("\n")[:-1])


def _target(
    target: TargetResult, report: Report, view: View, width: int
) -> Iterator[RenderableType]:
    head = Text(cut(target.name), style="bold")
    for extra in filter(None, (target.address, target.system.get("name", ""))):
        head.append(f"  {cut(extra)}", style="not bold dim")
    yield head
    if target.status is TargetStatus.UNREACHABLE:
        yield _inset(_gap("NOT SCANNED", target.reason), 2)
        if target.hint:
            yield _inset(Text(f"next: {cut(target.hint)}"))
        return
    if target.status is TargetStatus.PARTIAL:
        yield _inset(_gap("IN PART", target.reason), 2)
    findings = digest.ordered(target.findings)
    yield from _failures(findings, report, view, width)
    yield from _unjudged(target)
    yield from _waived(findings, report, width)
    yield from _stated(target)
    yield _inset(Text(_held(len(target.passed), len(target.notapplicable)), style="dim"), 2)


def _failures(
    findings: Sequence[Finding], report: Report, view: View, width: int
) -> Iterator[RenderableType]:
    """Show what failed at or above the view's severity; say how much is below."""
    failed = [finding for finding in findings if digest.state(finding) is State.FAIL]
    shown = [finding for finding in failed if finding.severity.rank >= view.least.rank]
    for finding in shown:
        label = Text(str(finding.severity), style=_STYLE[finding.severity])
        yield from _title(label, finding, report, width)
        yield from map(_inset, _observed(finding))
        fix = digest.rule_text(report, finding.rule).fix
        if fix:
            yield _inset(Text(f"fix: {cut(fix)}", style="green"))
    if len(shown) < len(failed):
        hidden = digest.counted(len(failed) - len(shown), "failure", "failures")
        words = f"{hidden} below {view.least} not shown; -s info shows all"
        yield _inset(Text(words, style="bold"), 2)


def _title(label: Text, finding: Finding, report: Report, width: int) -> Iterator[RenderableType]:
    """Show a finding's title, and rule and controls beneath it, or beside it where that fits."""
    rule = digest.rule_text(report, finding.rule)
    left = Text("  ").append_text(label)
    left.append(" " * max(_INDENT - left.cell_len, 1))
    left.append(cut(rule.title), style="bold")
    if rule.preview:
        left.append(" (preview)", style="dim")
    right = Text(cut("  ".join(filter(None, (rule.id, ", ".join(rule.controls))))), style="dim")
    column = max(_BESIDE, left.cell_len + 2)
    if width >= _WIDE and column + right.cell_len <= width:
        yield left + Text(" " * (column - left.cell_len)) + right
        return
    yield left
    yield _inset(right)


def _observed(finding: Finding) -> Iterator[Text]:
    items = digest.observations(finding)
    most = len(items) if len(items) <= _MOST_OBSERVATIONS + 1 else _MOST_OBSERVATIONS
    wanted = {item.expected for item in items}
    is_shared = len(items) > 1 and len(wanted) == 1
    if finding.reason:
        yield Text(cut(finding.reason), style="italic")
    for item in items[:most]:
        yield _observation(item, expected="" if is_shared else f"; expected: {cut(item.expected)}")
    if len(items) > most:
        yield Text(f"and {len(items) - most} more", style="dim")
    if is_shared:
        yield Text(f"expected: {cut(wanted.pop())}", style="dim")


def _observation(item: Observation, *, expected: str) -> Text:
    text = Text(f"{cut(item.subject)}: {cut(item.observed)}")
    text.append(expected, style="dim")
    return text.append(_waiver(item), style="italic")


def _waiver(item: Observation) -> str:
    if not item.waiver:
        return ""
    until, owner = cut(item.waiver.until), cut(item.waiver.owner)
    return f" (waived until {until} by {owner}: {cut(item.waiver.reason)})"


def _waived(findings: Sequence[Finding], report: Report, width: int) -> Iterator[RenderableType]:
    for finding in findings:
        if digest.state(finding) is State.WAIVED:
            yield from _title(Text("waived", style="dim"), finding, report, width)
            yield from map(_inset, _observed(finding))


def _stated(target: TargetResult) -> Iterator[RenderableType]:
    """List what statements say does not affect the target; what attackers use stands out."""
    items = digest.not_affected(target)
    if not items:
        return
    yield _inset(Text(f"stated    {_stated_count(len(items))}", style="dim"), 2)
    for item in items[:_MOST_STATED]:
        text = Text(f"{cut(item.source)} {cut(item.cve)}: ")
        if item.kev:
            text.append("KNOWN TO BE EXPLOITED, ", style=_GAP)
        yield _inset(text.append(cut("; ".join(voucher.words for voucher in item.vex))))
    if len(items) > _MOST_STATED:
        yield _inset(Text(f"and {len(items) - _MOST_STATED} more", style="dim"))


def _stated_count(count: int) -> str:
    found = digest.counted(count, "known vulnerability", "known vulnerabilities")
    return f"{found} said not to affect, or fixed (OpenVEX)"


def _unjudged(target: TargetResult) -> Iterator[RenderableType]:
    """List what was not checked, by reason: as prominent as what failed."""
    groups = digest.unjudged(target)
    if not groups:
        return
    count = digest.counted(sum(map(len, groups.values())), "rule", "rules")
    yield _inset(_gap("NOT CHECKED", count), 2)
    for reason, findings in groups.items():
        yield _inset(Text(cut(reason) or "no reason was given"))
        yield _inset(Text(listed(map(_named, findings), _MOST_RULES), style="dim"), _INDENT + 2)


def _named(finding: Finding) -> str:
    word = "error, " if finding.outcome is Outcome.ERROR else ""
    return f"{cut(finding.rule)} ({word}{finding.severity})"


def _held(passed: int, beside: int) -> str:
    return f"{passed} passed, {digest.counted(beside, 'does', 'do')} not apply"


def _summary(report: Report, view: View, missed: Sequence[str]) -> Iterator[Text]:
    summary, counts = report.summary, report.summary.outcomes
    yield Text(digest.headline(report), style="bold")
    targets = [f"{count} {status}" for status, count in summary.targets.items() if count]
    names = f": {listed(map(cut, missed), _MOST_TARGETS)}" if missed else ""
    yield _row("targets", f"{', '.join(targets) or 'none'}{names}")
    yield _row("failed", _failed(summary), "bold red")
    unread = digest.counted(counts.get(Outcome.NOTCHECKED, 0), "check", "checks")
    errors = digest.counted(counts.get(Outcome.ERROR, 0), "error", "errors")
    yield _row("not checked", f"{unread}, {errors}", _GAP)
    held = _held(counts.get(Outcome.PASS, 0), counts.get(Outcome.NOTAPPLICABLE, 0))
    yield _row("held", held, "green")
    if summary.not_affected:
        yield _row("stated", _stated_count(summary.not_affected))
    if report.frameworks:
        yield _row("safeguards", _safeguards(report.frameworks[0]))
    yield _row("gate", f"{_gate(report, view)}; exit status {report.run.exit_code}")
    if view.next_command:
        yield _row("next", cut(view.next_command), "bold")


def _failed(summary: Summary) -> str:
    levels = [f"{n} {level}" for level in Severity if (n := summary.observations.get(level, 0))]
    checks = digest.counted(summary.outcomes.get(Outcome.FAIL, 0), "check", "checks")
    seen = digest.counted(sum(summary.observations.values()), "observation", "observations")
    waived = f"; {summary.waived} waived" if summary.waived else ""
    return f"{checks}, {seen}{': ' if levels else ''}{', '.join(levels)}{waived}"


def _safeguards(framework: FrameworkResult) -> str:
    """Return how the controls of the catalogue stand; the matrix itself is in the other formats."""
    found = [control.status for control in framework.controls]
    counts = ", ".join(
        f"{found.count(status)} {words}" for status, words in _STATUS.items() if status in found
    )
    return f"{counts}, of {len(found)}"


def _gate(report: Report, view: View) -> str:
    """Return how the gate ended, and whether -s hides what failed it."""
    run = report.run
    ended = digest.gate_words(run)
    is_hidden = run.exit_code == 1 and view.least.rank > _rank(run.fail_on)
    return f"{ended}, in part by what -s {view.least} hides" if is_hidden else ended


def _rank(level: str) -> int:
    return Severity(level).rank if level in list(Severity) else len(Severity)


def _row(label: str, text: str, style: str = "") -> Text:
    return Text(f"  {label:<13}", style=style).append(text, style="not bold default")


def _gap(label: str, text: str) -> Text:
    return Text(label, style=_GAP).append(f"  {cut(text)}", style="not bold default")


def _inset(content: RenderableType, by: int = _INDENT) -> Padding:
    return Padding(content, (0, 0, 0, by))
