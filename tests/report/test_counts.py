"""Every format counts alike: read back from the page, the table and the JSON report."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipscan.model.finding import Severity
from hipscan.model.report import Report
from hipscan.report import json_document, terminal
from hipscan.report.base import View
from tests.report import golden, pages, reports

LEVELS = st.sampled_from([str(level) for level in Severity])
WAIVERS = st.sampled_from([None, {"rule": "*", "reason": "r", "owner": "o", "until": "2027-01-01"}])
OBSERVATIONS = st.fixed_dictionaries(
    {
        "subject": st.just("s"),
        "observed": st.just("o"),
        "expected": st.just("e"),
        "severity": LEVELS,
        "waiver": WAIVERS,
    }
)
OUTCOMES = st.sampled_from(["fail", "notchecked", "error", "pass", "notapplicable"])
VERDICTS = st.dictionaries(
    st.sampled_from(["rule-a", "rule-b", "rule-c", "rule-d", "rule-e"]),
    st.tuples(OUTCOMES, LEVELS, st.lists(OBSERVATIONS, min_size=1, max_size=8)),
)
TARGETS = st.lists(st.tuples(st.sampled_from(["scanned", "partial", "unreachable"]), VERDICTS))


def _target(number: int, status: str, verdicts: Mapping[str, Any]) -> dict[str, Any]:
    name = f"host{number}"
    base: dict[str, Any] = {"name": name, "address": name, "status": status}
    if status == "unreachable":
        return base
    outcome = {rule: verdict[0] for rule, verdict in verdicts.items()}
    return {
        **base,
        "passed": [rule for rule in outcome if outcome[rule] == "pass"],
        "notapplicable": {rule: "r" for rule in outcome if outcome[rule] == "notapplicable"},
        "findings": list(_findings(verdicts)),
    }


def _findings(verdicts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for rule, (outcome, level, items) in verdicts.items():
        if outcome in {"fail", "notchecked", "error"}:
            seen = items if outcome == "fail" else []
            yield {"rule": rule, "outcome": outcome, "severity": level, "observations": seen}


def _counted_in_page(report: Report) -> dict[str, int]:
    tree = pages.parse(pages.text(report))
    big = {
        name: int(pages.content(item)) for item in tree.iter() if (name := item.get("data-count"))
    }
    rows = [item.get("data-state") for item in tree.iter("details")]
    lists = {item.get("data-state"): len(list(item.iter("li"))) for item in tree.iter("details")}
    assert big["open"] == rows.count("notchecked") + rows.count("error")
    assert big["outcomes.fail"] == rows.count("fail") + rows.count("waived")
    held = sum(
        len(list(item.iter("li")))
        for item in tree.iter("details")
        if item.get("data-state") == "pass"
    )
    assert (big["outcomes.pass"], bool(lists)) == (held, bool(rows))
    return big


def _counted_in_table(report: Report) -> dict[str, int]:
    text = "".join(terminal.render(report, View(width=200)))
    found = {
        "outcomes.fail": r"failed +(\d+) check",
        "notchecked": r"not checked +(\d+) check",
        "error": r"not checked .* (\d+) error",
        "outcomes.pass": r"held +(\d+) passed",
        "waived": r"; (\d+) waived",
        "targets.unreachable": r"(\d+) unreachable",
    }
    tail = text[text.rindex("\n  targets") :]
    counts = {name: re.search(pattern, tail) for name, pattern in found.items()}
    return {name: int(hit[1]) if hit else 0 for name, hit in counts.items()}


def _counted_in_json(report: Report) -> dict[str, int]:
    document = json.loads("".join(json_document.render(report, View())))
    outcomes = [finding["outcome"] for finding in document["findings"]]
    items = [item for finding in document["findings"] for item in finding["observations"]]
    states = [target["status"] for target in document["targets"]]
    return {
        "outcomes.fail": outcomes.count("fail"),
        "notchecked": outcomes.count("notchecked"),
        "error": outcomes.count("error"),
        "outcomes.pass": sum(len(target["pass"]) for target in document["targets"]),
        "waived": sum(item["waiver"] is not None for item in items),
        "targets.unreachable": states.count("unreachable"),
    }


def _agree(report: Report) -> None:
    whole = _counted_in_json(report)
    assert _counted_in_table(report) == whole
    page = _counted_in_page(report)
    assert page.pop("open") == whole.pop("notchecked") + whole.pop("error")
    assert page == whole


@pytest.mark.parametrize("run", golden.RUNS)
def test_made_up_runs_count_alike(run: str) -> None:
    _agree(reports.read(reports.HERE / "cases" / f"{run}.yaml"))


@settings(max_examples=25)
@given(TARGETS)
def test_any_run_counts_alike(found: list[tuple[str, Mapping[str, Any]]]) -> None:
    data = {
        "run": {
            **dict.fromkeys(("id", "started", "finished", "hipscan", "profile"), "x"),
            "packs": [],
            "fail_on": "high",
            "complete": True,
            "exit_code": 0,
        },
        "rules": {},
        "targets": [_target(number, *item) for number, item in enumerate(found)],
        "frameworks": [],
    }
    _agree(reports.build(data))
