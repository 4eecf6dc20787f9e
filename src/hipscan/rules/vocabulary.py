"""What rules may speak of: facts with their fields, and the ids of controls."""

from collections.abc import Mapping
from dataclasses import dataclass

from hipscan.probes.base import FactSpec


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The facts of all probes and derivations by name, and the controls of the framework.

    `attested` are those controls that no host can show, which no rule may claim to evidence.
    """

    facts: Mapping[str, FactSpec]
    controls: frozenset[str]
    attested: frozenset[str] = frozenset()
