"""The table of probes: name to module. Adding a probe adds one line here."""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Final

from hipscan.probes import inventory_data
from hipscan.probes.base import FactSpec, Probe
from hipscan.probes.derived import DERIVED

_MODULES: Final = (
    "accounts.accounts",
    "accounts.jails",
    "accounts.login_texts",
    "accounts.pam",
    "accounts.root_environment",
    "accounts.shell_timeout",
    "audit.audit",
    "containers.compose",
    "containers.container_engines",
    "databases.mysql",
    "databases.postgresql",
    "databases.stores",
    "files.aide",
    "files.config",
    "files.data_access",
    "files.file_status",
    "files.packaged_files",
    "files.walk",
    "health.dcm4chee",
    "health.hapi",
    "health.mirth",
    "health.openemr",
    "health.openmrs",
    "health.orthanc",
    "logs.logging",
    "mail.mail",
    "network.firewall",
    "network.snmpd",
    "network.sockets",
    "network.wireless",
    "packages.automatic_updates",
    "packages.packages",
    "packages.reboot",
    "packages.repositories",
    "packages.stale_processes",
    "packages.unpackaged",
    "packages.updates",
    "sharing.sharing",
    "ssh.sshd",
    "storage.backups",
    "storage.luks",
    "storage.storage",
    "sudo.root_programs",
    "sudo.sudoers",
    "system.boot",
    "system.dconf",
    "system.kernel_modules",
    "system.mac",
    "system.platform",
    "system.services",
    "system.sysctl",
    "system.time_sync",
    "tls.crypto_policy",
    "tls.keys",
    "web.apache",
    "web.nginx",
)


@cache
def probes() -> dict[str, Probe]:
    """Return every probe by name."""
    modules = (import_module(f"hipscan.probes.{name}") for name in _MODULES)
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
