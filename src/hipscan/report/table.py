"""The table of report formats: name to module. Adding a format adds one line here."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, cast

from hipscan.report.base import Reporter

FORMATS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cyclonedx": "hipscan.report.cyclonedx",
        "html": "hipscan.report.html_page",
        "json": "hipscan.report.json_document",
        "table": "hipscan.report.terminal",
    }
)

# Formats that take a package that hipscan does without else: what is imported, what installs it.
NEEDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"cyclonedx": ("cyclonedx", "hipscan[sbom]")}
)


def load(name: str) -> Reporter:
    """Return the reporter called `name`, imported on first use."""
    return cast("Reporter", import_module(FORMATS[name]).render)
