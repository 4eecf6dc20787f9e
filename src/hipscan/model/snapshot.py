"""Snapshot: all facts about one target at one time; collecting ends and judging starts here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Fact, FactStatus, missing

SCHEMA: Final = "hipscan-snapshot/1"


@dataclass(frozen=True, slots=True)
class TargetData:
    """What the inventory said of a target, as far as judging needs it.

    `host` is the name or address that it is reached at.
    """

    name: str
    groups: tuple[str, ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)
    phi: bool = False
    phi_paths: tuple[str, ...] = ()
    host: str = ""

    @property
    def holds_phi(self) -> bool:
        """Say whether patient data lives here: the inventory says so, or where it does."""
        return self.phi or bool(self.phi_paths)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Facts by name, with when and how they were read.

    `taken` is the scanner's clock as ISO 8601 in UTC; `seconds` the wall time of the exchange;
    `script` the SHA-256 of the script; `peer` how the target was reached; `broken` says why the
    reply ended before its end, or is empty.
    """

    target: TargetData
    taken: str
    hipscan: str
    script: str
    facts: Mapping[str, Fact]
    seconds: float = 0.0
    address: str = ""
    broken: str = ""
    peer: Mapping[str, str] = field(default_factory=dict)

    def fact(self, name: str) -> Fact:
        """Return the fact called `name`, or one that says it was not collected."""
        found = self.facts.get(name)
        if found is not None:
            return found
        return missing(FactStatus.NOTCOLLECTED, f"{name} was not collected")
