"""Several records about one vulnerability of one source package, made into one Advisory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hipscan.feeds.index import Hit
from hipscan.feeds.severity import Said, grade
from hipscan.feeds.stock import Item
from hipscan.model.advisory import Advisory, State


class Found(NamedTuple):
    """A record, the item that falls into it, and whether that is certain."""

    hit: Hit
    item: Item
    certain: bool

    @property
    def is_certain(self) -> bool:
        """Say whether the item is affected for certain: streams and versions compare."""
        return self.certain and not self.hit.broken


@dataclass(frozen=True, slots=True)
class About:
    """What the other feeds say, by CVE; `exploited` is None where there is no list."""

    scores: Mapping[str, tuple[float, str]]
    exploited: Mapping[str, tuple[str, bool]] | None
    likelihoods: Mapping[str, float]


def merged(cve: str, found: Sequence[Found], about: About) -> Advisory:
    """Return the one advisory that `found`, all of one source package and CVE, come to."""
    certain = [item for item in found if item.is_certain]
    counted = certain or list(found)
    fixes = [item for item in counted if item.hit.fixed]
    free = [item for item in fixes if not item.hit.needs] or fixes
    # The version that is past the ends of all intervals.
    best = max(free, key=lambda item: item.hit.fixed_key, default=None)
    state = _state(certain, best)
    head = _headline(free or counted)
    score, vector = _score(cve, counted, about)
    epss = about.likelihoods.get(cve)
    day, ransomware = _exploited(cve, about)
    packages = {name for item in counted for name in item.item.packages}
    places = {place for item in counted for place in item.item.places}
    urgencies = {item.hit.urgency for item in counted if item.hit.urgency}
    ratings = [item.hit.rating for item in counted]
    return Advisory(
        id=head.osv,
        cve=cve,
        ecosystem=head.ecosystem,
        source=counted[0].item.source,
        packages=tuple(sorted(packages)),
        installed=(best or counted[0]).item.version,
        state=state,
        cves=(cve,) if cve.startswith("CVE-") else (),
        fixed=best.hit.fixed if best else "",
        severity=grade(head.ecosystem, ratings, urgencies, Said(score, epss, bool(day))),
        cvss=score,
        vector=vector,
        epss=epss,
        kev=day,
        ransomware=ransomware,
        published=head.published,
        modified=head.modified,
        fix_since=_fix_since(free) if state is State.FIXABLE else "",
        urgency=" ".join(sorted(urgencies)),
        needs=_needs(best or counted[0]),
        why=_why(found, state),
        records=tuple(sorted({item.hit.osv for item in counted})),
        places=tuple(sorted(places)),
        versions=tuple(sorted({item.item.version for item in counted})),
        inside=counted[0].item.inside,
    )


def _state(certain: Sequence[Found], best: Found | None) -> State:
    if not certain:
        return State.UNKNOWN
    return State.FIXABLE if best else State.UNFIXED


def _headline(found: Sequence[Found]) -> Hit:
    """Return the vendor's first advisory, where there is one, else the record of the CVE."""
    if len(found) == 1:
        return found[0].hit
    order = sorted((item.hit for item in found), key=lambda hit: (hit.published, hit.osv))
    return next((hit for hit in order if not hit.sole), order[0])


def _score(cve: str, found: Sequence[Found], about: About) -> tuple[float | None, str]:
    own = [(item.hit.score, item.hit.vector) for item in found if item.hit.score is not None]
    return max(own, default=None) or about.scores.get(cve) or (None, "")


def _exploited(cve: str, about: About) -> tuple[str | None, bool | None]:
    if about.exploited is None:
        return None, None
    return about.exploited.get(cve, ("", False))


def _fix_since(fixes: Sequence[Found]) -> str:
    """Return since when the fix is out at the latest.

    An advisory is published with its fix. A record of a CVE is older than the fix; but when it was
    changed for the last time, it had it.
    """
    advisories = [item.hit.published for item in fixes if not item.hit.sole]
    records = [item.hit.modified for item in fixes]
    return min(advisories or records, default="")


def _needs(found: Found) -> str:
    return ", ".join(part for part in (found.hit.needs, found.item.needs) if part)


def _why(found: Sequence[Found], state: State) -> str:
    if state is not State.UNKNOWN:
        is_over = any(item.hit.urgency == "end-of-life" for item in found)
        return "the distribution no longer supports the package" if is_over else ""
    broken = next((item.hit.broken for item in found if item.hit.broken), "")
    if broken:
        return f"could not compare: {broken}"
    item = found[0].item
    stream = f"stream {item.module}" if item.module else "a module, of which it does not say which"
    return f"could not tell whether it is about {stream}"
