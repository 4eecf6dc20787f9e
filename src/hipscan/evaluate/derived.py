"""The facts of one snapshot together with what follows from them."""

from dataclasses import dataclass

from hipscan.model.fact import Fact
from hipscan.model.knowledge import Knowledge
from hipscan.model.snapshot import Snapshot
from hipscan.probes.derived import DERIVED


@dataclass(frozen=True, slots=True)
class AllFacts:
    """Facts by name, read or derived; a snapshot that has one of the name (a case) wins."""

    snapshot: Snapshot
    knowledge: Knowledge

    def get(self, name: str) -> Fact:
        """Return the fact; a missing one is notcollected."""
        if name in DERIVED and name not in self.snapshot.facts:
            return DERIVED[name].derive(self.get, self.knowledge)
        return self.snapshot.fact(name)
