"""What the records say that one CVE is about, held against what a target has of it.

Matching tells which targets have it. Of one that has not, this tells why: what is installed is past
it, nothing of it is installed, or somebody else built what is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hipscan.feeds import running_kernel
from hipscan.feeds.index import Index
from hipscan.feeds.stock import Stock
from hipscan.feeds.stocks import stocks
from hipscan.model.fact import Record
from hipscan.model.snapshot import Snapshot

Concerned = frozenset[tuple[str, str]]
"""(ecosystem, name of a package in it)."""

_NAMED: Final = 3  # of packages that are not installed
_ABOUT: Final = """
SELECT DISTINCT ecosystem.name, package.name FROM affected
CROSS JOIN package ON package.id = affected.package
CROSS JOIN ecosystem ON ecosystem.id = package.ecosystem
WHERE affected.advisory IN (SELECT id FROM advisory WHERE sole = ?1
    UNION ALL SELECT id FROM advisory WHERE instr(' ' || cves || ' ', ' ' || ?1 || ' '))"""


@dataclass(frozen=True, slots=True)
class Answer:
    """Why a target does not have a CVE, or why nobody can tell; neither: no record is about it."""

    because: str = ""
    doubt: str = ""


def concerned(index: Index, cve: str) -> Concerned:
    """Return the packages that the records on `cve` are about."""
    return frozenset(index.connection.execute(_ABOUT, (cve,)).fetchall())


def answer(packages: Concerned, snapshot: Snapshot) -> Answer:
    """Return why a target of which nothing falls into these records does not have the CVE."""
    there: list[str] = []
    absent: set[str] = set()
    strange: list[str] = []
    installed = [item for item in snapshot.fact("package").records if item.get("installed")]
    for stock in stocks(snapshot):
        names = {name for ecosystem, name in packages if re.fullmatch(stock.ecosystems, ecosystem)}
        found = [item for item in stock.items if item.name in names]
        there += [f"{item.name} {item.version}" for item in found]
        absent |= names - {item.name for item in found}
        strange += _strange(stock, names, installed)
    if strange:
        return Answer(doubt="; ".join(sorted(set(strange))))
    if there:
        return Answer(f"not affected: {', '.join(sorted(set(there)))}")
    return _absence(absent, snapshot)


def _strange(stock: Stock, names: set[str], installed: Iterable[Record]) -> list[str]:
    """Return which of `names` are there, and cannot be judged."""
    return [
        f"{package['name']}: {stock.unjudged[str(package['name'])]}"
        for package in installed
        if package["name"] in stock.unjudged
        and names & {str(package["name"]), str(package.get("source"))}
    ]


def _absence(absent: set[str], snapshot: Snapshot) -> Answer:
    """Return what it means that nothing of `absent` is in use."""
    kernels = {
        running_kernel.source_name(package)
        for package in snapshot.fact("package").records
        if running_kernel.belongs(package)
    }
    if not absent:
        return Answer()
    if not absent <= kernels:
        named = ", ".join(sorted(absent)[:_NAMED])
        more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
        return Answer(f"not affected: nothing of {named}{more} is installed")
    running = [str(kernel["running"]) for kernel in snapshot.fact("kernel").records]
    if running:
        return Answer(doubt=f"the kernel {running[0]} is not the distribution's")
    return Answer("not affected: it has no kernel of its own")
