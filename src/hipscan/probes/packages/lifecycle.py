"""Whether the target's release still gets security updates: os-release against the table.

The table is the one that ships with hipscan, and before it what the feeds say where they are newer.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, absent, missing, ok
from hipscan.model.knowledge import Knowledge, Lifecycle, at
from hipscan.probes.base import FactSpec, Field, FieldType

SPEC: Final = FactSpec(
    "release",
    "The release of the distribution, and how long it is supported.",
    ("name",),
    {
        "id": Field(FieldType.TEXT, "ID of os-release"),
        "version": Field(FieldType.TEXT, "VERSION_ID of os-release"),
        "name": Field(FieldType.TEXT, "the release as people call it"),
        "phase": Field(
            FieldType.TEXT,
            "supported; extended: only by its long-term support; ended; null: not in the table",
        ),
        "supported": Field(FieldType.BOOLEAN, "whether ordinary security support goes on"),
        "security_until": Field(FieldType.TIME, "when ordinary security support ends"),
        "extended_until": Field(FieldType.TIME, "when extended support ends, where there is any"),
        "extended_name": Field(FieldType.TEXT, "what the extended support is called"),
        "extended_paid": Field(FieldType.BOOLEAN, "whether it takes a subscription"),
        "extended_here": Field(
            FieldType.BOOLEAN, "whether a repository of it is in use; null: not known"
        ),
        "days_left": Field(FieldType.INTEGER, "whole days of ordinary support; negative: since"),
        "dated": Field(FieldType.TIME, "of when the table is that tells"),
    },
)

_DAY: Final = 86_400
_ROLLING: Final = frozenset({"opensuse-tumbleweed", "opensuse-microos", "arch", "gentoo", "void"})
_FREE: Final = frozenset({"Debian LTS"})  # reaches every host through the ordinary archive
# What the repositories of support that is paid for have in their address or id: Ubuntu Pro's
# https://esm.ubuntu.com/infra/ubuntu, Red Hat's rhel-7-server-els-rpms, SUSE's ...-LTSS-Updates.
_REPOSITORIES: Final = {
    "Ubuntu Pro (ESM)": "esm.ubuntu.com/infra",
    "Extended Life Cycle Support": "-els-",
    "LTSS": "ltss",
}


def release(platform: Record, lifecycles: Sequence[Lifecycle], now: datetime) -> Record:
    """Return the record of `release`: the platform's place in `lifecycles` at the time `now`."""
    system, version = str(platform["id"]), str(platform["version"])
    known = next((item for item in lifecycles if _is(item, system, version)), None)
    base: Record = {"id": system, "version": version, "name": platform.get("name") or system}
    if known is None:
        return {**base, "phase": None, "supported": None, "security_until": None}
    until = _end(known.supported_until)
    record = {
        **base,
        "name": known.name,
        "phase": _phase(known, now.timestamp()),
        "supported": now.timestamp() < until,
        "security_until": until,
        "days_left": int((until - now.timestamp()) // _DAY),
    }
    return {**record, **_extended(known)}


def _is(lifecycle: Lifecycle, system: str, version: str) -> bool:
    stem = lifecycle.release.removesuffix(".*")
    is_minor = stem != lifecycle.release and version.startswith(f"{stem}.")
    return lifecycle.system == system and (version == stem or is_minor)


def _end(date: str) -> int:
    """Return the end of a day, in seconds: support lasts through the day that is named."""
    return int(at(date).timestamp()) + _DAY


def _phase(lifecycle: Lifecycle, now: float) -> str:
    if now < _end(lifecycle.supported_until):
        return "supported"
    if lifecycle.extended_until and now < _end(lifecycle.extended_until):
        return "extended"
    return "ended"


def _reaches(name: str, repositories: Fact) -> bool | None:
    """Say whether a repository of the extended support is in use, None where that is not known."""
    mark = _REPOSITORIES.get(name)
    if mark is None:
        return name in _FREE or None
    if any(item.get("enabled") and mark in _place(item) for item in repositories.records):
        return True
    return False if repositories.is_decided else None


def _place(repository: Record) -> str:
    return f"{repository.get('uri')} {repository.get('suite')}".lower()


def _extended(lifecycle: Lifecycle) -> Record:
    if not lifecycle.extended_until:
        return {}
    return {
        "extended_until": _end(lifecycle.extended_until),
        "extended_name": lifecycle.extended_name,
        "extended_paid": lifecycle.extended_name not in _FREE,
    }


def derive(fact: Callable[[str], Fact], knowledge: Knowledge) -> Fact:
    """Return the fact `release`; what is wrong with `platform` is wrong with it too.

    A table that is too old may not know of an end that was moved: it can take a pass away.
    """
    platform = fact("platform")
    if not platform.records:
        return missing(platform.status, platform.reason)
    if platform.records[0]["id"] in _ROLLING:
        return absent("a distribution without releases, of which none ends")
    table, dated = _table(knowledge)
    if not table:
        return missing(FactStatus.NOTCOLLECTED, "there is no table of lifecycles to look in")
    record = release(platform.records[0], table, knowledge.now)
    if name := record.get("extended_name"):
        record = {**record, "extended_here": _reaches(str(name), fact("repository"))}
    if dated:
        record = {**record, "dated": int(at(dated).timestamp())}
    old = too_old(dated, knowledge)
    return Fact(FactStatus.PARTIAL, (record,), old) if old else ok(record)


def _table(knowledge: Knowledge) -> tuple[tuple[Lifecycle, ...], str]:
    """Return the lifecycles, those of newer feeds first, and the ISO day of what counts."""
    shipped, target = knowledge.lifecycles, knowledge.target
    if not target.lifecycles or target.lifecycles_dated < knowledge.lifecycles_dated:
        return shipped, knowledge.lifecycles_dated
    names = {(item.system, item.release): item.name for item in shipped}
    fed = (
        replace(item, name=names.get((item.system, item.release), item.name))
        for item in target.lifecycles
    )
    return (*fed, *shipped), target.lifecycles_dated


def too_old(dated: str, knowledge: Knowledge, days: int = 0, *, feed: str = "endoflife") -> str:
    """Return why a table of the ISO day `dated` lets nothing pass, "" where it does.

    `days` is the limit, else that of `knowledge`; `feed` has newer ones. A table without a day is
    one of an old run.
    """
    limit = min(days or knowledge.lifecycle_days, knowledge.lifecycle_days)
    age = int((knowledge.now - at(dated)).total_seconds() // _DAY) if dated else 0
    if age <= limit:
        return ""
    return f"the ends of support are as of {dated}, {age} days ago; hipscan feeds update {feed}"
