"""Matching: which known vulnerabilities what is installed has. A pure function of both.

    stock + index -> hits (a record, an item) -> one Advisory for each (source package, CVE)

A hit is a record that an item's version falls into. Then come the rules that a record alone does
not tell: module streams, what the record of a CVE itself says of a fix, and Ubuntu Pro.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hipscan.feeds import freshness, merge
from hipscan.feeds.early_ends import early_ends, list_name
from hipscan.feeds.ecosystems import base, is_distribution
from hipscan.feeds.index import Hit, Index
from hipscan.feeds.stock import Item, Stock
from hipscan.model.advisory import Advisory, FeedState, Matched, State
from hipscan.versions import InvalidVersion, key

_SIDE_FEEDS: Final = ("kev", "epss")
_PRO: Final = ":Pro:"


def match(index: Index, stocks: Sequence[Stock]) -> Matched:
    """Return what the index says of `stocks`."""
    known = {feed.name: feed for feed in index.feeds()}
    advisories: list[Advisory] = []
    unjudged: dict[str, str] = {}
    gaps: list[str] = []
    for stock in stocks:
        ecosystems = index.ecosystems(stock.ecosystems)
        if not ecosystems:
            gaps.append(f"the index has nothing on {stock.label}{_update(stock)}")
            unjudged |= stock.unjudged
            continue
        behind = freshness.behind(known.get(stock.feed), stock.repository)
        found = _Matching(index, stock, ecosystems, behind)
        advisories += found.advisories(has_kev="kev" in known)
        unjudged |= {**stock.unjudged, **found.invalid}
    lists = [ends for stock in stocks if (ends := early_ends(index, stock)) is not None]
    return Matched(
        ended=tuple(item for ends in lists for item in ends) if lists else None,
        ended_dated=max(
            (known[name].dated for name in map(list_name, stocks) if name in known), default=""
        ),
        advisories=_sorted(advisories),
        feeds=_used(stocks, known),
        unjudged=unjudged,
        reason="; ".join(gaps) if len(gaps) == len(stocks) else "",
        gaps=tuple(gaps),
    )


def _sorted(advisories: Iterable[Advisory]) -> tuple[Advisory, ...]:
    """Return the advisories in order, of two about one CVE of one source the one to act on.

    A source may be there twice, of the release and from its backports.
    """
    found: dict[tuple[str, str, str, str], Advisory] = {}
    for item in sorted(advisories, key=lambda item: item.state is not State.FIXABLE):
        found.setdefault((item.source, item.inside, item.cve, base(item.ecosystem)), item)
    return tuple(found[place] for place in sorted(found))


def _update(stock: Stock) -> str:
    """Return how to get what the index lacks; distributions' names tell by themselves."""
    return "" if is_distribution(stock.label) else f"; hipscan feeds update {stock.label}"


def _used(stocks: Sequence[Stock], known: dict[str, FeedState]) -> tuple[FeedState, ...]:
    names = dict.fromkeys((*(stock.feed for stock in stocks), *_SIDE_FEEDS))
    return tuple(known[name] for name in names if name in known)


@dataclass(slots=True)
class _Matching:
    """One stock against the index; `behind` says why its feed is too old for "no fix yet"."""

    index: Index
    stock: Stock
    ecosystems: dict[int, str]
    behind: str
    invalid: dict[str, str] = field(default_factory=dict)

    def advisories(self, *, has_kev: bool) -> list[Advisory]:
        groups = self._groups()
        self.index.ask(cve for *_, cve in groups)
        about = merge.About(
            scores=self.index.scores(),
            exploited=self.index.exploited() if has_kev else None,
            likelihoods=self.index.likelihoods(),
        )
        seen = [(merge.merged(cve, found, about), found) for (*_, cve), found in groups.items()]
        doubt = freshness.Doubt(self.behind, self._ahead(seen))
        return [doubt.of(advisory, found) for advisory, found in seen]

    def _ahead(
        self, seen: Iterable[tuple[Advisory, Sequence[merge.Found]]]
    ) -> set[tuple[int, str]]:
        """Return (place, ecosystem) of what has no fix, and is newer than all that is known."""
        hits = (
            item.hit
            for advisory, found in seen
            if advisory.state is State.UNFIXED
            for item in found
        )
        places = {hit.n for hit in hits if is_distribution(hit.ecosystem)}
        return self.index.ahead(self.ecosystems, places)

    def _groups(self) -> dict[tuple[str, str, str], list[merge.Found]]:
        """Return what was found by (source, inside, CVE), without what another record settles."""
        keyed = list(self._keyed())
        subscribed = self.stock.subscribed
        hits = [
            (hit._replace(needs="") if hit.needs in subscribed else hit, fits)
            for hit in self.index.hits(self.ecosystems, keyed)
            if (fits := _fits(hit, self.stock.items[hit.n])) is not False
        ]
        settled = self.index.settled(self.ecosystems, _doubted(hit for hit, _ in hits))
        paid = {(n, cve) for n, ecosystem, cve in settled if _PRO in ecosystem}
        longer, answered = self._longer([hit for hit, _ in hits])
        groups: defaultdict[tuple[str, str, str], list[merge.Found]] = defaultdict(list)
        for hit, fits in hits:
            item = self.stock.items[hit.n]
            for cve in hit.cves:
                is_settled = not hit.sole and (hit.n, hit.ecosystem, cve) in settled
                is_settled |= hit.ecosystem not in longer and (hit.n, cve) in answered
                if not is_settled and (hit.n, cve) not in paid:
                    groups[item.source, item.inside, cve].append(
                        merge.Found(hit, item, fits is True)
                    )
        return groups

    def _longer(self, hits: Sequence[Hit]) -> tuple[set[str], set[tuple[int, str]]]:
        """Return (ecosystems that go before the others, the (place, CVE) that they tell of)."""
        longer = {
            number: name
            for number, name in self.ecosystems.items()
            if re.fullmatch(self.stock.longer or "(?!)", name)
        }
        told = {
            (hit.n, cve) for hit in hits if hit.ecosystem in longer.values() for cve in hit.cves
        }
        return set(longer.values()), told | self.index.past(longer)

    def _keyed(self) -> Iterable[tuple[int, Item, str]]:
        for n, item in enumerate(self.stock.items):
            try:
                yield n, item, key(self.stock.scheme, item.compared or item.version)
            except InvalidVersion as error:
                self.invalid |= dict.fromkeys(item.packages or (item.name,), str(error))


def _doubted(hits: Iterable[Hit]) -> set[tuple[int, str]]:
    """Return (place, CVE) of which the record of the CVE itself may know better."""
    return {
        (hit.n, cve)
        for hit in hits
        if not hit.sole or hit.ecosystem.startswith("Ubuntu")
        for cve in hit.cves
    }


def _fits(hit: Hit, item: Item) -> bool | None:
    """Say whether a record is about the module stream of the item; None where nothing tells.

    The streams are in the record's summary, the item's in its label. A package that was built
    for a module is none of the distribution's ordinary packages of that name.
    """
    if not hit.modular:
        return None if item.is_modular and not hit.fixed else not item.is_modular
    if not item.is_modular:
        return False
    if not item.module or not hit.streams:
        return None
    return item.module in hit.streams
