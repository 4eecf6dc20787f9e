"""What the feeds say of one target: its snapshot against the index in a folder."""

import sqlite3
from pathlib import Path

from hipscan.feeds.index import opened
from hipscan.feeds.match import match
from hipscan.feeds.stocks import stocks
from hipscan.model.advisory import Matched
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


def _reason(snapshot: Snapshot) -> str:
    for name in ("platform", "package"):
        fact = snapshot.fact(name)
        if not fact.is_decided or not fact.records:
            return f"{name}: {fact.status}" + (f" ({fact.reason})" if fact.reason else "")
    if not stocks(snapshot):
        platform = snapshot.fact("platform").records[0]
        return f"no feed knows {platform.get('name') or platform.get('id')}"
    return ""
