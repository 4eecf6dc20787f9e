"""Advisory: one known vulnerability of one installed package, as the feeds tell it.

The unit is (source package, CVE): what several records of several feeds say of it is merged into
one value with one headline. So a new CVE is a new thing, and one of 87 can be waived.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hipscan.model.finding import Severity
from hipscan.model.vex import Voucher

SCHEMA: Final = "hipscan-matches/1"
_MALWARE: Final = "MAL-"


class State(StrEnum):
    """What can be done about a vulnerability."""

    FIXABLE = "fixable"  # a version that ends it is published
    UNFIXED = "unfixed"  # the vendor knows it, and has published no fix
    UNKNOWN = "unknown"  # the versions or streams do not compare; `why` says which
    NOT_AFFECTED = "not_affected"  # somebody who knows the host says so; `why` has the reason


@dataclass(frozen=True, slots=True)
class Advisory:
    """One vulnerability of one installed source package.

    `id` is the headline: the vendor's advisory where there is one (DSA, USN, ALSA), else the
    record's own id; `records` are the ids of all records behind it. `cve` is what the unit is
    keyed by (the record's id where it has no CVE), `cves` every CVE it stands for. `packages` are
    the installed binary packages, `places` files where the package was found outside of a package
    manager. `severity` is None where nobody graded it; `cvss` 0 to 10, `epss` 0 to 1. `kev` is the
    day CISA saw it exploited, "" where it did not, None where no list was at hand; the same goes
    for `ransomware`. `published` and `modified` are ISO times of the headline; `fix_since` is the
    time since when a fix has been out at the latest, "" where none is. `urgency` is the
    distribution's own word. `needs` names what the fix takes beyond an update ("Ubuntu Pro", "a
    reboot"). `versions` are all versions that fell into it, as they were looked up. `vex` has what
    somebody stated about it; only where that covers all of `packages` it is `not_affected`.
    `inside` is what the package is a copy in, which has to be updated instead.
    """

    id: str
    cve: str
    ecosystem: str
    source: str
    packages: tuple[str, ...]
    installed: str
    state: State
    cves: tuple[str, ...] = ()
    fixed: str = ""
    severity: Severity | None = None
    cvss: float | None = None
    vector: str = ""
    epss: float | None = None
    kev: str | None = None
    ransomware: bool | None = None
    published: str = ""
    modified: str = ""
    fix_since: str = ""
    urgency: str = ""
    needs: str = ""
    why: str = ""
    records: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    vex: tuple[Voucher, ...] = ()
    inside: str = ""

    @property
    def is_malware(self) -> bool:
        """Say whether it is no hole in a package, but what the package was made for."""
        return any(record.startswith(_MALWARE) for record in (self.id, *self.records))


@dataclass(frozen=True, slots=True)
class FeedState:
    """One feed in the index.

    `dated` is the ISO time that its data are of, `imported` when they were imported, `source` the
    address or the path that they came from.
    """

    name: str
    dated: str
    imported: str
    records: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """An installed source package whose support ends before that of its release, on an ISO date."""

    source: str
    packages: tuple[str, ...]
    installed: str
    since: str
    why: str


@dataclass(frozen=True, slots=True)
class Matched:
    """What the feeds say of one target.

    `feeds` are those that the answer rests on. `unjudged` has packages that no feed could judge,
    with the reason, `gaps` what of the target could not be looked up. `ended` are packages whose
    support ends early, by a list of the ISO time `ended_dated`, None where no list tells.
    `reason` says why nothing could be matched at all, or is empty.
    """

    advisories: tuple[Advisory, ...] = ()
    feeds: tuple[FeedState, ...] = ()
    unjudged: Mapping[str, str] = field(default_factory=dict)
    ended: tuple[Ended, ...] | None = None
    ended_dated: str = ""
    reason: str = ""
    gaps: tuple[str, ...] = ()
