"""Proof: on what a rule was seen both to pass and to fail. Computed from the pack's cases.

lab          on real hosts made for it: broken, seen to fail, fixed, seen to pass
recorded     on facts from a named public source
constructed  on facts from documentation only
none         not seen both to fail and to pass: such a rule does not ship

A platform without a lab case is preview for that rule. A lab case that says what is `simulated`,
such as the files of software that is not installed, counts as constructed.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hipscan.model.finding import Outcome
from hipscan.rules.schema import CaseModel

# Which platform a host of the lab stands for. A host that is not named here stands for none.
PLATFORM_OF_HOST: Final = {
    "debian12": "Debian 12",
    "debian12-audit": "Debian 12",
    "debian12-network": "Debian 12",
    "debian12-old": "Debian 12",
    "debian12-health": "Debian 12",
    "debian12-services": "Debian 12",
    "debian13": "Debian 13",
    "debian13-health": "Debian 13",
    "debian13-audit": "Debian 13",
    "debian13-network": "Debian 13",
    "debian13-services": "Debian 13",
    "uml": "Debian 12",
    "uml-time": "Debian 12",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """How a rule is proven: the best kind, the platforms of lab cases, public sources."""

    kind: str
    platforms: tuple[str, ...]
    sources: tuple[str, ...]
    is_whole: bool  # seen to fail and seen to pass


def proof(rule: str, cases: Iterable[CaseModel]) -> Proof:
    """Return the proof of `rule`."""
    mine = [case for case in cases if rule in case.rules]
    seen: dict[str, set[Outcome]] = defaultdict(set)
    outcomes: dict[str, set[Outcome]] = {"lab": set(), "recorded": set(), "constructed": set()}
    for case in mine:
        outcomes[_kind(case)] |= shown(case)
        for host in case.hosts if _kind(case) == "lab" else ():
            seen[PLATFORM_OF_HOST.get(host, "")] |= shown(case)
    both = {Outcome.FAIL, Outcome.PASS}
    every = {outcome for found in outcomes.values() for outcome in found}
    mixed = "constructed" if every >= both else "none"
    best = next((kind for kind in outcomes if outcomes[kind] >= both), mixed)
    sources = tuple(sorted({case.source for case in mine if case.source}))
    platforms = tuple(sorted(name for name, found in seen.items() if name and found >= both))
    return Proof(best, platforms, sources, every >= both)


def _kind(case: CaseModel) -> str:
    return "constructed" if case.simulated else case.kind


def shown(case: CaseModel) -> set[Outcome]:
    """Return the outcomes that a case shows: a broken host that is fixed shows two."""
    outcomes = {case.expected}
    if case.kind == "lab" and case.expected is Outcome.FAIL and (case.fix == "own" or case.repair):
        outcomes.add(Outcome.PASS)
    return outcomes


def preview(rule: str, cases: Iterable[CaseModel]) -> str:
    """Return "" for a rule proven on real hosts, else what its proof rests on."""
    found = proof(rule, cases)
    return "" if found.kind == "lab" else found.kind
