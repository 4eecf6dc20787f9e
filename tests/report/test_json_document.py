"""The JSON report is what its JSON Schema says, and the schema says all of it."""

import copy
import json
from typing import Any

import jsonschema
import pytest

from hipscan.report import json_document
from hipscan.report.base import View
from tests.report import golden, hostile, reports

SCHEMA = dict(json_document.schema())


def _documents() -> dict[str, Any]:
    found = {run: reports.read(reports.HERE / "cases" / f"{run}.yaml") for run in golden.RUNS} | {
        "hostile": hostile.report(hostile.payloads())
    }
    return {
        name: json.loads("".join(json_document.render(report, View())))
        for name, report in found.items()
    }


def _closed(schema: Any) -> Any:  # noqa: ANN401  # JSON
    """Return `schema` with every object closed, so that a field it does not name is an error."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _closed(value) for key, value in schema.items()}
    if "properties" in schema and isinstance(schema.get("required"), list):
        inner["additionalProperties"] = False
    return inner


def _fields(schema: dict[str, Any]) -> set[str]:
    parts = {"": schema, **{f"{name}.": part for name, part in schema["$defs"].items()}}
    return {f"{name}{key}" for name, part in parts.items() for key in part.get("required", ())}


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", [*golden.RUNS, "hostile"])
def test_a_report_is_valid_and_holds_no_field_that_is_not_described(name: str) -> None:
    jsonschema.Draft202012Validator(_closed(copy.deepcopy(SCHEMA))).validate(_documents()[name])


def test_no_field_of_version_1_ever_goes() -> None:
    promised = (reports.HERE / "cases" / "report-1-fields.txt").read_text("utf-8").split()
    assert set(promised) <= _fields(SCHEMA)


def test_it_streams_one_target_a_piece() -> None:
    report = reports.read(reports.HERE / "cases" / "clinic.yaml")
    pieces = list(json_document.render(report, View()))
    assert sum('"address"' in piece for piece in pieces) >= 4
