"""HIPSCAN_KEY in the environment, as hipscan.yaml would say it.

HIPSCAN_JOBS=8
HIPSCAN_PACKS=/srv/packs/ours:hipaa          parted as in PATH, and so is HIPSCAN_VEX
HIPSCAN_SET='idle_minutes=10 users=["ann"]'  words as in a shell
HIPSCAN_FEEDS='osv=https://mirror.example/osv/{name}.zip'
"""

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from hipscan.config.schema import ConfigModel
from hipscan.documents import schema, yaml
from hipscan.documents.document import Value, nearest
from hipscan.errors import DocumentError, UsageError

PREFIX: Final = "HIPSCAN_"
FILE: Final = f"{PREFIX}CONFIG"

_KEYS: Final = tuple(key for key in ConfigModel.model_fields if key != "waivers")
_LONGEST_NUMBER: Final = 9


def read(variables: Mapping[str, str]) -> ConfigModel:
    """Return what the environment says; an empty variable says nothing.

    Raises UsageError with every mistake; a name that is nearly right is one.
    """
    found: dict[str, Value] = {}
    mistakes: list[str] = []
    for name in sorted(name for name in variables if name.startswith(PREFIX)):
        try:
            key = _key(name)
            if key and variables[name]:
                found[key] = _value(name, key, variables[name])
        except UsageError as error:
            mistakes.append(error.message)
    if mistakes:
        raise UsageError("\n".join(mistakes))
    return ConfigModel.model_validate_json(json.dumps(found), strict=True)


def _key(name: str) -> str | None:
    """Return the key that a variable sets, or None where it is not one of ours."""
    key = name.removeprefix(PREFIX).lower()
    if key in _KEYS:
        return key
    if name != FILE and (near := nearest(key, _KEYS)):
        raise UsageError(f"{name}: unknown variable; did you mean {PREFIX}{near.upper()}?")
    return None


def _value(name: str, key: str, text: str) -> Value:
    value = _typed(name, key, text)
    try:
        schema.check(yaml.load(json.dumps({key: value}), name=name), ConfigModel)
    except DocumentError as error:
        first = error.mistakes[0]
        raise UsageError(f"{name}: {first.message}; {first.instead}".rstrip("; ")) from None
    return value


def _typed(name: str, key: str, text: str) -> Value:
    match key:
        case "jobs" if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER:
            return int(text)
        case "packs" | "vex":
            return [part for part in text.split(os.pathsep) if part]
        case "set" | "feeds":
            return values(_words(name, text), where=name)
        case _:
            return text


def _words(name: str, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None


def values(assignments: Sequence[str], *, where: str) -> dict[str, Value]:
    """Parse NAME=VALUE; a value that is JSON is taken as such, else as text."""
    found: dict[str, Value] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f"{where}: {assignment!r} is not NAME=VALUE")
        try:
            found[name] = json.loads(text)
        except (ValueError, RecursionError):
            found[name] = text
    return found
