"""The facts of one snapshot together with what follows from them and from the inventory."""

from dataclasses import dataclass, field

from hipscan.model.fact import Fact
from hipscan.model.knowledge import Knowledge
from hipscan.model.snapshot import Snapshot
from hipscan.probes import inventory_data
from hipscan.probes.derived import DERIVED
from hipscan.probes.packages.doubts import DOUBTS


@dataclass(frozen=True, slots=True)
class AllFacts:
    """Facts by name, read or derived; a snapshot that has one of the name (a case) wins."""

    snapshot: Snapshot
    knowledge: Knowledge
    derived: dict[str, Fact] = field(default_factory=dict)

    def get(self, name: str) -> Fact:
        """Return the fact; a missing one is notcollected."""
        if name in self.snapshot.facts:
            fact = self.snapshot.facts[name]
            return DOUBTS[name](fact, self.get, self.knowledge) if name in DOUBTS else fact
        if name == inventory_data.SPEC.name:
            return inventory_data.target_fact(self.snapshot.target)
        if name not in DERIVED:
            return self.snapshot.fact(name)
        if name not in self.derived:
            self.derived[name] = DERIVED[name].derive(self.get, self.knowledge)
        return self.derived[name]
