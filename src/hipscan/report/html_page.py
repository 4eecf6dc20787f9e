"""The HTML report: one self-contained page for auditors, managers and the people who fix hosts.

The page loads nothing: styles and script stand in it and are allowed by their hashes alone. All
rows are in the page, so that it works without the script; the script filters, copies and opens.
Texts of rules stand once and are linked. Every text goes through `hipscan.sanitize` on its way
into the page (`finalize`) and is escaped by Jinja2; no template may switch that off.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hipscan.model.finding import Finding, Severity, fingerprint
from hipscan.model.report import (
    ControlResult,
    ControlStatus,
    FrameworkResult,
    Report,
    RuleText,
    TargetResult,
    TargetStatus,
)
from hipscan.report import digest
from hipscan.report.base import View
from hipscan.sanitize import block, line

_PIECES: Final = 512
_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fail": "failed",
        "error": "error",
        "notchecked": "not checked",
        "waived": "waived",
        "exploited": "known to be exploited",
        "pass": "passed",
        "notapplicable": "not applicable",
        "unreachable": "not scanned",
        "unread": "not read",
        "satisfied": "satisfied",
        "not-satisfied": "not satisfied",
        "partial": "in part",
        "not-assessed": "not assessed",
    }
)
_EVIDENCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "automated": "A scan can show it",
        "both": "A scan shows a part, people attest the rest",
        "attestation": "Only people can attest it",
        "none": "Nothing can show it yet",
    }
)
_BY_SCAN: Final = frozenset({"automated", "both"})


def render(report: Report, _view: View) -> Iterator[str]:
    """Yield the page piece by piece; memory grows with one target, not with the fleet."""
    page = _environment().get_template("page.html")
    stream = page.stream(report=report, run=report.run, rules=_sorted(report))
    stream.enable_buffering(_PIECES)
    yield from stream


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hipscan.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["rows"] = _rows
    environment.globals.update(
        digest=digest,
        words=_WORDS,
        evidence_words=_EVIDENCE,
        severities=tuple(Severity),
        unreachable=TargetStatus.UNREACHABLE,
        anchor=_anchor,
        target_anchor=_target_anchor,
        status_counts=_status_counts,
        control_anchors=_control_anchors,
        rests=_rests,
        by_family=_by_family,
        style=_asset("page.css"),
        script=_asset("page.js"),
        style_hash=_hash("page.css"),
        script_hash=_hash("page.js"),
    )
    return environment


def _shown(value: object) -> object:
    """Return what a template prints: a text as one visible line, markup of our own untouched."""
    return line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _rows(text: str) -> list[str]:
    """Return the lines of a text that keeps them, such as a fix for the shell."""
    return block(text).split("\n")


def _asset(name: str) -> Markup:
    content = files("hipscan.report").joinpath("templates", name).read_text("utf-8")
    return Markup(content)  # noqa: S704  # our own file, from the package


def _hash(name: str) -> str:
    """Return the source expression of Content-Security-Policy that allows exactly this asset."""
    digested = hashlib.sha256(_asset(name).encode()).digest()
    return f"sha256-{base64.b64encode(digested).decode()}"


def _anchor(finding: Finding) -> str:
    """Return a permalink: the same for as long as rule and target keep their names."""
    return f"finding-{fingerprint(finding.rule, finding.target, '')}"


def _target_anchor(target: TargetResult) -> str:
    return f"target-{fingerprint('', target.name, '')}"


def _sorted(report: Report) -> tuple[tuple[RuleText, bool], ...]:
    """Return every rule with whether it is open anywhere: those first, the most severe on top."""
    still_open = digest.open_rules(report)
    pairs = ((rule, rule.id in still_open) for rule in report.rules.values())
    return tuple(sorted(pairs, key=lambda pair: (not pair[1], -pair[0].severity.rank, pair[0].id)))


def _status_counts(framework: FrameworkResult) -> dict[ControlStatus, int]:
    found = [control.status for control in framework.controls]
    return {status: found.count(status) for status in ControlStatus}


def _rests(framework: FrameworkResult) -> bool:
    """Say whether the controls of `framework` rest on those of another."""
    return any(control.maps_to for control in framework.controls)


def _control_anchors(report: Report) -> dict[str, str]:
    """Return the place in the page of each control that others may rest on, by its id."""
    controls = (c for item in report.frameworks if not _rests(item) for c in item.controls)
    return {c.id: f"control-{fingerprint('', c.id, '')}" for c in controls}


def _by_family(
    framework: FrameworkResult, *, by_scan: bool
) -> list[tuple[str, list[ControlResult]]]:
    """Return the controls of which a scan can say something, or the others, grouped by family."""
    groups: dict[str, list[ControlResult]] = {}
    for control in framework.controls:
        is_known = control.status is not ControlStatus.NOT_ASSESSED
        if (is_known or control.evidence in _BY_SCAN) is by_scan:
            groups.setdefault(control.family, []).append(control)
    return list(groups.items())
