"""Whether JSON has the shape that a feed promises: the part of JSON Schema that this takes.

    {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer"}}}

type, required, properties, items, minItems and pattern; a library for all of JSON Schema would be
loaded for one list. Answers are one line for a person: what is wrong, and where.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Final

_TYPES: Final[Mapping[str, type]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
}
_SHOWN: Final = 40


def schema(name: str) -> Mapping[str, Any]:
    """Return a schema that ships with hipscan, such as `kev.schema.json`."""
    text = resources.files("hipscan.feeds").joinpath(name).read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def mistake(wanted: Mapping[str, Any], value: object) -> str:
    """Return the first thing that is wrong with `value`, "" where it has the shape."""
    return next(_mistakes(wanted, value, "it"), "")


def _mistakes(wanted: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:  # noqa: ANN401  # JSON
    if not _is(wanted["type"], value):
        yield f"{where} is {_shown(value)}, not of the type {wanted['type']}"
        return
    match value:
        case dict():
            yield from (f"{where} has no {key}" for key in wanted["required"] if key not in value)
            for key, inner in wanted["properties"].items():
                if key in value:
                    yield from _mistakes(inner, value[key], _below(where, key))
        case list():
            if len(value) < wanted.get("minItems", 0):
                yield f"{where} is empty"
            for number, item in enumerate(value):
                yield from _mistakes(wanted["items"], item, f"{where}[{number}]")
        case str() if "pattern" in wanted and not re.search(wanted["pattern"], value):
            yield f"{where} is {_shown(value)}, which does not match {wanted['pattern']}"


def _is(name: str, value: object) -> bool:
    return isinstance(value, _TYPES[name]) and not isinstance(value, bool)


def _below(where: str, key: str) -> str:
    return key if where == "it" else f"{where}.{key}"


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
