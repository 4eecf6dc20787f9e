"""Makes OpenVEX documents for tests."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

STATEMENT: Final[Mapping[str, Any]] = {
    "vulnerability": {"name": "CVE-2024-1001"},
    "products": [{"@id": "pkg:deb/debian/openssl"}],
    "status": "not_affected",
    "justification": "vulnerable_code_not_present",
}
DOCUMENT: Final[Mapping[str, Any]] = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://clinic.example/vex/1",
    "author": "Clinic IT",
    "timestamp": "2026-11-20T08:00:00Z",
    "version": 1,
    "statements": [STATEMENT],
}


def changed(good: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return `good` with `change` laid over it; None takes a key away."""
    return {key: value for key, value in {**good, **change}.items() if value is not None}


def write(path: Path, *statements: Mapping[str, Any], **change: object) -> Path:
    """Write a document of these statements, each laid over a good one, and return its path."""
    said = {"statements": [_statement(item) for item in statements]} if statements else {}
    path.write_text(json.dumps(changed(DOCUMENT, {**said, **change}), indent=1))
    return path


def _statement(change: Mapping[str, Any]) -> dict[str, Any]:
    if change.get("status", "not_affected") != "not_affected":
        change = {"justification": None, **change}
    return changed(STATEMENT, change)
