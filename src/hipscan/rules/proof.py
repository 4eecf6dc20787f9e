"""Proof: on what a rule was seen both to pass and to fail. Computed from the pack's cases.

lab          on real hosts made for it: broken, seen to fail, fixed, seen to pass
recorded     on facts from a named public source
constructed  on facts from documentation only
none         not seen both to fail and to pass: such a rule does not ship

A platform without a lab case is preview for that rule. A lab case that says what is `simulated`,
such as the files of software that is not installed, counts as constructed; so does a host that
stands for no platform.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hipscan.model.finding import Outcome
from hipscan.rules.schema import CaseModel

# Which platform a host of the lab stands for, by its name up to the first dash.
_PLATFORM_OF_HOST: Final = {
    "debian12": "Debian 12",
    "debian13": "Debian 13",
    "uml": "Debian 12",
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
        kind = _kind(case)
        outcomes[kind] |= shown(case)
        for host in case.hosts if kind == "lab" else ():
            seen[platform_of(host)] |= shown(case)
    both = {Outcome.FAIL, Outcome.PASS}
    every = {outcome for found in outcomes.values() for outcome in found}
    platforms = tuple(sorted(name for name, found in seen.items() if name and found >= both))
    if platforms:
        best = "lab"
    elif outcomes["recorded"] >= both:
        best = "recorded"
    else:
        best = "constructed" if every >= both else "none"
    sources = tuple(sorted({case.source for case in mine if case.source}))
    return Proof(best, platforms, sources, every >= both)


def platform_of(host: str) -> str:
    """Return which platform a host of the lab stands for, or ""."""
    return _PLATFORM_OF_HOST.get(host.partition("-")[0], "")


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
