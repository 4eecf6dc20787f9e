"""Every lab case of every rule pack, on a real host, over real SSH.

The host is broken and scanned: the rule fails, with the observations that the case names. The
rule's own fix, or the case's repair, is applied: the rule passes. The fix once more: nothing
changes (a repair need not be one that can be repeated). A case that expects something else than
a failure ends with the first scan. A case of several rules shows all of them on one host.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from hipscan.documents import schema, yaml
from hipscan.rules import content
from hipscan.rules.schema import CaseModel, CasesModel
from tests.lab.changes import Kind
from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab
Start = Callable[[str], Host]
BACKUP = ".hipscan"
STRICT = "set -e\n"  # what a case does to a host has to succeed, every line of it


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one scan said about one rule: its outcome, what was observed, the shell of its fix."""

    rule: str
    outcome: str
    reason: str
    observed: tuple[str, ...]
    fix: str


def _cases() -> Iterator[CaseModel]:
    for path in sorted(content.root().glob("*/cases/*.yaml")):
        document = yaml.load(path.read_bytes(), name=str(path))
        yield from schema.check(document, CasesModel).root


CASES = [
    pytest.param(case, host, id=f"{case.rule}-{host}-{case.name}".replace(" ", "-"))
    for case in _cases()
    for host in case.hosts
    if case.kind == "lab"
]


@pytest.mark.parametrize(("case", "image"), CASES)
def test_a_rule_sees_what_was_broken_and_its_fix_mends_it(
    start: Start, client: Client, case: CaseModel, image: str
) -> None:
    host = start(image)
    _apply(host, STRICT + case.break_)
    broken = scan(client, host, case)
    assert {verdict.outcome for verdict in broken} == {case.expected}, broken
    observed = [text for verdict in broken for text in verdict.observed]
    for part in case.fail:
        assert any(part in text for text in observed), (part, observed)
    if mends := _mends(case, broken):
        _apply(host, *mends)
        mended = scan(client, host, case)
        assert {verdict.outcome for verdict in mended} == {"pass"}, mended
    if case.fix == "own":
        host.settle()
        _apply(host, *mends)
        assert _changed(host) == []


def _mends(case: CaseModel, broken: tuple[Verdict, ...]) -> list[str]:
    """Return what makes a broken host good again: the rules' own fixes, or the case's repair."""
    if case.fix == "own":
        for verdict in broken:
            assert verdict.fix, "the case asks for the rule's own fix, and there is none"
        return [verdict.fix for verdict in broken]
    return [STRICT + case.repair] if case.repair else []


def _apply(host: Host, *scripts: str) -> None:
    for script in scripts:
        done = host.run(script, check=False)
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"


def _changed(host: Host) -> list[tuple[Kind, str]]:
    """Return what changed, but for new time stamps of backups."""
    return [
        (kind, path)
        for kind, path in host.changes()
        if not (kind is Kind.TOUCHED and path.endswith(BACKUP))
    ]


def scan(client: Client, host: Host, case: CaseModel) -> tuple[Verdict, ...]:
    """Scan for the case's rules as an account with sudo, as a user's inventory would say it."""
    inventory = client.state / "inventory.yaml"
    inventory.write_text(json.dumps(_inventory(host, case)))
    password = client.state / "password"
    password.write_text(host.password + "\n")
    report = client.state / "report.json"
    done = client.here(
        *("scan", "-i", str(inventory), "-o", f"json={report}", "--fail-on", "never", "--quiet"),
        *(word for rule in case.rules for word in ("--rule", rule)),
        *("--known-hosts", str(host.known_hosts), "--ssh-config", "/dev/null"),
        *("--sudo-password-file", str(password)),
    )
    assert done.returncode in {0, 3}, done.stderr
    found = json.loads(report.read_text())
    return tuple(_verdict(found, rule) for rule in case.rules)


def _inventory(host: Host, case: CaseModel) -> Mapping[str, Any]:
    settings = {
        "address": host.address,
        "port": host.port,
        "user": "scan",
        "become": "sudo",
        "identity": str(host.identity),
        "variables": case.vars,
        "phi": case.phi,
        "phi_paths": case.phi_paths,
    }
    return {"hosts": {host.name: settings}}


def _verdict(report: Mapping[str, Any], rule: str) -> Verdict:
    target = report["targets"][0]
    assert target["status"] != "unreachable", target["reason"]
    fix = report["rules"][rule]["fix"]["shell"]
    if rule in target["pass"]:
        return Verdict(rule, "pass", "", (), fix)
    if rule in target["notapplicable"]:
        return Verdict(rule, "notapplicable", target["notapplicable"][rule], (), fix)
    finding = next(entry for entry in report["findings"] if entry["rule"] == rule)
    observed = tuple(f"{o['subject']}: {o['observed']}" for o in finding["observations"])
    return Verdict(rule, finding["outcome"], finding["reason"], observed, fix)
