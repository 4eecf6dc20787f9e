"""The table of probes: name to module. Adding a probe adds one line here."""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Final

from hipscan.probes import inventory_data
from hipscan.probes.base import FactSpec, Probe
from hipscan.probes.derived import DERIVED

_NAMES: Final = (
    "accounts",
    "aide",
    "apache",
    "audit",
    "automatic_updates",
    "backups",
    "boot",
    "compose",
    "config",
    "container_engines",
    "crypto_policy",
    "dconf",
    "data_access",
    "dcm4chee",
    "file_status",
    "firewall",
    "hapi",
    "kernel_modules",
    "keys",
    "logging",
    "login_texts",
    "luks",
    "mac",
    "mail",
    "mirth",
    "mysql",
    "nginx",
    "openemr",
    "openmrs",
    "orthanc",
    "packaged_files",
    "packages",
    "pam",
    "platform",
    "postgresql",
    "reboot",
    "repositories",
    "root_environment",
    "root_programs",
    "services",
    "sharing",
    "shell_timeout",
    "snmpd",
    "sockets",
    "sshd",
    "stale_processes",
    "storage",
    "stores",
    "sudoers",
    "sysctl",
    "time_sync",
    "updates",
    "walk",
    "wireless",
)


@cache
def probes() -> dict[str, Probe]:
    """Return every probe by name."""
    modules = (import_module(f"hipscan.probes.{name}") for name in _NAMES)
    return {module.PROBE.name: module.PROBE for module in modules}


@cache
def facts() -> dict[str, FactSpec]:
    """Return every fact that rules can ask for, read, derived or given, by name."""
    read = {spec.name: spec for probe in probes().values() for spec in probe.facts}
    derived = {name: item.spec for name, item in DERIVED.items()}
    return {**read, **derived, inventory_data.SPEC.name: inventory_data.SPEC}


def probes_for(names: Iterable[str]) -> tuple[Probe, ...]:
    """Return the probes that must run so that the facts called `names` are known."""
    by_fact = probe_of_fact()
    needed: dict[str, Probe] = {}
    for name in names:
        if name in DERIVED:
            needed |= {probe.name: probe for probe in probes_for(DERIVED[name].needs)}
        elif name in by_fact:
            needed[by_fact[name].name] = by_fact[name]
    return tuple(needed.values())


@cache
def probe_of_fact() -> dict[str, Probe]:
    """Return the probe that reads each fact, by the fact's name."""
    return {spec.name: probe for probe in probes().values() for spec in probe.facts}
