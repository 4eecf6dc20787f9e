"""Run the cases of a pack that need no host: facts as data, expected outcomes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from hipscan.evaluate.evaluator import evaluate
from hipscan.model.fact import Fact, FactStatus
from hipscan.model.finding import Finding
from hipscan.model.knowledge import Knowledge, at
from hipscan.model.snapshot import Snapshot, TargetData
from hipscan.probes.base import FactSpec
from hipscan.rules.pack import Pack
from hipscan.rules.schema import CaseModel

# The day on which cases are judged that name none.
DAY: Final = datetime(2026, 11, 21, tzinfo=UTC)


def run_case(case: CaseModel, pack: Pack, specs: Mapping[str, FactSpec]) -> str:
    """Return "" when the case comes out as it expects, else what came out instead."""
    rules = [rule for rule in pack.rules if rule.id == case.rule]
    if not rules:
        return "no such rule"
    variables = {name: item.default for name, item in pack.variables.items()} | dict(case.vars)
    knowledge = Knowledge(at(case.now) if case.now else DAY)
    judgement = evaluate(_snapshot(case), rules, knowledge, specs=specs, variables=variables)
    return difference(case, judgement.findings[0])


def difference(case: CaseModel, finding: Finding) -> str:
    """Return "" when `finding` is what `case` expects, else how it differs."""
    if finding.outcome is not case.expected:
        seen = "; ".join(f"{o.subject}: {o.observed}" for o in finding.observations)
        detail = finding.reason or seen
        return f"is {finding.outcome} ({detail}), expected {case.expected}"
    if case.severity and finding.severity is not case.severity:
        return f"weighs {finding.severity}, expected {case.severity}"
    seen_all = [f"{item.subject}: {item.observed}" for item in finding.observations]
    lost = [part for part in case.fail if not any(part in text for text in seen_all)]
    return f"no observation has {lost}; there are {seen_all}" if lost else ""


def _snapshot(case: CaseModel) -> Snapshot:
    facts = {
        name: Fact(FactStatus(model.status), tuple(model.records), model.reason)
        for name, model in case.facts.items()
    }
    target = TargetData("case", phi=case.phi, phi_paths=tuple(case.phi_paths))
    return Snapshot(target, "2026-11-21T00:00:00+00:00", "0", "", facts)
