"""What the feeds say of one target: its snapshot against the index in a folder."""

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hipscan.feeds import applications, releases
from hipscan.feeds.index import Index, opened
from hipscan.feeds.match import match
from hipscan.feeds.stocks import stocks
from hipscan.model.advisory import Matched
from hipscan.model.application import Application
from hipscan.model.knowledge import Lifecycle
from hipscan.model.snapshot import Snapshot


def matched(folder: Path, snapshot: Snapshot) -> Matched | None:
    """Return what the index in `folder` says of `snapshot`, None where there is no index.

    Whatever keeps it from an answer is the `reason` of one: a target never fails for the feeds.
    """
    try:
        with opened(folder) as index:
            if index is None:
                return None
            reason = _reason(snapshot)
            return Matched(reason=reason) if reason else match(index, stocks(snapshot))
    except sqlite3.Error as error:
        return Matched(reason=f"the index of feeds cannot be read: {error}")


@dataclass(frozen=True, slots=True)
class Support:
    """Until when what is on a target is supported, as far as tables tell.

    `lifecycles` are those of its distribution by the feeds, of the ISO day `dated`.
    """

    applications: tuple[Application, ...]
    lifecycles: tuple[Lifecycle, ...] = ()
    dated: str = ""


def support(folder: Path | None, snapshot: Snapshot, shipped: applications.Source) -> Support:
    """Return what the index in `folder` and the table that ships with hipscan say of a snapshot.

    An index that cannot be read is as none: the table that ships is there all the same.
    """
    if folder is not None:
        with suppress(sqlite3.Error), opened(folder) as index:
            if index is not None:
                return _supported(index, snapshot, shipped)
    return Support(applications.applications(snapshot, shipped))


def _supported(index: Index, snapshot: Snapshot, shipped: applications.Source) -> Support:
    platform = snapshot.fact("platform").records
    known = releases.of_index(index, str(platform[0]["id"])) if platform else ((), "")
    found = applications.applications(snapshot, applications.of_index(index), shipped)
    return Support(found, *known)


def _reason(snapshot: Snapshot) -> str:
    for name in ("platform", "package"):
        fact = snapshot.fact(name)
        if not fact.records:  # a part of them is looked up: what is found there is there
            return f"{name}: {fact.status}" + (f" ({fact.reason})" if fact.reason else "")
    if not stocks(snapshot):
        platform = snapshot.fact("platform").records[0]
        return f"no feed knows {platform.get('name') or platform.get('id')}"
    return ""
