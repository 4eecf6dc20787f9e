"""Judge a document by a model of pydantic's kind, and say where and how it is wrong.

The layers above bring the model; nothing of pydantic is imported here, only its manners are
known: `model_validate_json`, `model_json_schema`, and an exception that has `errors()`:

    {"type": "extra_forbidden", "loc": ("hosts", "web1", "usr"), "msg": ..., "ctx": {...}}

becomes `inventory.yaml:3:5: unknown key 'usr'; did you mean 'user'?`. A validator of a model may
raise ValueError(message) or ValueError(message, what to write instead).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, Self, TypeVar

from hipscan.documents.document import Document, Step, Value, suggest
from hipscan.documents.scalars import Trap, quoted, resolve
from hipscan.errors import DocumentError, Mistake


class Model(Protocol):
    """A class that makes an instance of JSON, or says everything that is wrong with it."""

    @classmethod
    def model_validate_json(cls, json_data: str, /, *, strict: bool | None = None) -> Self:
        """Return the instance; raise a ValueError that has `errors()`."""

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema of what is accepted."""


M = TypeVar("M", bound=Model)
Path = tuple[Step, ...]


def check(document: Document, model: type[M]) -> M:
    """Return `document` as an instance of `model`; raise DocumentError with every mistake."""
    try:
        return model.model_validate_json(json.dumps(document.value), strict=True)
    except ValueError as error:
        if not hasattr(error, "errors"):
            raise
        complaints: Iterable[Mapping[str, Any]] = error.errors()
        raise DocumentError(explain(document, complaints, model.model_json_schema())) from None


def explain(
    document: Document, complaints: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]
) -> tuple[Mistake, ...]:
    """Turn a model's complaints into mistakes; `schema` tells which keys there are."""
    found: list[Mistake] = []
    wrong_types: dict[Path, list[str]] = {}
    for complaint in complaints:
        path = _real(document, complaint["loc"])
        expected = _EXPECTED.get(complaint["type"])
        if expected:
            wrong_types.setdefault(path, []).append(expected)
        else:
            found.append(_mistake(document, path, complaint, schema))
    for path, words in wrong_types.items():
        if not any(_is_inside(other, path) for other in wrong_types):
            found.append(_wrong_type(document, path, words))
    return tuple(dict.fromkeys(found))


def _is_inside(path: Path, outer: Path) -> bool:
    """Return whether `path` lies deeper: then a member of the union took what is at `outer`."""
    return len(path) > len(outer) and path[: len(outer)] == outer


def _real(document: Document, location: Sequence[Step]) -> Path:
    """Drop the steps that name members of a union: the document has no such keys."""
    path: Path = ()
    for step in location:
        if document.has((*path, step)):
            path = (*path, step)
    return path


_EXPECTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "mapping_type": "a mapping of keys to values",
    "dataclass_type": "a mapping of keys to values",
    "path_type": "a path",
    "none_required": "null",
}


def _wrong_type(document: Document, path: Path, words: Sequence[str]) -> Mistake:
    expected = " or ".join(dict.fromkeys(words))
    value = _at(document.value, path)
    instead = ""
    if "text" in words and isinstance(value, bool | int | float):
        instead = f"write {quoted(json.dumps(value))} for text"
    if isinstance(value, str) and not isinstance(resolve(value), str | Trap | None):
        instead = "write it without quotes"
    return document.mistake(path, f"{_name(path)} is {_kind(value)}, not {expected}", instead)


def _at(value: Value, path: Path) -> Value:
    for step in path:
        if isinstance(value, dict):
            value = value[str(step)]
        elif isinstance(value, list):
            value = value[int(step)]
    return value


def _name(path: Path) -> str:
    """Name the value at `path` as a person would: by its key, or by its number in the list."""
    if not path:
        return "the document"
    last = path[-1]
    if isinstance(last, str):
        return repr(last)
    return f"entry {last + 1} of {_name(path[:-1])}"


def _kind(value: Value) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return json.dumps(value)
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _mistake(
    document: Document, path: Path, complaint: Mapping[str, Any], schema: Mapping[str, Any]
) -> Mistake:
    context: Mapping[str, Any] = complaint.get("ctx") or {}
    key = complaint["loc"][-1:] == ("[key]",)
    match complaint["type"]:
        case "extra_forbidden":
            instead = suggest(str(path[-1]), names(schema, path[:-1]))
            return document.mistake(path, f"unknown key {path[-1]!r}", instead, key=True)
        case "missing":
            missing = complaint["loc"][-1]
            return document.mistake(path, f"the key {missing!r} is missing", f"add {missing}:")
        case "literal_error" | "enum" | "union_tag_invalid":
            return _not_listed(document, path, context)
        case "union_tag_not_found":
            missing = str(context.get("discriminator", "")).strip("'")
            return document.mistake(path, f"the key {missing!r} is missing", f"add {missing}:")
        case "value_error" | "assertion_error":
            return document.mistake(path, *_said(context, str(complaint["msg"])), key=key)
        case _:
            said = _lowered(str(complaint["msg"]))
            return document.mistake(path, f"{_name(path)}: {said}", key=key)


def _not_listed(document: Document, path: Path, context: Mapping[str, Any]) -> Mistake:
    listed = str(context.get("expected") or context.get("expected_tags") or "")
    choices = re.findall(r"'([^']*)'", listed)
    tag = str(context.get("discriminator", "")).strip("'")
    path = (*path, tag) if tag else path
    value = _at(document.value, path)
    if isinstance(value, str):
        return document.mistake(path, f"unknown {_name(path)}: {value!r}", suggest(value, choices))
    return document.mistake(path, f"{_name(path)} is {_kind(value)}", f"one of: {listed}")


def _said(context: Mapping[str, Any], message: str) -> tuple[str, str]:
    error = context.get("error")
    if not isinstance(error, Exception) or not error.args:
        return message, ""
    message, *instead = (str(part) for part in error.args)
    return message, instead[0] if instead else ""


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def names(schema: Mapping[str, Any], path: Sequence[Step]) -> tuple[str, ...]:
    """Return the keys that the JSON Schema `schema` knows for the mapping at `path`."""
    shapes = tuple(_members(schema, schema))
    for step in path:
        shapes = tuple(
            member
            for shape in shapes
            for child in _children(shape, step)
            for member in _members(schema, child)
        )
    return tuple(sorted({key for shape in shapes for key in shape.get("properties", {})}))


def _members(schema: Mapping[str, Any], shape: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield `shape` itself and whatever it refers to or offers as an alternative."""
    yield shape
    reference = shape.get("$ref", "")
    if reference:
        yield from _members(schema, schema["$defs"][reference.rpartition("/")[2]])
    for keyword in ("anyOf", "oneOf", "allOf"):
        for alternative in shape.get(keyword, ()):
            yield from _members(schema, alternative)


def _children(shape: Mapping[str, Any], step: Step) -> Iterator[Mapping[str, Any]]:
    if isinstance(step, int):
        candidates = [shape.get("items")]
    elif step in shape.get("properties", {}):
        candidates = [shape["properties"][step]]
    else:
        patterns: Mapping[str, Any] = shape.get("patternProperties", {})
        candidates = [shape.get("additionalProperties"), *patterns.values()]
    yield from (child for child in candidates if isinstance(child, Mapping))
