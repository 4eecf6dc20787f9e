"""The list of Debian packages whose support ends early that ships, rules/early_ends.yaml.

dated: "2026-06-12"
releases:
  "12":
  - "dnsdist 2025-10-01"
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hipscan.feeds.early_ends import EarlyList
from hipscan.rules import dated_lists

_SHAPE: Final = dated_lists.Shape(
    "releases",
    re.compile(rf"[a-z0-9][a-z0-9+.*-]* {dated_lists.DAY}"),
    "source, day",
)


def load(path: Path) -> Mapping[str, EarlyList]:
    """Return the lists in `path` by release; raise DocumentError with every mistake in it."""
    dated, table = dated_lists.load(path, _SHAPE)
    return {
        release: EarlyList(dated, tuple(_entry(line) for line in lines))
        for release, lines in table.items()
    }


def _entry(line: str) -> tuple[str, str]:
    source, _, day = line.partition(" ")
    return source, day
