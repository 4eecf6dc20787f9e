"""The work behind `hipscan rules schema`: JSON Schemas for editors, generated from the models."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import hipscan
from hipscan.config.schema import json_schema as config_schema
from hipscan.documents import files
from hipscan.documents.document import suggest
from hipscan.errors import ExitCode, UsageError
from hipscan.frameworks import reader
from hipscan.inventory import yaml_file
from hipscan.report import json_document
from hipscan.rules.schema import CasesModel, PackModel, TopicModel

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_MODELS: Final[dict[str, Callable[[], Any]]] = {
    "cases": CasesModel.model_json_schema,
    "config": config_schema,
    "framework": reader.json_schema,
    "inventory": yaml_file.json_schema,
    "pack": PackModel.model_json_schema,
    "report": json_document.schema,
    "rules": TopicModel.model_json_schema,
}


def run(name: str | None, *, write: bool, check: bool) -> int:
    """Print one schema, write all, or compare all with those in the checkout."""
    if write or check:
        return _write(_folder()) if write else _compare(_folder())
    if name not in _MODELS:
        message = f"no schema is called {name!r}" if name else "which schema?"
        raise UsageError(message, hint=suggest(name or "", _MODELS))
    sys.stdout.write(_text(name))
    return ExitCode.OK


def _text(name: str) -> str:
    schema = {"$schema": _DIALECT, **_MODELS[name]()}
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def _folder() -> Path:
    folder = Path(hipscan.__file__).resolve().parents[2] / "docs" / "schemas"
    if not folder.parent.is_dir():
        raise UsageError("there is no checkout to write to", hint="print one: rules schema NAME")
    return folder


def _write(folder: Path) -> int:
    folder.mkdir(exist_ok=True)
    for name in _MODELS:
        path = folder / f"{name}.schema.json"
        files.write(path, _text(name).encode())
        path.chmod(0o644)
    return ExitCode.OK


def _compare(folder: Path) -> int:
    stale = [name for name in _MODELS if not _is_current(folder / f"{name}.schema.json", name)]
    for name in stale:
        sys.stdout.write(f"docs/schemas/{name}.schema.json is not what the code says\n")
    if stale:
        sys.stdout.write("run `make schema` and commit the result\n")
    return ExitCode.GATE if stale else ExitCode.OK


def _is_current(path: Path, name: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == _text(name)
