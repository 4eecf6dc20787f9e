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
    if fact.status is not FactStatus.OK:
        return fact
    reasons = (_stale(item, knowledge) for item in read("package_lists").records)
    reason = next(filter(None, reasons), "")
    return Fact(FactStatus.PARTIAL, fact.records, reason) if reason else fact


def _stale(package_list: Record, knowledge: Knowledge) -> str:
    """Say why a list cannot be believed, "" where it can."""
    now, name = knowledge.now.timestamp(), package_list.get("suite")
    updated, valid_until = package_list.get("updated"), package_list.get("valid_until")
    if not isinstance(updated, int):
        return f"when the package list {name} was fetched is not known"
    days = int((now - updated) // _DAY)
    if days > knowledge.list_days:
        return f"the package list {name} is {days} days old, more than {knowledge.list_days}"
    if isinstance(valid_until, int) and valid_until < now:
        return f"the package list {name} has run out, by what its repository says of it"
    return ""


DOUBTS: Final[Mapping[str, Doubt]] = {"pending_update": _by_age_of_lists}
