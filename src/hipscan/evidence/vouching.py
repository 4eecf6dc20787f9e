"""What statements about vulnerabilities come to on one target. Pure.

The latest statement about a package decides: `not_affected` and `fixed` excuse it, `affected` and
`under_investigation` take that back. Of two of the same moment the one that does not excuse counts.
An advisory is excused where each of its installed packages is; no other advisory is touched.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hipscan.evidence import products
from hipscan.evidence.installed import Package, by_name, installed, system_of
from hipscan.model.advisory import Advisory, Matched, State
from hipscan.model.knowledge import Knowledge, at
from hipscan.model.snapshot import Snapshot
from hipscan.model.vex import Statement, Voucher


@dataclass(frozen=True, slots=True)
class Vouched:
    """Advisories with what was stated of them, and the places of the statements that spoke."""

    matched: Matched
    spoke: frozenset[int] = frozenset()


def applied(knowledge: Knowledge, snapshot: Snapshot) -> Knowledge:
    """Return `knowledge` with its statements applied to what the feeds say of `snapshot`."""
    matched = knowledge.target.matched
    if not knowledge.vex or matched is None:
        return knowledge
    said = vouched(matched, snapshot, knowledge.vex).matched
    return replace(knowledge, target=replace(knowledge.target, matched=said))


def vouched(matched: Matched, snapshot: Snapshot, statements: Sequence[Statement]) -> Vouched:
    """Return `matched` with `statements` applied, and which of them spoke of what is installed."""
    if not statements:
        return Vouched(matched)
    target = _Target(snapshot)
    advisories, spoke = list(matched.advisories), set[int]()
    for place, places in _about(matched.advisories, statements):
        advisories[place], heard = target.said(advisories[place], places, statements)
        spoke |= heard
    return Vouched(replace(matched, advisories=tuple(advisories)), frozenset(spoke))


def _about(
    advisories: Iterable[Advisory], statements: Sequence[Statement]
) -> Iterator[tuple[int, list[int]]]:
    """Yield the place of each advisory that statements name, and the places of those."""
    named: defaultdict[str, set[int]] = defaultdict(set)
    for number, statement in enumerate(statements):
        for name in statement.names:
            named[name.casefold()].add(number)
    for place, advisory in enumerate(advisories):
        own = {name.casefold() for name in (advisory.cve, *advisory.cves)}
        by_cve = {number for name in own for number in named.get(name, ())}
        records = {name.casefold() for name in (advisory.id, *advisory.records)} - own
        others = {number for name in records for number in named.get(name, ())} - by_cve
        if others and any(map(_is_cve, own)):
            # DSA-1 stands for several CVEs: beside a CVE it is no name of its own.
            others = {n for n in others if not any(map(_is_cve, statements[n].names))}
        if by_cve or others:
            yield place, sorted(by_cve | others)


def _is_cve(name: str) -> bool:
    return name[:4].casefold() == "cve-"


class _Target:
    """What products are compared with."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._system = system_of(snapshot)
        self._hosts = products.names_of(snapshot.target.name, snapshot.target.host)
        self._packages = by_name(snapshot)

    def said(
        self, advisory: Advisory, places: Sequence[int], statements: Sequence[Statement]
    ) -> tuple[Advisory, set[int]]:
        """Return `advisory` as the statements at `places` leave it, and which of them spoke."""
        packages = list(installed(advisory, self._packages))
        spoke: set[int] = set()
        excused: defaultdict[int, list[str]] = defaultdict(list)
        for package in packages:
            heard = [n for n in places if self._is_about(statements[n], package)]
            spoke.update(heard)
            last = max(heard, key=lambda n: _order(statements[n]), default=None)
            if last is not None and statements[last].status.excuses:
                excused[last].append(package.name)
        if not excused:
            return advisory, spoke
        vex = tuple(_voucher(statements[n], names) for n, names in sorted(excused.items()))
        if sum(map(len, excused.values())) < len(packages):
            return replace(advisory, vex=vex), spoke
        why = "; ".join(dict.fromkeys(voucher.words for voucher in vex))
        return replace(advisory, state=State.NOT_AFFECTED, vex=vex, why=why), spoke

    def _is_about(self, statement: Statement, package: Package) -> bool:
        return any(
            products.is_about(product, package, self._system, self._hosts)
            for product in statement.products
        )


def _order(statement: Statement) -> tuple[datetime, bool]:
    return at(statement.made), not statement.status.excuses


def _voucher(statement: Statement, packages: Iterable[str]) -> Voucher:
    return Voucher(
        status=statement.status,
        justification=statement.justification,
        text=statement.text,
        author=statement.author,
        made=statement.made,
        document=statement.document,
        packages=tuple(sorted(set(packages))),
    )
