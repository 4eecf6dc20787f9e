"""The table for a terminal: failures first by severity, grouped by target, the summary last.

Every text of a host or a pack becomes visible characters (hipscan.sanitize) and is handed to rich
as `Text`, never as markup.
"""

import io
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hipscan.model.finding import Finding, Observation, Outcome, Severity
from hipscan.model.report import Report, TargetResult, TargetStatus
from hipscan.report.base import View
from hipscan.sanitize import line

_STYLE: Final = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
_MOST_SUBJECTS: Final = 5
_WIDTH: Final = 100


def render(report: Report, view: View) -> Iterator[str]:
    """Yield the text target by target, then what was not checked, then the summary."""
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
    for target in report.targets():
        yield _drawn(console, _target(target, report, view))
    yield _drawn(console, _summary(report, view))


def _drawn(console: Console, content: RenderableType) -> str:
    with console.capture() as captured:
        console.print(content)
    return "".join(f"{row.rstrip()}\n" for row in captured.get().split("\n")[:-1])


def _target(target: TargetResult, report: Report, view: View) -> RenderableType:
    head = Text(line(target.name), style="bold")
    system = target.system.get("name", "")
    head.append(f"  {line(target.address)}  {line(system)}".rstrip(), style="dim")
    if target.status is TargetStatus.UNREACHABLE:
        reason = Text(f"NOT SCANNED: {line(target.reason)}", style="bold red")
        hint = Text(f"try: {line(target.hint)}") if target.hint else Text("")
        return Group(head, Padding(Group(reason, hint), (0, 0, 1, 2)))
    failures = [f for f in target.findings if f.outcome is Outcome.FAIL]
    shown = [f for f in failures if f.severity.rank >= view.least.rank]
    parts: list[RenderableType] = [head]
    if target.status is TargetStatus.PARTIAL:
        parts.append(
            Padding(Text(f"scanned in part: {line(target.reason)}", style="yellow"), (0, 2))
        )
    parts.append(_failures(shown, report) if shown else Padding(Text("no failures shown"), (0, 2)))
    hidden = len(failures) - len(shown)
    if hidden:
        parts.append(Padding(Text(f"{hidden} failures below {view.least} are hidden"), (0, 2)))
    parts.append(_open(target))
    return Group(*parts, Text(""))


def _failures(findings: Sequence[Finding], report: Report) -> Table:
    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim", expand=True)
    table.add_column("", width=8, no_wrap=True)
    table.add_column("rule", ratio=3, overflow="fold")
    table.add_column("observed", ratio=5, overflow="fold")
    for finding in sorted(findings, key=lambda f: (-f.severity.rank, f.rule)):
        rule = report.rules[finding.rule]
        name = Text(f"{line(finding.rule)}\n", style="bold").append(
            f"{line(rule.title)}\n{', '.join(rule.controls)}", style="not bold dim"
        )
        seen = Text("\n").join(_observed(finding.observations))
        seen.append(f"\nfix: {line(rule.fix)}", style="green")
        table.add_row(_severity(finding), name, seen)
        table.add_row("", "", "")
    return table


def _severity(finding: Finding) -> Text:
    word = "waived" if finding.is_waived else str(finding.severity)
    return Text(word, style="dim" if finding.is_waived else _STYLE[finding.severity])


def _observed(observations: Sequence[Observation]) -> list[Text]:
    ordered = sorted(observations, key=lambda o: (o.waiver is not None, -o.severity.rank))
    rows = [_observation(item) for item in ordered[:_MOST_SUBJECTS]]
    if len(ordered) > _MOST_SUBJECTS:
        rows.append(Text(f"and {len(ordered) - _MOST_SUBJECTS} more", style="dim"))
    return rows


def _observation(item: Observation) -> Text:
    text = Text(f"{line(item.subject)}: {line(item.observed)}")
    text.append(f"; expected: {line(item.expected)}", style="dim")
    if item.waiver:
        why = f" (waived until {item.waiver.until} by {item.waiver.owner}: {item.waiver.reason})"
        text.append(line(why), style="italic")
    return text


def _open(target: TargetResult) -> RenderableType:
    """List what was not checked: as prominent as what failed."""
    rows = [
        Text(f"{finding.outcome}  {line(finding.rule)}: {line(finding.reason)}")
        for finding in target.findings
        if finding.outcome in {Outcome.NOTCHECKED, Outcome.ERROR}
    ]
    if not rows:
        return Text("  every rule that applies was checked", style="green")
    head = Text(f"NOT CHECKED: {len(rows)} rules", style="bold yellow")
    return Padding(Group(head, *rows), (0, 0, 0, 2))


def _summary(report: Report, view: View) -> RenderableType:
    summary, run = report.summary, report.run
    targets = ", ".join(f"{count} {status}" for status, count in summary.targets.items() if count)
    counts = ", ".join(f"{summary.observations.get(level, 0)} {level}" for level in Severity)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in summary.outcomes.items())
    state = "" if run.complete else "  INCOMPLETE"
    rows = [
        Text(f"targets  {targets or 'none'}{state}", style="bold"),
        Text(f"wrong    {counts}" + (f", {summary.waived} waived" if summary.waived else "")),
        Text(f"rules    {outcomes}"),
        Text(f"gate     fails on {run.fail_on}: exit status {run.exit_code}"),
    ]
    if view.next_command:
        rows.append(Text(f"next     {line(view.next_command)}"))
    return Group(*rows)
