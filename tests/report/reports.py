"""Made-up reports from data files, counted by the code that counts real runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from hipscan.fleet.run import Counts
from hipscan.model.codec import decode
from hipscan.model.finding import fingerprint
from hipscan.model.report import FrameworkResult, Report, RuleText, Run, TargetResult

HERE: Final = Path(__file__).parent


def read(path: Path) -> Report:
    """Return the report in `path`: run, rules, targets and frameworks, its summary counted."""
    return build(yaml.safe_load(path.read_text("utf-8")))


def build(data: Mapping[str, Any]) -> Report:
    """Return the report that `data` describes."""
    rules = {name: decode(RuleText, {"id": name, **rule}) for name, rule in data["rules"].items()}
    targets = tuple(_target(target) for target in data["targets"])
    counts = Counts()
    for target in targets:
        counts.add(target)
    frameworks = tuple(decode(FrameworkResult, item) for item in data["frameworks"])
    run = decode(Run, data["run"])
    return Report(run, rules, lambda: iter(targets), counts.summary, frameworks)


def _target(data: Mapping[str, Any]) -> TargetResult:
    findings = [_finding(item, data["name"]) for item in data.get("findings", ())]
    return decode(TargetResult, {**data, "findings": findings})


def _finding(data: Mapping[str, Any], target: str) -> dict[str, Any]:
    items = [
        {"fingerprint": fingerprint(data["rule"], target, item["subject"]), **item}
        for item in data.get("observations", ())
    ]
    return {**data, "target": target, "observations": items}
