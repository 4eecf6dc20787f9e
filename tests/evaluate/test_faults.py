"""The fault matrix: whatever goes wrong with a probe's answer, no rule that rests on it passes.

The answers are a saved exchange with a real host; each probe's answer is replaced in turn.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from hipscan.cli import content
from hipscan.collect.compiler import probe_digest
from hipscan.evaluate.evaluator import evaluate
from hipscan.model.fact import Fact
from hipscan.model.finding import Outcome
from hipscan.model.knowledge import Knowledge
from hipscan.model.rule import Rule
from hipscan.model.snapshot import Snapshot, TargetData
from hipscan.probes import table
from hipscan.probes.base import Frame, Probe, read_frame
from hipscan.probes.derived import DERIVED
from hipscan.rules import needs
from hipscan.rules.pack import select_rules
from hipscan.transport.replay import load

_EXCHANGE: Final = Path(__file__).parent / "debian12.exchange.json"
_TARGET: Final = TargetData("debian12", phi=True, phi_paths=("/srv/phi",))
Fault = Callable[[Frame], Frame | None]


def _body(frame: Frame, body: bytes, status: int) -> Frame:
    """Return the frame with another body, begun and ended as it should be."""
    head = frame.payload.split(b"\n", 1)[0]
    return replace(frame, payload=head + b"\n" + body + f"\n#end {status}\n".encode())


FAULTS: Final[dict[str, Fault]] = {
    "no frame": lambda _: None,
    "timeout": lambda f: replace(f, status=124, payload=f.payload[: len(f.payload) // 2]),
    "killed": lambda f: replace(f, status=137, payload=b""),
    "cannot execute": lambda f: replace(f, status=126, payload=b""),
    "not found": lambda f: replace(f, status=127, payload=b""),
    "empty": lambda f: replace(f, payload=b""),
    "empty but begun and ended": lambda f: _body(f, b"", 0),
    "empty and failed": lambda f: _body(f, b"", 1),
    "cut in half": lambda f: replace(f, payload=f.payload[: len(f.payload) // 2]),
    "cut at the limit": lambda f: replace(
        f, payload=f.payload[: len(f.payload) // 2], truncated=True
    ),
    "not UTF-8": lambda f: replace(f, payload=b"\xff\xfe\x80" * 50),
    "not UTF-8 but begun and ended": lambda f: _body(f, b"\xff\xfe\x80" * 50, 0),
    "permission denied": lambda f: _body(f, b"sh: 1: Permission denied", 1),
    "permission denied, status 0": lambda f: _body(f, b"cat: x: Permission denied", 0),
    "sudo wants a password": lambda f: _body(f, b"sudo: a password is required", 1),
    "noise before": lambda f: replace(f, payload=b"Welcome!\n" + f.payload),
    "a tool is missing": lambda f: _body(f, b"sh: 1: tool: not found", 127),
    "of another version": lambda f: replace(
        f, payload=f.payload.replace(b" ", b" 0", 1) if f.payload else b""
    ),
}


@cache
def _frames() -> dict[str, Frame]:
    saved = load(_EXCHANGE).frames
    return {
        item.probe: Frame(item.probe, item.status, item.milliseconds, item.payload, item.truncated)
        for item in saved
    }


def _fresh(probe: Probe, frame: Frame) -> Frame:
    """Return the saved frame as if this version's script had answered it."""
    _, _, rest = frame.payload.partition(b"\n")
    head = f"#begin {probe.name} {probe_digest(probe)}\n".encode()
    return replace(frame, payload=head + rest)


@cache
def _facts() -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for probe in table.probes().values():
        if probe.name in _frames():
            frame = _fresh(probe, _frames()[probe.name])
            facts |= read_frame(probe, frame, probe_digest(probe))
    return facts


@cache
def _rules() -> tuple[tuple[Rule, ...], dict[str, object]]:
    selection = select_rules(content.packs(()))
    return selection.rules, dict(selection.variables)


def _needs(rule: Rule) -> set[str]:
    names = needs.facts([rule])
    return set(names) | {need for name in names if name in DERIVED for need in DERIVED[name].needs}


def _outcomes(facts: dict[str, Fact], rules: list[Rule]) -> dict[str, Outcome]:
    snapshot = Snapshot(_TARGET, "", "0", "", facts)
    knowledge = content.knowledge(now=datetime(2026, 11, 21, tzinfo=UTC))
    found = evaluate(snapshot, rules, knowledge, specs=table.facts(), variables=_rules()[1])
    return {finding.rule: finding.outcome for finding in found.findings}


def test_the_saved_exchange_has_every_probe_and_is_understood() -> None:
    assert _frames().keys() == table.probes().keys()
    passes = [o for o in _outcomes(_facts(), list(_rules()[0])).values() if o is Outcome.PASS]
    assert len(passes) >= 20, "without passes the matrix would show nothing"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", sorted(table.probes()))
def test_no_fault_becomes_a_pass(name: str, fault: str) -> None:
    probe = table.probes()[name]
    frame = FAULTS[fault](_fresh(probe, _frames()[name]))
    facts = {**_facts(), **read_frame(probe, frame, probe_digest(probe))}
    decisive = list(_decisive(name))
    passed = [rule for rule, o in _outcomes(facts, decisive).items() if o is Outcome.PASS]
    assert passed == []


@cache
def _knowledge() -> Knowledge:
    return content.knowledge(now=datetime(2026, 11, 21, tzinfo=UTC))


@cache
def _decisive(name: str) -> tuple[Rule, ...]:
    """Return the rules that cannot pass without the facts of the probe called `name`.

    A rule with alternatives may pass on another fact; it is left out where that is so.
    """
    broken = {spec.name for spec in table.probes()[name].facts}
    without = {fact: value for fact, value in _facts().items() if fact not in broken}
    rules = [rule for rule in _rules()[0] if _needs(rule) & broken]
    outcomes = _outcomes(without, rules)
    return tuple(rule for rule in rules if outcomes[rule.id] is not Outcome.PASS)
