"""Installed packages of Debian whose support ends before that of their release."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from hipscan.feeds.index import Index
from hipscan.feeds.stock import Item, Stock
from hipscan.model.advisory import Ended

_DEBIAN: Final = "Debian:"


def list_name(stock: Stock) -> str:
    """Return the name of the feed that lists early ends of the stock's release: support:12."""
    return f"support:{stock.label.removeprefix(_DEBIAN)}"


def early_ends(index: Index, stock: Stock) -> tuple[Ended, ...] | None:
    """Return what of `stock` is on the list of its release, None where there is no list.

    The list names sources by patterns (php-horde.*), which may stand for many.
    """
    if not stock.label.startswith(_DEBIAN):
        return None
    listed = index.support(stock.label.removeprefix(_DEBIAN))
    if listed is None:
        return None
    items: defaultdict[str, list[Item]] = defaultdict(list)
    for item in stock.items:
        items[item.source].append(item)
    sources = sorted(items)
    return tuple(
        _ended(source, items[source], day, why)
        for pattern, day, why in listed
        for source in _meant(pattern, sources)
    )


def _meant(pattern: str, sources: Sequence[str]) -> list[str]:
    """Return the sources that a pattern means: a name in which only `.*` stands for more."""
    expression = re.compile(".*".join(re.escape(part) for part in pattern.split(".*")))
    return [source for source in sources if expression.fullmatch(source)]


def _ended(source: str, items: list[Item], day: str, why: str) -> Ended:
    packages = {name for item in items for name in item.packages}
    return Ended(source, tuple(sorted(packages)), items[0].version, day, why)
