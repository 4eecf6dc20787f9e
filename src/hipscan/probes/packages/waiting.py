"""How long security updates have been waiting, as far as earlier scans of the target saw them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, missing
from hipscan.model.knowledge import Knowledge, at
from hipscan.probes.base import FactSpec, Field, FieldType

SPEC: Final = FactSpec(
    "waiting_update",
    "One update that an earlier scan saw already, with the day it was first seen.",
    ("package",),
    {
        "package": Field(FieldType.TEXT, "the installed binary package"),
        "installed": Field(FieldType.TEXT, "the version on the target"),
        "candidate": Field(FieldType.TEXT, "the newer version that is offered"),
        "security": Field(FieldType.BOOLEAN, "whether it is a security update"),
        "since": Field(FieldType.TIME, "when a scan first saw an update wait for this package"),
    },
)

_TAKEN: Final = ("package", "installed", "candidate", "security")


def derive(fact: Callable[[str], Fact], knowledge: Knowledge) -> Fact:
    """Return the fact `waiting_update`: updates that no scan remembers are left out."""
    pending = fact("pending_update")
    if "first_seen" in knowledge.target.unknown:
        return missing(FactStatus.NOTCOLLECTED, knowledge.target.unknown["first_seen"])
    waiting = tuple(_seen_before(pending.records, knowledge.target.first_seen))
    return Fact(pending.status, waiting, pending.reason)


def _seen_before(records: tuple[Record, ...], first_seen: Mapping[str, str]) -> Iterator[Record]:
    for record in records:
        since = first_seen.get(f"pending_update {record.get('package')}")
        if since:
            taken = {name: record[name] for name in _TAKEN if name in record}
            yield {**taken, "since": int(at(since).timestamp())}
