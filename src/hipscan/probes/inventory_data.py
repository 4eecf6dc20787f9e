"""The fact `target`: what the inventory says of a host, for rules that depend on it.

No probe reads it: it comes with the snapshot, so that a saved one is judged as it was. A rule
about patient data asks for it in `applies: {fact: target, where: {phi: {equals: true}}}`.
"""

from typing import Final

from hipscan.model.fact import Fact, ok
from hipscan.model.snapshot import TargetData
from hipscan.probes.base import FactSpec, Field, FieldType

SPEC: Final = FactSpec(
    "target",
    "The target as the inventory describes it.",
    ("name",),
    {
        "name": Field(FieldType.TEXT, "its name in the inventory"),
        "groups": Field(FieldType.LIST, "the groups it is in"),
        "phi": Field(FieldType.BOOLEAN, "whether it holds patient data: phi, or any phi_paths"),
        "phi_paths": Field(FieldType.LIST, "the folders with patient data"),
    },
)


def target_fact(target: TargetData) -> Fact:
    """Return the fact that `target` makes; always one record, always known."""
    return ok(
        {
            "name": target.name,
            "groups": list(target.groups),
            "phi": target.holds_phi,
            "phi_paths": list(target.phi_paths),
        }
    )
