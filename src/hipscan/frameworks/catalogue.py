"""Frameworks: catalogues of controls, and crosswalks that rest on one.

A catalogue has controls of its own; rules name them. A crosswalk says of each of its controls on
which controls of the catalogue it rests, so that no rule names it. Both are read from
rules/frameworks/ (hipscan.frameworks.reader).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """What can show that a control holds."""

    AUTOMATED = "automated"
    ATTESTATION = "attestation"
    BOTH = "both"
    NONE = "none"


class Standing(StrEnum):
    """Whether a framework binds: law in force, a mere proposal, or good practice."""

    CURRENT = "current"
    PROPOSED = "proposed"
    PRACTICE = "practice"


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement of a framework.

    `kind` is standard, required or addressable in a catalogue and derived in a crosswalk; `under`
    names the standards that a specification belongs to, `maps_to` the catalogue's controls that a
    control of a crosswalk rests on.
    """

    id: str
    name: str
    kind: str
    family: str
    summary: str
    evidence: Evidence
    how: str
    under: tuple[str, ...] = ()
    maps_to: tuple[str, ...] = ()

    @property
    def needs_people(self) -> bool:
        """Say whether hosts show a part at best: an administrative safeguard is a procedure."""
        return self.evidence is not Evidence.AUTOMATED or self.family == "administrative"


@dataclass(frozen=True, slots=True)
class Framework:
    """Controls in the order of their source."""

    id: str
    title: str
    status: Standing
    source: str
    controls: tuple[Control, ...]

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of all controls."""
        return frozenset(control.id for control in self.controls)

    @property
    def attested(self) -> frozenset[str]:
        """Return the ids of the controls that no host can show."""
        return frozenset(c.id for c in self.controls if c.evidence is Evidence.ATTESTATION)


def supporters(control: Control, by_control: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the rules that evidence `control`, directly or through what it maps to.

    None does where only people can attest it, whatever it maps to.
    """
    if control.evidence is Evidence.ATTESTATION:
        return ()
    names = (control.id, *control.maps_to)
    return tuple(dict.fromkeys(rule for name in names for rule in by_control.get(name, ())))
