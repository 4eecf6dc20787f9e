"""What old feeds can no longer tell: that there is no fix yet, and that nobody exploits it.

What they did tell stays true: a vulnerability that was known is still there.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from hipscan.model.advisory import Advisory, FeedState, Matched, State
from hipscan.model.knowledge import at

_DAY: Final = 86_400
_TOO_OLD: Final = "the feed is too old to say that there is no fix"


def old_feeds(matched: Matched, now: datetime, days: int) -> tuple[FeedState, ...]:
    """Return the feeds whose data are of more than `days` before `now`."""
    return tuple(
        feed for feed in matched.feeds if (now - at(feed.dated)).total_seconds() > days * _DAY
    )


def of_records(feeds: tuple[FeedState, ...]) -> tuple[FeedState, ...]:
    """Return those that tell of vulnerabilities, not of their use."""
    return tuple(feed for feed in feeds if feed.name.startswith("osv:"))


def aged(matched: Matched, now: datetime, days: int) -> Iterator[Advisory]:
    """Yield the advisories as far as they hold when the data may be `days` old."""
    old = old_feeds(matched, now, days)
    doubts_fix = bool(of_records(old))
    doubts_use = any(feed.name == "kev" for feed in old)
    for advisory in matched.advisories:
        found = advisory
        if doubts_fix and advisory.state is State.UNFIXED:
            found = replace(found, state=State.UNKNOWN, why=_TOO_OLD)
        if doubts_use:
            found = replace(found, kev=found.kev or None, ransomware=found.ransomware or None)
        yield found
