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

from hipscan.feeds.applications import Cycles
from hipscan.model.application import PAST, Cycle
from hipscan.rules import dated_lists

_END: Final = rf"(?:{dated_lists.DAY}|{PAST}|-)"
_SHAPE: Final = dated_lists.Shape(
    "products",
    re.compile(rf"\S+ {_END} {_END} \S.*"),
    "cycle, end of support, end of support that is paid for, newest version",
)


def load(path: Path) -> Mapping[str, Cycles]:
    """Return the table in `path` by product; raise DocumentError with every mistake in it."""
    dated, table = dated_lists.load(path, _SHAPE)
    return {
        name: Cycles(dated, tuple(_cycle(line) for line in lines)) for name, lines in table.items()
    }


def _cycle(line: str) -> Cycle:
    name, *rest = line.split(" ", 3)
    ended, extended, latest = ("" if part == "-" else part for part in rest)
    return Cycle(name, ended, extended, latest)
