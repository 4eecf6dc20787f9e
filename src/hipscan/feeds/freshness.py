"""Where "there is no fix yet" is not known: the target has seen what the feed has not.

A feed that was published before the repositories from which the target installs cannot say that
they have no fix. Nor can one that does not know a version as new as the installed one.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from hipscan.feeds.distributions import Distribution
from hipscan.feeds.merge import Found
from hipscan.model.advisory import Advisory, FeedState, State
from hipscan.model.fact import Record
from hipscan.model.knowledge import at

# What a distribution publishes takes a while to get into a feed, and a weekend to be fetched.
_APART: Final = timedelta(days=3)
_AHEAD: Final = "the installed version is newer than every one that the feed knows"


def published(lists: Iterable[Record], distribution: Distribution) -> str:
    """Return the ISO time of the newest of the distribution's `package_lists`, "" for none.

    That is when the repository was published, or where it does not say so, when it was fetched.
    """
    times = [
        moment
        for entry in lists
        if _is_of(entry, distribution)
        and isinstance(moment := entry.get("dated") or entry.get("updated"), int)
    ]
    return datetime.fromtimestamp(max(times), UTC).isoformat() if times else ""


def _is_of(entry: Record, distribution: Distribution) -> bool:
    """Say whether a list is the distribution's; dnf's do not tell whose they are."""
    origin = str(entry.get("origin") or "")
    return entry.get("manager") != "apt" or bool(
        re.search(distribution.vendor, origin, re.IGNORECASE)
    )


@dataclass(frozen=True, slots=True)
class Doubt:
    """What keeps a feed from saying that there is no fix.

    `behind` says why the whole feed may not, or is ""; `ahead` are (place, ecosystem) of items that
    are newer than what it knows.
    """

    behind: str
    ahead: Collection[tuple[int, str]]

    def of(self, advisory: Advisory, found: Sequence[Found]) -> Advisory:
        """Return the advisory that came of `found`, unknown where it cannot be unfixed."""
        if advisory.state is not State.UNFIXED:
            return advisory
        is_ahead = all((item.hit.n, item.hit.ecosystem) in self.ahead for item in found)
        why = self.behind or (_AHEAD if is_ahead else "")
        return replace(advisory, state=State.UNKNOWN, why=why) if why else advisory


def behind(feed: FeedState | None, repository: str) -> str:
    """Say how far the feed is behind the target's repositories, "" where it is not."""
    if feed is None or not repository or at(repository) - at(feed.dated) <= _APART:
        return ""
    return (
        f"the feed is of {feed.dated[:10]}, the target's repositories are of {repository[:10]}:"
        " a fix may be out"
    )
