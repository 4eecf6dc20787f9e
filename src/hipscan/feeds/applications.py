"""Software from outside of the distribution, and the line of releases that each belongs to.

    snapshot -> (product, version, place) -> the product's cycles -> Application

The cycles are those of the feed, or of the table that ships with hipscan where that is newer or
knows more. A version that no cycle begins, and one that nothing tells, are kept: a rule has to
say that it could not judge them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hipscan.feeds.index import Index
from hipscan.feeds.stocks import offered
from hipscan.feeds.vendor_packages import is_distributions, made_elsewhere, upstream
from hipscan.model.application import Application, Cycle
from hipscan.model.snapshot import Snapshot

_FEED: Final = "endoflife"
_BY_HAND: Final = "by hand"
_SHARED: Final = ("/usr/lib/jvm/", "/usr/java/")  # where packages put theirs too


@dataclass(frozen=True, slots=True)
class Cycles:
    """What is known of a product: its lines of releases, of the ISO day `dated`."""

    dated: str
    lines: tuple[Cycle, ...]


Source = Callable[[str], Cycles | None]
"""Takes the name of a product; returns what is known of it, None where nothing is."""


def applications(snapshot: Snapshot, *sources: Source) -> tuple[Application, ...]:
    """Return the applications of a snapshot, by product and place; the newest source counts."""
    found = {(item.product, item.version, item.place): item for item in _found(snapshot)}
    return tuple(_placed(found[key], sources) for key in sorted(found))


def _found(snapshot: Snapshot) -> Iterator[Application]:
    platform = snapshot.fact("platform").records
    system = str(platform[0]["id"]) if platform else ""
    packages = snapshot.fact("package").records
    packaged: dict[tuple[str, str], Application] = {}
    for product, package, maker in made_elsewhere(packages, system, offered(snapshot)):
        version, name = upstream(str(package["version"])), str(package["name"])
        known = packaged.get((product, version))
        if known is None or name < known.place:  # one for all packages of a build
            packaged[product, version] = Application(product, version, name, maker)
    yield from packaged.values()
    lines = {(product, _line(version)) for product, version in packaged}
    for record in snapshot.fact("unpackaged_software").records:
        product, version = str(record["product"]), str(record.get("version") or "")
        is_shared = str(record["path"]).startswith(_SHARED)
        is_known = (product, _line(version)) in lines or is_distributions(product, system)
        if not (is_shared and is_known):
            yield Application(product, version, str(record["path"]), _BY_HAND)


def _line(version: str) -> str:
    return version.partition(".")[0]


def _placed(found: Application, sources: Sequence[Source]) -> Application:
    known = [cycles for source in sources if (cycles := source(found.product))]
    if not known:
        return found
    newest = max(known, key=lambda cycles: cycles.dated)
    return Application(
        found.product,
        found.version,
        found.place,
        found.origin,
        cycle_of(found.version, newest.lines),
        newest.dated,
    )


def cycle_of(version: str, lines: Sequence[Cycle]) -> Cycle | None:
    """Return the cycle that a version belongs to: the longest whose name begins it.

    3.9.18 belongs to 3.9, not to 3; 3.90 to neither. Where a cycle has others below it (Jenkins
    has 2 for its weekly releases and 2.541 for one that lasts), what is deeper than those and
    in none of them is in no cycle that is known; so is what may be of an edition (13.0-sp3).
    """
    fitting = [cycle for cycle in lines if _begins(cycle.name, version)]
    if not fitting:
        return None
    best = max(fitting, key=lambda cycle: len(cycle.name))
    below = [_depth(cycle.name) for cycle in lines if cycle.name.startswith(f"{best.name}.")]
    has_editions = any(cycle.name.startswith(f"{best.name}-") for cycle in lines)
    return None if has_editions or (below and _depth(version) > max(below)) else best


def _begins(name: str, version: str) -> bool:
    rest = version[len(name) :]
    return version.startswith(name) and not rest[:1].isdigit()


def _depth(version: str) -> int:
    return version.count(".")


def of_index(index: Index) -> Source:
    """Return the feed of an index as a source."""
    dated = next((feed.dated[:10] for feed in index.feeds() if feed.name == _FEED), "")

    def source(product: str) -> Cycles | None:
        rows = index.cycles(product, _FEED) if dated else ()
        return Cycles(dated, tuple(Cycle(*row) for row in rows)) if rows else None

    return source
