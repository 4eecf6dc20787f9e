"""Derived facts: what follows from facts that were read and from Knowledge. Pure.

A derivation asks for the facts that it needs by name, so that it sees their status too. Adding
one means a file of its own and one line in `DERIVED`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hipscan.model.fact import Fact
from hipscan.model.knowledge import Knowledge
from hipscan.probes.accounts import becoming_root, login_umask, second_factor
from hipscan.probes.audit import audit_privileged
from hipscan.probes.base import FactSpec
from hipscan.probes.health import orthanc_reach
from hipscan.probes.logs import journal
from hipscan.probes.network import firewall_ports
from hipscan.probes.packages import application, lifecycle, vulnerability, waiting

FactReader = Callable[[str], Fact]


@dataclass(frozen=True, slots=True)
class Derivation:
    """A fact that no probe reads: which facts it needs, and how it follows from them."""

    spec: FactSpec
    needs: tuple[str, ...]
    derive: Callable[[FactReader, Knowledge], Fact]


_ALL: Final = (
    Derivation(application.SPEC, application.NEEDS, application.derive),
    Derivation(audit_privileged.SPEC, audit_privileged.NEEDS, audit_privileged.derive),
    Derivation(firewall_ports.SPEC, ("listening_socket", "firewall_hook"), firewall_ports.derive),
    Derivation(journal.SPEC, ("config",), journal.derive),
    Derivation(lifecycle.SPEC, ("platform", "repository"), lifecycle.derive),
    Derivation(
        orthanc_reach.SPEC, ("orthanc_config", "listening_socket", "mount"), orthanc_reach.derive
    ),
    Derivation(second_factor.SPEC, ("sshd_config", "sshd_match", "pam_rule"), second_factor.derive),
    Derivation(becoming_root.SPEC, ("pam_rule", "group"), becoming_root.derive),
    Derivation(
        vulnerability.UNJUDGED,
        (*vulnerability.NEEDS, "unpackaged_software"),
        vulnerability.derive_unjudged,
    ),
    Derivation(vulnerability.ENDED, vulnerability.NEEDS, vulnerability.derive_ended),
    Derivation(vulnerability.FEED, vulnerability.NEEDS, vulnerability.derive_feeds),
    Derivation(vulnerability.SPEC, (*vulnerability.NEEDS, "package_lists"), vulnerability.derive),
    Derivation(login_umask.SPEC, ("umask_setting", "pam_rule", "login_defs"), login_umask.derive),
    Derivation(waiting.SPEC, ("pending_update",), waiting.derive),
)

DERIVED: Final[Mapping[str, Derivation]] = {item.spec.name: item for item in _ALL}
