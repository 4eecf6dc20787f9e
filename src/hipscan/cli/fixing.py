"""The work behind `hipscan fix`: from a report to fixes.

A report tells what failed where. The fixes come from the rule packs of this installation, never
from the report: a file that somebody sent must not become what runs as root.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from hipscan.cli import content, runs
from hipscan.cli.settings import chosen_packs
from hipscan.documents import files
from hipscan.documents.document import suggest
from hipscan.errors import ExitCode, UsageError
from hipscan.fleet.run_folder import RunFolder
from hipscan.model.finding import Severity
from hipscan.model.report import SCHEMA
from hipscan.model.rule import Rule
from hipscan.report.fixes import Mend, Mending, playbook, shell_script
from hipscan.sanitize import line

_LARGEST: Final = 256 * 1024 * 1024  # bytes of a JSON report
_HOST: Final = re.compile(r"(?:[^@]*@)?([A-Za-z0-9_][A-Za-z0-9._-]*)(?::[0-9]+)?")
_EVERY_HOST: Final = frozenset({"all", "ungrouped"})


@dataclass(frozen=True, slots=True)
class Choice:
    """Which failures to write fixes for: of these targets, of rules called like this."""

    targets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()

    def wants(self, rule: str) -> bool:
        """Say whether the globs choose `rule`."""
        chosen = not self.only or any(fnmatchcase(rule, glob) for glob in self.only)
        return chosen and not any(fnmatchcase(rule, glob) for glob in self.skip)


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that failed on a target, with what was observed; waived observations left out."""

    target: str
    rule: str
    severity: Severity
    observed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failures:
    """What a report says: its run, its targets, what failed on them."""

    run: str
    targets: tuple[str, ...]
    items: tuple[Failure, ...]


def write_fixes(source: str, choice: Choice, folders: Sequence[Path], name: str) -> int:
    """Write the fixes to standard output; raise UsageError when there is nothing to choose from."""
    if name not in {"shell", "ansible"}:
        raise UsageError(f"unknown format {name!r}", hint="shell or ansible")
    rules = {rule.id: rule for pack in content.packs(chosen_packs(folders)) for rule in pack.rules}
    _check_globs(choice, rules)
    failures = _read(source)
    mendings = tuple(_mendings(failures, choice, rules))
    if name == "ansible":
        pieces = playbook([(_ansible_host(item.target), item) for item in mendings])
    else:
        pieces = shell_script(_only_one(mendings))
    for piece in pieces:
        sys.stdout.write(piece)
    return ExitCode.OK


def _check_globs(choice: Choice, rules: Mapping[str, Rule]) -> None:
    for glob in (*choice.only, *choice.skip):
        if not any(fnmatchcase(rule, glob) for rule in rules):
            raise UsageError(f"no rule is called {glob!r}", hint=suggest(glob, rules))


def _mendings(failures: Failures, choice: Choice, rules: Mapping[str, Rule]) -> Iterator[Mending]:
    for name in choice.targets:
        if name not in failures.targets:
            near = suggest(name, failures.targets)
            raise UsageError(f"the report has no target {name!r}", hint=near)
    for target in choice.targets or failures.targets:
        chosen = [f for f in failures.items if f.target == target and choice.wants(f.rule)]
        chosen.sort(key=lambda failure: (_is_last(failure, rules), -failure.severity.rank))
        mends = tuple(_mend(failure, rules.get(failure.rule)) for failure in chosen)
        yield Mending(target, failures.run, mends)


def _is_last(failure: Failure, rules: Mapping[str, Rule]) -> bool:
    return failure.rule in rules and rules[failure.rule].fix.last


def _mend(failure: Failure, rule: Rule | None) -> Mend:
    if rule is None:
        why = "no pack at hand has this rule; name its pack with --pack"
        return Mend(failure.rule, failure.rule, failure.severity, why, "", failure.observed)
    fix = rule.fix
    return Mend(rule.id, rule.title, failure.severity, fix.text, fix.shell, failure.observed)


def _only_one(mendings: Sequence[Mending]) -> Mending:
    if len(mendings) != 1:
        names = ", ".join(line(item.target) for item in mendings[:5])
        raise UsageError(
            f"a script is for one target, and this report has {len(mendings)}: {names}",
            hint="choose one with --target, or write a playbook with -f ansible",
        )
    return mendings[0]


def _ansible_host(target: str) -> str:
    """Return the name of a target in Ansible's inventory; refuse what is a pattern there."""
    if target == "local":
        return "localhost"
    found = _HOST.fullmatch(target)
    if not found or found[1] in _EVERY_HOST:
        raise UsageError(
            f"{line(target)!r} is no plain host name, and a pattern in a playbook",
            hint="name the host in an inventory, scan it by that name, or write a shell script",
        )
    return found[1]


def _read(source: str) -> Failures:
    path = Path(source)
    if path.is_file():
        return _of_json(path)
    report = RunFolder(runs.folder(source)).report()
    names: list[str] = []
    items: list[Failure] = []
    for target in report.targets():
        names.append(target.name)
        for finding in target.findings:
            observed = [o for o in finding.observations if o.waiver is None]
            if finding.outcome == "fail" and (observed or not finding.observations):
                texts = tuple(f"{o.subject}: {o.observed}" for o in observed)
                items.append(Failure(target.name, finding.rule, finding.severity, texts))
    return Failures(report.run.id, tuple(names), tuple(items))


def _of_json(path: Path) -> Failures:
    try:
        return _failures_in(json.loads(files.read(path, what="report", limit=_LARGEST)))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"{path} is no JSON report of hipscan: {error}", hint="hipscan scan -o json=report.json"
        ) from None


def _failures_in(document: Mapping[str, Any]) -> Failures:
    if document["schema"] != SCHEMA:
        raise ValueError(f"schema is {document['schema']!r}, not {SCHEMA!r}")
    items = tuple(_failures(document["findings"]))
    names = tuple(str(target["name"]) for target in document["targets"])
    return Failures(str(document["run"]["id"]), names, items)


def _failures(findings: Sequence[Mapping[str, Any]]) -> Iterator[Failure]:
    for finding in findings:
        observed = [item for item in finding["observations"] if not item["waiver"]]
        if finding["outcome"] == "fail" and (observed or not finding["observations"]):
            texts = tuple(f"{item['subject']}: {item['observed']}" for item in observed)
            severity = Severity(finding["severity"])
            yield Failure(str(finding["target"]), str(finding["rule"]), severity, texts)
