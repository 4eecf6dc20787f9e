"""Knowledge: what judging needs and no host can tell. Saved beside the snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from hipscan.model.finding import Waiver

SCHEMA: Final = "hipscan-knowledge/1"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Support of one release of a distribution: ISO dates, "" where there is none.

    `system` and `release` are ID and VERSION_ID of os-release, a release that ends in `.*`
    stands for every minor version.
    """

    system: str
    release: str
    name: str
    supported_until: str
    extended_until: str = ""
    extended_name: str = ""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything beside the snapshot that a verdict may rest on.

    `first_seen` maps a subject such as `pending_update openssl` to the ISO time at which
    hipscan first saw it.
    """

    now: datetime
    lifecycles: tuple[Lifecycle, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    first_seen: Mapping[str, str] = field(default_factory=dict)


def at(iso: str) -> datetime:
    """Return an ISO 8601 time or date as an aware datetime in UTC."""
    moment = datetime.fromisoformat(iso)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
