"""What an inventory source offers, and the table of them, loaded on first use."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol, cast

from hipscan.model.target import Target


class Source(Protocol):
    """A kind of inventory: a module that reads one file."""

    def read(self, path: Path) -> tuple[Target, ...]:
        """Return the targets in the order of the file, at least one; raise UsageError."""


SOURCES: Final[Mapping[str, str]] = MappingProxyType({"yaml": "hipscan.inventory.yaml_file"})


def load(path: Path, *, source: str = "yaml") -> tuple[Target, ...]:
    """Return the targets of the inventory at `path`; raise UsageError with every mistake."""
    return cast("Source", import_module(SOURCES[source])).read(path)
