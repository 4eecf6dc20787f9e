"""Tables that ship with hipscan as lists of lines under names, as of a day.

dated: "2026-08-21"
products:
  nginx:
  - "1.31 - - 1.31.4"
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hipscan.documents import files, yaml
from hipscan.documents.document import Document, Value
from hipscan.errors import DocumentError, Mistake

DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table has to look like: the key of its names, and a pattern of its lines in words."""

    key: str
    line: re.Pattern[str]
    words: str


def load(path: Path, shape: Shape) -> tuple[str, Mapping[str, tuple[str, ...]]]:
    """Return (ISO day, lines by name) of a table; raise DocumentError with every mistake in it."""
    document = yaml.load(files.read(path), name=str(path))
    value = document.value if isinstance(document.value, dict) else {}
    dated, table = value.get("dated"), value.get(shape.key)
    is_day = isinstance(dated, str) and re.fullmatch(DAY, dated)
    if len(value) != 2 or not is_day or not isinstance(table, dict):  # noqa: PLR2004  # the two keys
        wanted = f"a table has dated, a day such as 2026-08-21, and {shape.key}, a mapping"
        raise DocumentError((document.mistake([], wanted),))
    mistakes = [m for name, lines in table.items() for m in _wrong(document, shape, name, lines)]
    if mistakes:
        raise DocumentError(tuple(mistakes))
    lists = {name: lines for name, lines in table.items() if isinstance(lines, list)}
    return str(dated), {name: tuple(map(str, lines)) for name, lines in lists.items()}


def _wrong(document: Document, shape: Shape, name: str, lines: Value) -> list[Mistake]:
    if not isinstance(lines, list):
        return [document.mistake([shape.key, name], "must be a list of lines")]
    return [
        document.mistake([shape.key, name, at], f"is not: {shape.words}")
        for at, line in enumerate(lines)
        if not (isinstance(line, str) and shape.line.fullmatch(line))
    ]
