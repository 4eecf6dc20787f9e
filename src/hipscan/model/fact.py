"""Fact: what one probe read on one target, or why it could not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# A field's value. None says "not known" (the record is there, this field could not be read) and
# leads to notchecked; a field that does not exist is left out of the record altogether.
Value = str | int | float | bool | None | Sequence["Value"]
Record = Mapping[str, Value]


class FactStatus(StrEnum):
    """How well a fact is known. Only `ok` and `absent` can lead to a pass."""

    OK = "ok"
    ABSENT = "absent"  # decided: the thing is not on this target
    PARTIAL = "partial"  # some of it: a cut walk, n of m readable
    DENIED = "denied"
    UNSUPPORTED = "unsupported"  # no tool, or a system that hipscan does not know
    TIMEOUT = "timeout"
    GARBLED = "garbled"  # something came back, but not what was asked for
    NOTCOLLECTED = "notcollected"


DECIDED: Final = frozenset({FactStatus.OK, FactStatus.ABSENT})


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of one target: a status, the records, and the reason when it is not `ok`."""

    status: FactStatus
    records: tuple[Record, ...] = ()
    reason: str = ""

    @property
    def is_decided(self) -> bool:
        """Say whether a pass may rest on this fact."""
        return self.status in DECIDED


def ok(*records: Record) -> Fact:
    """Return a fact that was read completely."""
    return Fact(FactStatus.OK, records)


def absent(reason: str) -> Fact:
    """Return a fact about a thing that is not there."""
    return Fact(FactStatus.ABSENT, (), reason)


def missing(status: FactStatus, reason: str) -> Fact:
    """Return a fact that could not be read, with the reason."""
    return Fact(status, (), reason)
