"""The table of products and their support that ships with hipscan, rules/products.yaml.

dated: "2026-08-21"
products:
  nginx:
  - "1.31 - - 1.31.4"
  - "1.29 2026-05-13 - 1.29.8"
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hipscan.documents import files, yaml
from hipscan.documents.document import Document, Value
from hipscan.errors import DocumentError, Mistake
from hipscan.feeds.applications import Cycles
from hipscan.model.application import PAST, Cycle

_DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_LINE: Final = re.compile(rf"\S+ (?:{_DAY}|{PAST}|-) (?:{_DAY}|{PAST}|-) \S.*")


def load(path: Path) -> Mapping[str, Cycles]:
    """Return the table in `path` by product; raise DocumentError with every mistake in it."""
    document = yaml.load(files.read(path), name=str(path))
    match document.value:
        case {"dated": str(dated), "products": {**products}, **rest} if not rest:
            pass
        case _:
            wanted = "a table has dated, a day such as 2026-08-21, and products, a mapping"
            raise DocumentError((document.mistake([], wanted),))
    mistakes = [m for name, lines in products.items() for m in _wrong(document, name, lines)]
    if mistakes:
        raise DocumentError(tuple(mistakes))
    return {
        name: Cycles(dated, tuple(_cycle(str(line)) for line in lines))
        for name, lines in products.items()
        if isinstance(lines, list)
    }


def _wrong(document: Document, name: str, lines: Value) -> list[Mistake]:
    if not isinstance(lines, list):
        return [document.mistake(["products", name], "the lines of a product are a list")]
    return [
        document.mistake(["products", name, at], "is not: cycle, end, paid end, latest")
        for at, line in enumerate(lines)
        if not (isinstance(line, str) and _LINE.fullmatch(line))
    ]


def _cycle(line: str) -> Cycle:
    name, *rest = line.split(" ", 3)
    ended, extended, latest = ("" if part == "-" else part for part in rest)
    return Cycle(name, ended, extended, latest)
