"""Facts whose pass another fact takes away: what was looked up in old lists may have changed.

An update that waits by old lists still waits; that none does is not known. Adding a doubt is a
function here and a line in `DOUBTS`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record
from hipscan.model.knowledge import Knowledge

_DAY: Final = 86_400

Doubt = Callable[[Fact, Callable[[str], Fact], Knowledge], Fact]
"""Takes a fact, a reader of others, and what is known; returns the fact, made partial or as is."""


def _by_age_of_lists(fact: Fact, read: Callable[[str], Fact], knowledge: Knowledge) -> Fact:
    oldest = max((_days(item, knowledge) for item in read("package_lists").records), default=0)
    if fact.status is not FactStatus.OK or oldest <= knowledge.list_days:
        return fact
    reason = f"the package lists are {oldest} days old, more than {knowledge.list_days}"
    return Fact(FactStatus.PARTIAL, fact.records, reason)


def _days(package_list: Record, knowledge: Knowledge) -> int:
    """Return how many whole days ago a list was fetched, 0 where that is not known."""
    updated = package_list.get("updated")
    if not isinstance(updated, int):
        return 0
    return int((knowledge.now.timestamp() - updated) // _DAY)


DOUBTS: Final[Mapping[str, Doubt]] = {"pending_update": _by_age_of_lists}
