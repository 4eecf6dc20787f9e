"""What statements about vulnerabilities come to on one target. Pure.

The latest statement about a package decides: `not_affected` and `fixed` excuse it, `affected` and
`under_investigation` take that back. Of two of the same moment the one that does not excuse counts.
An advisory is excused where each of its installed packages is; no other advisory is touched.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from hipscan.evidence import products
from hipscan.evidence.installed import Package, by_name, installed, system_of
from hipscan.model.advisory import Advisory, Matched, State
from hipscan.model.knowledge import Knowledge, at
from hipscan.model.snapshot import Snapshot
from hipscan.model.vex import Statement, Voucher

_CVE: Final = "cve-"


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
    target = _Target(snapshot)
    about = _about(matched.advisories, statements)
    advisories, spoke = list(matched.advisories), set[int]()
    for place, places in about.items():
        advisories[place], heard = target.said(advisories[place], places, statements)
        spoke |= heard
    return Vouched(replace(matched, advisories=tuple(advisories)), frozenset(spoke))


def _about(advisories: Iterable[Advisory], statements: Iterable[Statement]) -> dict[int, list[int]]:
    """Return, by the place of an advisory, the places of the statements that name it."""
    named: defaultdict[str, list[int]] = defaultdict(list)
    own: list[set[str]] = []
    for place, advisory in enumerate(advisories):
        keys = {name.casefold() for name in (advisory.cve, *advisory.cves)}
        for name in keys | {name.casefold() for name in (advisory.id, *advisory.records)}:
            named[name].append(place)
        own.append(keys)
    found: defaultdict[int, list[int]] = defaultdict(list)
    for number, statement in enumerate(statements):
        names = {name.casefold() for name in statement.names}
        # DSA-1 stands for several CVEs: beside a CVE it is no name of its own.
        says_cve = any(name.startswith(_CVE) for name in names)
        for place in {place for name in names for place in named.get(name, ())}:
            has_cve = any(key.startswith(_CVE) for key in own[place])
            if names & own[place] or not (says_cve and has_cve):
                found[place].append(number)
    return found


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
