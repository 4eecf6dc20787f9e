"""The work behind `hipscan rules list`, `new`, `lint` and `test`."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from hipscan.cli import content
from hipscan.cli.settings import chosen_packs
from hipscan.errors import ExitCode, UsageError
from hipscan.evaluate.cases import run_case
from hipscan.model.rule import Rule
from hipscan.rules import skeleton
from hipscan.rules.lint import lint
from hipscan.rules.pack import Pack, profiles_of
from hipscan.rules.proof import proof
from hipscan.rules.schema import KEBAB, PACK_NAME
from hipscan.sanitize import line


def list_rules(folders: Sequence[Path], name: str) -> int:
    """Print all rules, a line each, or every field as JSON."""
    packs = content.packs(chosen_packs(folders))
    if name == "json":
        entries = [_entry(rule, pack) for pack in packs for rule in pack.rules]
        sys.stdout.write(json.dumps(entries, indent=1, default=str) + "\n")
    elif name == "table":
        for pack in packs:
            for rule in pack.rules:
                sys.stdout.write(f"{_row(rule, pack)}\n")
    else:
        raise UsageError(f"unknown format {name!r}", hint="table or json")
    return ExitCode.OK


def _row(rule: Rule, pack: Pack) -> str:
    """Return a rule as one line; a `+` marks one that weighs more where patient data lives."""
    severity = f"{rule.severity}{'+' if rule.severity_with_phi else ''}"
    only = f" [{', '.join(profiles_of(rule, pack))}]" if rule.profiles else ""
    return f"{severity:9} {rule.id:44} {line(rule.title)}{only}"


def _entry(rule: Rule, pack: Pack) -> dict[str, object]:
    found = proof(rule.id, pack.cases)
    return {**asdict(rule), "profiles": profiles_of(rule, pack), "proof": asdict(found)}


def new_rule(folder: Path, rule: str) -> int:
    """Write a rule with its cases into the pack `folder`; say what to do next."""
    if not re.fullmatch(KEBAB, rule):
        raise UsageError(f"{rule!r} is not an id", hint="small words joined by '-': ssh-open")
    if not re.fullmatch(PACK_NAME, folder.name):
        raise UsageError(f"{folder.name!r} is no name of a pack", hint="small letters and '-'")
    known = content.packs((folder,)) if (folder / "pack.yaml").is_file() else ()
    if any(item.id == rule for pack in known for item in pack.rules):
        raise UsageError(f"{folder} has a rule {rule!r} already", hint="choose another id")
    for path in skeleton.write(folder, rule):
        sys.stdout.write(f"{line(str(path))}\n")
    sys.stdout.write(f"Change it, then: hipscan rules lint {line(str(folder))}\n")
    return ExitCode.OK


def lint_packs(folders: Sequence[Path]) -> int:
    """Print every mistake in the packs; return 2 when there is one."""
    packs = content.packs(folders)
    found = [mistake for pack in packs for mistake in lint(pack, content.vocabulary())]
    for mistake in found:
        sys.stdout.write(f"{line(str(mistake))}\n")
    count = sum(len(pack.rules) for pack in packs)
    sys.stdout.write(f"{count} rules, {len(found)} mistakes\n")
    return ExitCode.USAGE if found else ExitCode.OK


def test_packs(folders: Sequence[Path]) -> int:
    """Run every case that needs no host; return 1 when one does not come out as expected."""
    passed = failed = lab = 0
    for pack in content.packs(folders):
        for case in pack.cases:
            if case.kind == "lab":
                lab += 1
                continue
            why = run_case(case, pack, content.vocabulary().facts)
            passed, failed = passed + (not why), failed + bool(why)
            if why:
                sys.stdout.write(f"FAILED {case.rule}: {line(case.name)}: {line(why)}\n")
    sys.stdout.write(f"{passed} passed, {failed} failed; {lab} need the lab\n")
    return ExitCode.GATE if failed else ExitCode.OK
