"""The table of probes: name to module. Adding a probe adds one line here."""

from functools import cache
from importlib import import_module
from typing import Final

from hipscan.probes.base import FactSpec, Probe

_NAMES: Final = ("file_status", "platform")


@cache
def probes() -> dict[str, Probe]:
    """Return every probe by name."""
    modules = (import_module(f"hipscan.probes.{name}") for name in _NAMES)
    return {module.PROBE.name: module.PROBE for module in modules}


@cache
def facts() -> dict[str, FactSpec]:
    """Return every fact that a probe can read, by name."""
    return {spec.name: spec for probe in probes().values() for spec in probe.facts}


@cache
def probe_of_fact() -> dict[str, Probe]:
    """Return the probe that reads each fact, by the fact's name."""
    return {spec.name: probe for probe in probes().values() for spec in probe.facts}
