"""The table of report formats: name to module. Adding a format adds one line here."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, cast

from hipscan.report.base import Reporter

FORMATS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "html": "hipscan.report.html_page",
        "json": "hipscan.report.json_document",
        "table": "hipscan.report.terminal",
    }
)


def load(name: str) -> Reporter:
    """Return the reporter called `name`, imported on first use."""
    return cast("Reporter", import_module(FORMATS[name]).render)
