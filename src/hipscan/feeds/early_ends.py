"""Installed packages of Debian whose support ends before that of their release."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hipscan.feeds import distributions
from hipscan.feeds.index import Index
from hipscan.feeds.stock import Item, Stock
from hipscan.model.advisory import Ended
from hipscan.model.fact import Record
from hipscan.model.snapshot import Snapshot

_DEBIAN: Final = "Debian:"


def list_name(stock: Stock) -> str:
    """Return the name of the feed that lists early ends of the stock's release: support:12."""
    return f"support:{stock.label.removeprefix(_DEBIAN)}"


def early_ends(index: Index, stock: Stock) -> tuple[Ended, ...] | None:
    """Return what of `stock` is on the list of its release, None where there is no list."""
    if not stock.label.startswith(_DEBIAN):
        return None
    listed = index.support(stock.label.removeprefix(_DEBIAN))
    return None if listed is None else _listed(listed, stock.items)


@dataclass(frozen=True, slots=True)
class EarlyList:
    """The list of one release that ships: (pattern of sources, ISO day), as of a day."""

    dated: str
    entries: tuple[tuple[str, str], ...]


def of_snapshot(
    snapshot: Snapshot, known: Mapping[str, EarlyList]
) -> tuple[tuple[Ended, ...] | None, str]:
    """Return (what of a Debian host is on the list that ships, the list's day).

    None where the host is no Debian, or no list is of its release.
    """
    platform = next(iter(snapshot.fact("platform").records), {})
    distribution = distributions.of(platform) if platform.get("id") == "debian" else None
    found = known.get(distribution.label.removeprefix(_DEBIAN)) if distribution else None
    if distribution is None or found is None:
        return None, ""
    sources = _by_source(snapshot.fact("package").records)
    names = sorted(sources)
    meant = {source for pattern, _ in found.entries for source in _meant(pattern, names)}
    items = [
        Item(source, str(package["version"]), source, (str(package["name"]),))
        for source in sorted(meant)
        for package in sources[source]
        if not distributions.is_foreign(package, distribution)
    ]
    return _listed([(pattern, day, "") for pattern, day in found.entries], items), found.dated


def _by_source(packages: Iterable[Record]) -> Mapping[str, list[Record]]:
    sources: defaultdict[str, list[Record]] = defaultdict(list)
    for package in packages:
        if package.get("installed"):
            sources[str(package["source"])].append(package)
    return sources


def _listed(listed: Iterable[tuple[str, str, str]], installed: Iterable[Item]) -> tuple[Ended, ...]:
    """Return what is on a list that names sources by patterns (php-horde.*)."""
    items: defaultdict[str, list[Item]] = defaultdict(list)
    for item in installed:
        items[item.source].append(item)
    sources = sorted(items)
    return tuple(
        _ended(source, items[source], day, why)
        for pattern, day, why in listed
        for source in _meant(pattern, sources)
    )


def _meant(pattern: str, sources: Sequence[str]) -> list[str]:
    """Return the sources that a pattern means: a name in which only `.*` stands for more."""
    if ".*" not in pattern:
        return [pattern] if pattern in sources else []
    expression = re.compile(".*".join(re.escape(part) for part in pattern.split(".*")))
    return [source for source in sources if expression.fullmatch(source)]


def _ended(source: str, items: list[Item], day: str, why: str) -> Ended:
    packages = {name for item in items for name in item.packages}
    return Ended(source, tuple(sorted(packages)), items[0].version, day, why)
