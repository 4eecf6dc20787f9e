"""Knowledge: what judging needs and no host can tell. Saved beside the snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from hipscan.model.advisory import Ended, Matched
from hipscan.model.application import Application
from hipscan.model.finding import Waiver
from hipscan.model.vex import Statement

SCHEMA: Final = "hipscan-knowledge/1"
TARGET_SCHEMA: Final = "hipscan-target-knowledge/1"


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
class TargetKnowledge:
    """What is known of one target: kept beside its snapshot.

    `first_seen` maps a subject such as `pending_update openssl` to the ISO time at which
    hipscan first saw it. `matched` is what the feeds say of it, None where there is no index of
    feeds. `applications` are those from outside of the distribution, None where nobody looked.
    `lifecycles` are what the feeds say of the releases of its distribution, of the ISO day
    `lifecycles_dated`. `ended` are packages whose support ends early by the list that ships, of
    the ISO day `ended_dated`, None where it has none of the release. `unknown` says of what could
    not be known, by name, why.
    """

    first_seen: Mapping[str, str] = field(default_factory=dict)
    matched: Matched | None = None
    applications: tuple[Application, ...] | None = None
    lifecycles: tuple[Lifecycle, ...] = ()
    lifecycles_dated: str = ""
    ended: tuple[Ended, ...] | None = None
    ended_dated: str = ""
    unknown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything beside the snapshot that a verdict may rest on; `target` is the target's own.

    `feed_days` is how old, in days, the data of a feed may be to let a rule pass, `list_days` how
    old the lists of packages that updates are looked up in, `lifecycle_days` how old a table of
    ends of support. `lifecycles` is the table that ships with hipscan, of the ISO day
    `lifecycles_dated`. `vex` are statements about vulnerabilities, as they were read.
    """

    now: datetime
    lifecycles: tuple[Lifecycle, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    target: TargetKnowledge = TargetKnowledge()
    feed_days: int = 14
    list_days: int = 7
    lifecycles_dated: str = ""
    lifecycle_days: int = 365
    vex: tuple[Statement, ...] = ()

    def of(self, target: TargetKnowledge) -> "Knowledge":
        """Return the same with what is known of one target."""
        return replace(self, target=target)


def at(iso: str) -> datetime:
    """Return an ISO 8601 time or date as an aware datetime in UTC."""
    moment = datetime.fromisoformat(iso)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
