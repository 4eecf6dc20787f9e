"""Until when software from outside of the distribution is supported by its makers.

What it is, and the line of releases it belongs to, is in Knowledge (hipscan.feeds.applications);
here the clock comes in. Software whose line no table knows has no phase: no rule can pass it.
"""

from collections.abc import Callable, Sequence
from typing import Final

from hipscan.model.application import PAST, Application, Cycle
from hipscan.model.fact import Fact, FactStatus, Record, missing, ok
from hipscan.model.knowledge import Knowledge, at
from hipscan.probes.base import FactSpec, Field, FieldType
from hipscan.probes.packages.lifecycle import too_old

NEEDS: Final = ("platform", "package", "unpackaged_software", "foreign_package")

SPEC: Final = FactSpec(
    "application",
    "One piece of software that its makers support, not the distribution.",
    ("product", "cycle", "place"),
    {
        "product": Field(FieldType.TEXT, "its name at endoflife.date: nginx, postgresql, ..."),
        "version": Field(FieldType.TEXT, "its version; null: nothing readable tells it"),
        "cycle": Field(FieldType.TEXT, "its line of releases; the version where none is known"),
        "place": Field(FieldType.TEXT, "the package, or the folder, that it was found in"),
        "origin": Field(FieldType.TEXT, "who it is from, or: by hand"),
        "phase": Field(
            FieldType.TEXT,
            "supported; extended: only for those who pay; ended; null: no table can tell",
        ),
        "until": Field(FieldType.TEXT, "the day on which support ends or ended, past, or open"),
        "ends": Field(FieldType.TIME, "when support ends; null: that is not known"),
        "paid_until": Field(FieldType.TEXT, "the day on which support that is paid for ends"),
        "days_left": Field(FieldType.INTEGER, "whole days of support; negative: since it ended"),
        "latest": Field(FieldType.TEXT, "the newest version of its line"),
        "dated": Field(FieldType.TIME, "of when the table is that tells"),
    },
)

OPEN_DAYS: Final = 180
"""How old a table may be, in days, to say that a line whose end is not set has not ended."""

_DAY: Final = 86_400
_UNKNOWN: Final = {"phase": None, "until": None, "paid_until": None, "latest": None}


def derive(fact: Callable[[str], Fact], knowledge: Knowledge) -> Fact:
    """Return the fact `application`; where not everything could be read it is partial."""
    found = knowledge.target.applications
    if found is None:
        return missing(FactStatus.NOTCOLLECTED, "nobody looked for software from elsewhere")
    records = tuple(_record(item, knowledge) for item in found)
    why = [reason for name in _asked(fact) if (reason := _unread(name, fact(name)))]
    why += {old for item in found if item.cycle and (old := too_old(item.dated, knowledge))}
    if why:
        return Fact(FactStatus.PARTIAL, records, "; ".join(why))
    return ok(*records)


def _asked(fact: Callable[[str], Fact]) -> Sequence[str]:
    """Return what has to be known: rpm and apk need no repositories to tell who built a package."""
    is_dpkg = any(item.get("manager") == "dpkg" for item in fact("package").records[:1])
    return NEEDS if is_dpkg else NEEDS[:-1]


def _unread(name: str, fact: Fact) -> str:
    if fact.is_decided:
        return ""
    return f"{name}: {fact.status}" + (f" ({fact.reason})" if fact.reason else "")


def _record(item: Application, knowledge: Knowledge) -> Record:
    return {
        "product": item.product,
        "version": item.version or None,
        "cycle": item.cycle.name if item.cycle else item.version or None,
        "place": item.place,
        "origin": item.origin,
        **(_support(item.cycle, item.dated, knowledge) if item.cycle else _UNKNOWN),
    }


def _support(cycle: Cycle, dated: str, knowledge: Knowledge) -> Record:
    now = knowledge.now.timestamp()
    ends = _end(cycle.ended)
    return {
        "phase": _phase(cycle, dated, knowledge),
        "until": cycle.ended or "open",
        "ends": ends,
        "paid_until": cycle.extended,
        "days_left": None if ends is None else int((ends - now) // _DAY),
        "latest": cycle.latest,
        "dated": int(at(dated).timestamp()),
    }


def _phase(cycle: Cycle, dated: str, knowledge: Knowledge) -> str | None:
    if not cycle.ended:
        return None if too_old(dated, knowledge, OPEN_DAYS) else "supported"
    if _lasts(cycle.ended, knowledge):
        return "supported"
    return "extended" if _lasts(cycle.extended, knowledge) else "ended"


def _lasts(day: str, knowledge: Knowledge) -> bool:
    end = _end(day)
    return end is not None and knowledge.now.timestamp() < end


def _end(day: str) -> int | None:
    """Return the end of a day, in seconds: support lasts through the day that is named."""
    return None if day in {"", PAST} else int(at(day).timestamp()) + _DAY
