"""What of a snapshot can be matched: one function for each kind of stock, in this table."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from hipscan.feeds import distributions, freshness, host_packages, languages
from hipscan.feeds.stock import Stock
from hipscan.model.fact import Record
from hipscan.model.snapshot import Snapshot
from hipscan.versions import Scheme

_NOTHING: Final = "(?!)"
_SUBSCRIPTIONS: Final = {
    "Ubuntu Pro": "esm.ubuntu.com/",
    "SUSE LTSS": "ltss",
    "SUSE ESPOS": "espos",
    "Red Hat ELS": "-els-",
}


def _host(snapshot: Snapshot) -> Iterator[Stock]:
    platform, kernel = snapshot.fact("platform"), snapshot.fact("kernel")
    distribution = distributions.of(platform.records[0])
    if distribution is None:
        return
    lists = snapshot.fact("package_lists").records
    for found in host_packages.stocks(
        platform.records[0],
        snapshot.fact("package").records,
        next(iter(kernel.records), None),
        offered(snapshot),
    ):
        prolonged = distributions.prolonged(platform.records[0], lists)
        yield replace(
            found,
            repository=freshness.published(lists, distribution),
            subscribed=subscribed(lists, snapshot.fact("repository").records),
            ecosystems="|".join(filter(None, (found.ecosystems, prolonged))),
            longer=prolonged,
        )


def subscribed(lists: Iterable[Record], repositories: Iterable[Record] = ()) -> frozenset[str]:
    """Return the subscriptions whose repositories the target installs from.

    Lists of apt tell, since they are there only where the subscription let them be fetched; dnf and
    zypper have their repositories.
    """
    places = [str(entry.get("uri")) for entry in lists]
    places += [
        f"{entry.get('uri')} {entry.get('suite')}".lower()
        for entry in repositories
        if entry.get("manager") in {"dnf", "zypper"} and entry.get("enabled")
    ]
    return frozenset(
        name for name, mark in _SUBSCRIPTIONS.items() if any(mark in place for place in places)
    )


def offered(snapshot: Snapshot) -> dict[str, str]:
    """Return who offers the packages that only others than the distribution offer."""
    records = snapshot.fact("foreign_package").records
    return {str(item["package"]).partition(":")[0]: str(item["origin"]) for item in records}


def _languages(snapshot: Snapshot) -> Iterator[Stock]:
    """Yield what packages of languages there are, but for those that the distribution brought."""
    platform = snapshot.fact("platform").records[0]
    distribution = distributions.of(platform)
    others = offered(snapshot).keys() | {
        str(package["name"])
        for package in snapshot.fact("package").records
        if distribution is not None and distributions.is_foreign(package, distribution)
    }
    records = snapshot.fact("language_package").records
    found = tuple(
        languages.stocks(r for r in records if str(r.get("owner") or "") in {"", *others})
    )
    if found and distribution is None:
        # What nobody knows has no stock: only so is it missed.
        name = str(platform.get("name") or platform.get("id"))
        yield Stock(name, "", _NOTHING, Scheme.DPKG, ())
    yield from found


_ALL: Final[tuple[Callable[[Snapshot], Iterable[Stock]], ...]] = (_host, _languages)


def stocks(snapshot: Snapshot) -> tuple[Stock, ...]:
    """Return the stocks of a snapshot whose platform is known."""
    return tuple(stock for make in _ALL for stock in make(snapshot))
