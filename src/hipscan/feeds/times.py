"""Times of feeds in one form, so that text orders them: 2025-08-25T17:04:19+00:00."""

from datetime import UTC, datetime


def moment(text: str) -> str:
    """Return an ISO 8601 time or date in UTC, to the second; raise ValueError."""
    found = datetime.fromisoformat(text)
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="seconds")
