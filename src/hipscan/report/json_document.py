"""The JSON report, `hipscan-report/1`: everything, for machines. It only ever grows.

Its JSON Schema is `report.schema.json` beside this file.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, cast

from hipscan.model.advisory import Advisory
from hipscan.model.codec import encode
from hipscan.model.finding import Finding, Observation
from hipscan.model.report import SCHEMA, FrameworkResult, Report, RuleText, TargetResult
from hipscan.report.base import View


def render(report: Report, _view: View) -> Iterator[str]:
    """Yield the document piece by piece, one target at a time."""
    yield f'{{"schema": {_text(SCHEMA)},\n"run": {_text(encode(report.run))},\n'
    yield f'"rules": {_text({name: _rule(rule) for name, rule in report.rules.items()})},\n'
    yield '"targets": [\n'
    yield from _joined(_text(_target(target)) for target in report.targets())
    yield '],\n"findings": [\n'
    yield from _joined(
        _text(_finding(finding)) for target in report.targets() for finding in target.findings
    )
    frameworks = [_framework(item) for item in report.frameworks]
    yield f'],\n"frameworks": {_text(frameworks)},\n"summary": {_text(encode(report.summary))}}}\n'


def schema() -> Mapping[str, Any]:
    """Return the JSON Schema of the report."""
    content = files("hipscan.report").joinpath("report.schema.json").read_text("utf-8")
    return cast("Mapping[str, Any]", json.loads(content))


def _joined(pieces: Iterator[str]) -> Iterator[str]:
    comma = ""
    for piece in pieces:
        yield comma + piece
        comma = ",\n"
    yield "\n"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)


def _rule(rule: RuleText) -> dict[str, object]:
    return {
        "title": rule.title,
        "severity": rule.severity,
        "severity_with_phi": rule.severity_with_phi,
        "controls": list(rule.controls),
        "why": rule.why,
        "fix": {"text": rule.fix, "shell": rule.shell},
        "references": {name: list(ids) for name, ids in rule.references.items()},
        "preview": rule.preview,
    }


def _target(target: TargetResult) -> dict[str, object]:
    return {
        "name": target.name,
        "address": target.address,
        "status": target.status,
        "reason": target.reason,
        "hint": target.hint,
        "os": dict(target.system),
        "facts": dict(target.facts),
        "not_read": dict(target.not_read),
        "seconds": target.seconds,
        "peer": dict(target.peer),
        "pass": list(target.passed),
        "notapplicable": dict(target.notapplicable),
        "not_affected": [_not_affected(item) for item in target.not_affected],
    }


def _not_affected(item: Advisory) -> dict[str, object]:
    return {
        "source": item.source,
        "cve": item.cve,
        "packages": list(item.packages),
        "installed": item.installed,
        "fixed": item.fixed,
        "severity": item.severity or "none",
        "kev": None if item.kev is None else bool(item.kev),
        "statements": encode(item.vex),
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "target": finding.target,
        "outcome": finding.outcome,
        "severity": finding.severity,
        "reason": finding.reason,
        "observations": [_observation(item) for item in finding.observations],
    }


def _observation(item: Observation) -> dict[str, object]:
    return {
        "subject": item.subject,
        "observed": item.observed,
        "expected": item.expected,
        "severity": item.severity,
        "fingerprint": item.fingerprint,
        "waiver": encode(item.waiver),
    }


def _framework(framework: FrameworkResult) -> dict[str, object]:
    return {
        "id": framework.id,
        "title": framework.title,
        "status": framework.status,
        "source": framework.source,
        "controls": [
            {
                "id": control.id,
                "name": control.name,
                "kind": control.kind,
                "family": control.family,
                "summary": control.summary,
                "under": list(control.under),
                "maps_to": list(control.maps_to),
                "evidence": control.evidence,
                "how": control.how,
                "status": control.status,
                "reason": control.reason,
                "rules": list(control.rules),
            }
            for control in framework.controls
        ],
    }
