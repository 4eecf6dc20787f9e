"""The codec: values of the model to JSON and back, versioned.

Driven by the dataclasses' own type hints, so that a new field needs no second place. Decoding is
strict: an unknown key, a wrong type or a wrong schema name is a ValueError that says where.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeVar

T = TypeVar("T")
_PLAIN: Final = frozenset({str, int, float, bool, types.NoneType})


def encode(value: object) -> Any:  # noqa: ANN401  # JSON
    """Return `value` as plain JSON data."""
    return json.loads(json.dumps(value, default=_opened))


def _opened(value: object) -> object:
    """Return what JSON has no form for, opened by one level: json.dumps asks again for its parts.

    So records of plain values, which is most of a snapshot, never leave the encoder written in C.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    match value:
        case Mapping():
            return dict(value)
        case frozenset():
            return list(value)
        case datetime():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")


def _fields(value: Any) -> dict[str, object]:  # noqa: ANN401  # any dataclass
    return {name: getattr(value, name) for name in _names(value.__class__)}


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def decode(kind: type[T], data: object, *, where: str = "") -> T:
    """Return `data`, plain JSON, as a `kind`. Raises ValueError."""
    value: T = _decode(kind, data, where or kind.__name__)
    return value


def _decode(kind: Any, data: Any, where: str) -> Any:  # noqa: ANN401  # types and JSON as values
    if kind is object or dataclasses.is_dataclass(kind):
        return data if kind is object else _decode_dataclass(kind, data, where)
    match typing.get_origin(kind):
        case typing.Union | types.UnionType:
            return _decode_union(kind, data, where)
        case origin if origin is tuple:
            _want(data, list, where)
            item = typing.get_args(kind)[0]
            return tuple(_decode(item, part, f"{where}[{at}]") for at, part in enumerate(data))
        case origin if origin is Mapping:
            return _decode_mapping(kind, data, where)
        case origin if origin is Sequence:  # a list in a fact's record, JSON already
            _want(data, list, where)
            return data
    return _decode_scalar(kind, data, where)


def _decode_mapping(kind: Any, data: Any, where: str) -> dict[Any, Any]:  # noqa: ANN401  # the same
    _want(data, dict, where)
    key, item = typing.get_args(kind)
    return {_decode(key, k, where): _decode(item, v, f"{where}.{k}") for k, v in data.items()}


def _decode_union(kind: Any, data: Any, where: str) -> Any:  # noqa: ANN401  # the same
    for option in typing.get_args(kind):
        try:
            return _decode(option, data, where)
        except ValueError:
            continue
    raise ValueError(f"{where}: {_name(data)} does not fit")


def _decode_dataclass(kind: Any, data: Any, where: str) -> Any:  # noqa: ANN401  # the same
    _want(data, dict, where)
    hints = _hints(kind)
    unknown = data.keys() - hints.keys()
    if unknown:
        raise ValueError(f"{where}: unknown key {min(unknown)!r}")
    values = {key: _decode(hints[key], item, f"{where}.{key}") for key, item in data.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from None


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode_scalar(kind: Any, data: Any, where: str) -> Any:  # noqa: ANN401  # the same
    if kind is datetime:
        _want(data, str, where)
        return datetime.fromisoformat(data)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(data)
        except ValueError:
            raise ValueError(f"{where}: {data!r} is no {kind.__name__}") from None
    if kind is float and type(data) is int:
        return float(data)
    if kind not in _PLAIN:
        raise TypeError(f"{where}: no codec for {kind!r}")
    _want(data, kind, where)
    return data


def _want(data: object, kind: type, where: str) -> None:
    is_wrong_bool = isinstance(data, bool) and kind is not bool
    if not isinstance(data, kind) or is_wrong_bool:
        raise ValueError(f"{where}: {_name(data)} where {kind.__name__} is expected")


def _name(data: object) -> str:
    return "null" if data is None else type(data).__name__


def dumps(schema: str, value: object) -> bytes:
    """Return a versioned document: `{"schema": ..., "value fields": ...}` as UTF-8 JSON."""
    # Without indent: only then the encoder is the fast one.
    text = json.dumps({"schema": schema, **_fields(value)}, ensure_ascii=True, default=_opened)
    return text.encode("ascii") + b"\n"


def loads(schema: str, kind: type[T], content: bytes) -> T:
    """Read what `dumps` wrote. Raises ValueError, also for another schema or version."""
    try:
        document = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deep") from None
    _want(document, dict, "document")
    found = document.pop("schema", None)
    if found != schema:
        raise ValueError(f"schema is {found!r}, not {schema!r}")
    return decode(kind, document)
