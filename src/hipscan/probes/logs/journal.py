"""How long the journal keeps records, from journald.conf(5) as the `config` fact has it. Pure.

Time spans read as systemd.time(7) has them, sizes with K, M, G, T in steps of 1024:

    MaxRetentionSec=1month 2days
    SystemMaxUse=500M
"""

import re
from collections.abc import Callable
from typing import Final

from hipscan.model.fact import Fact, Record, missing, ok
from hipscan.model.knowledge import Knowledge
from hipscan.probes.base import FactSpec, Field, FieldType

SPEC: Final = FactSpec(
    "journal_keeping",
    "For how long, and in how much space, journald keeps its records.",
    ("file",),
    {
        "days": Field(FieldType.INTEGER, "whole days of MaxRetentionSec; left out: no limit"),
        "megabytes": Field(FieldType.INTEGER, "SystemMaxUse; left out: a tenth of the disk"),
        "file": Field(FieldType.TEXT, "the file that sets one of them; else journald.conf"),
    },
)
_DAY: Final = 86_400
_UNITS: Final = (
    (1 / 1_000_000, ("us", "usec", "µs", "μs")),
    (1 / 1000, ("ms", "msec")),
    (1, ("", "s", "sec", "second", "seconds")),
    (60, ("m", "min", "minute", "minutes")),
    (3600, ("h", "hr", "hour", "hours")),
    (_DAY, ("d", "day", "days")),
    (7 * _DAY, ("w", "week", "weeks")),
    (2_629_800, ("M", "month", "months")),
    (31_557_600, ("y", "year", "years")),
)
_SECONDS: Final = {name: seconds for seconds, names in _UNITS for name in names}
_BYTES: Final = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def derive(fact: Callable[[str], Fact], _knowledge: Knowledge) -> Fact:
    """Return the fact `journal_keeping`."""
    settings = fact("config")
    if not settings.is_decided:
        return missing(settings.status, settings.reason)
    made = {
        str(record["key"]): record
        for record in settings.records
        if record.get("name") == "journald" and record.get("effective")
    }
    if not made:
        return ok()
    span, size = made.get("MaxRetentionSec", {}), made.get("SystemMaxUse", {})
    record: Record = {"file": str(span.get("file") or size.get("file") or "journald.conf")}
    seconds, used = seconds_of(str(span.get("value") or "")), bytes_of(str(size.get("value") or ""))
    if seconds:
        record = {**record, "days": int(seconds // _DAY)}
    if used:
        record = {**record, "megabytes": used >> 20}
    return ok(record)


def seconds_of(text: str) -> float:
    """Return a time span in seconds; 0 for none, for one that never ends or cannot be read."""
    parts = re.findall(r"([0-9.]+)\s*([A-Za-zµμ]*)", text)
    if re.sub(r"[0-9.]+\s*[A-Za-zµμ]*\s*", "", text) or any(u not in _SECONDS for _, u in parts):
        return 0
    return sum(float(n) * _SECONDS[u] for n, u in parts if re.fullmatch(r"\d+(\.\d*)?", n))


def bytes_of(text: str) -> int:
    """Return a size in bytes; 0 for none or one that cannot be read."""
    match = re.fullmatch(r"(\d+)\s*([BKMGT]?)", text.strip())
    return int(match[1]) * _BYTES[match[2]] if match else 0
