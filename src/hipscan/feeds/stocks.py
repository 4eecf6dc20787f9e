"""What of a snapshot can be matched: one function for each kind of stock, in this table."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from hipscan.feeds import distributions, freshness, host_packages
from hipscan.feeds.stock import Stock
from hipscan.model.snapshot import Snapshot


def _host(snapshot: Snapshot) -> Iterator[Stock]:
    platform, kernel = snapshot.fact("platform"), snapshot.fact("kernel")
    found = host_packages.stock(
        platform.records[0],
        snapshot.fact("package").records,
        next(iter(kernel.records), None),
    )
    distribution = distributions.of(platform.records[0])
    if found is not None and distribution is not None:
        lists = snapshot.fact("package_lists").records
        yield replace(found, repository=freshness.published(lists, distribution))


_ALL: Final[tuple[Callable[[Snapshot], Iterable[Stock]], ...]] = (_host,)


def stocks(snapshot: Snapshot) -> tuple[Stock, ...]:
    """Return the stocks of a snapshot whose platform is known."""
    return tuple(stock for make in _ALL for stock in make(snapshot))
