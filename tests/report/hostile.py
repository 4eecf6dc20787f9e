"""A report in which every text of a host, a pack or a person is hostile."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import yaml

from hipscan.model.report import Report
from tests.report import reports

LEVELS: Final = ("critical", "high", "medium", "low", "info")


@cache
def payloads() -> tuple[str, ...]:
    """Return the payloads of cases/payloads.yaml."""
    return tuple(yaml.safe_load((reports.HERE / "cases" / "payloads.yaml").read_text("utf-8")))


def report(texts: Sequence[str]) -> Report:
    """Return a report with one rule, one target and one unreachable target for each text."""
    whole = " ".join(texts)
    head = dict.fromkeys(("id", "started", "finished", "hipscan", "profile"), whole)
    run = {**head, "packs": [whole], "fail_on": "high", "complete": False, "exit_code": 1}
    targets = [target for text in texts for target in (_target(text), _unreachable(text))]
    rules = {text: _rule(text) for text in texts}
    frameworks = [item for text in texts for item in (_framework(text), _crosswalk(text))]
    data = {"run": run, "rules": rules, "targets": targets, "frameworks": frameworks}
    return reports.build(data)


def _rule(text: str) -> dict[str, Any]:
    names = ("title", "why", "fix", "shell", "preview")
    references = {text: [text]}
    texts: dict[str, Any] = dict.fromkeys(names, text)
    return {**texts, "severity": "high", "controls": [text], "references": references}


def _target(text: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(("name", "address", "reason"), text),
        "status": "partial",
        "system": {"name": text, text: text},
        "facts": {text: 1},
        "not_read": {text: text},
        "peer": {text: text},
        "passed": [text],
        "notapplicable": {text: text},
        "not_affected": [_stated(text)],
        "findings": [
            {
                **_verdict(text, "fail"),
                "observations": [_observed(text, level) for level in LEVELS],
            },
            {**_verdict(text, "fail"), "observations": [_waived(text)]},
            _verdict(text, "notchecked"),
            _verdict(text, "error"),
        ],
    }


def _stated(text: str) -> dict[str, Any]:
    names = ("justification", "text", "author", "made", "document")
    voucher = {**dict.fromkeys(names, text), "status": "fixed", "packages": [text]}
    own = dict.fromkeys(("id", "cve", "ecosystem", "source", "installed", "fixed", "kev"), text)
    return {**own, "state": "not_affected", "packages": [text], "vex": [voucher]}


def _verdict(text: str, outcome: str) -> dict[str, Any]:
    return {"rule": text, "outcome": outcome, "severity": "high", "reason": text}


def _observed(text: str, level: str) -> dict[str, Any]:
    return {"subject": text, "observed": text, "expected": text, "severity": level}


def _waived(text: str) -> dict[str, Any]:
    names = ("rule", "reason", "owner", "until", "target", "subject")
    return {**_observed(text, "low"), "waiver": dict.fromkeys(names, text)}


def _unreachable(text: str) -> dict[str, Any]:
    return {**dict.fromkeys(("name", "address", "reason", "hint"), text), "status": "unreachable"}


def _framework(text: str) -> dict[str, Any]:
    names = ("id", "name", "kind", "family", "how", "reason", "summary")
    control: dict[str, Any] = {**dict.fromkeys(names, text), "rules": [text], "under": [text]}
    controls = [
        {**control, "evidence": "both", "status": "partial"},
        {**control, "evidence": "attestation", "status": "not-assessed"},
    ]
    return {"id": text, "title": text, "controls": controls}


def _crosswalk(text: str) -> dict[str, Any]:
    control = {**_framework(text)["controls"][0], "maps_to": [text, f"not {text}"]}
    head = dict.fromkeys(("id", "title", "source"), text)
    return {**head, "status": "proposed", "controls": [control]}
