"""The page in a real Chromium: nothing runs, nothing is fetched, and it can be used."""

import json
from collections.abc import Callable
from typing import Final

import pytest

from hipscan.model.report import Report
from hipscan.sanitize import line
from tests.report import hostile, reports
from tests.report.browser import Page

Show = Callable[..., Page]
CLINIC: Final = reports.read(reports.HERE / "cases" / "clinic.yaml")
# Opening a finding brings the rule's text into it, in a task of its own: wait for the last one.
OPEN_ALL: Final = """
    document.querySelector("[name=open]").click();
    new Promise((done) => {
      const isBusy = () => document.querySelector(".finding[open] .more");
      const look = () => isBusy() ? setTimeout(look, 20) : done(true);
      look();
    })
"""
FILTER: Final = """
    (() => {
      const form = document.getElementById("filter");
      form.reset();
      %s;
      form.dispatchEvent(new Event("input", { bubbles: true }));
    })();
    new Promise((done) => setTimeout(() => {
      const rows = [...document.querySelectorAll(".finding")];
      const shown = rows.filter((row) => row.checkVisibility()).length;
      done([document.querySelector("output").textContent, shown]);
    }, 200))
"""
FOLDED: Final = """
    [...document.querySelectorAll(".seen td")].filter((cell) => !cell.checkVisibility()).length
"""
HAS_ROOM: Final = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def whole() -> Report:
    return hostile.report(hostile.payloads())


def test_a_hostile_page_runs_and_fetches_nothing(show: Show, whole: Report) -> None:
    page = show(whole)
    page.evaluate(OPEN_ALL)
    page.evaluate("[...document.querySelectorAll('a, input, summary')].forEach((e) => e.focus())")
    assert page.evaluate("typeof window.__pwned") == "undefined"
    assert [url for url in page.requests() if not url.startswith("data:,")] == [page.requests()[0]]
    assert page.requests()[0].startswith("file://")
    assert page.seen("Log.entryAdded") == page.seen("Runtime.exceptionThrown") == []


def test_a_hostile_page_shows_every_text_as_it_is(show: Show, whole: Report) -> None:
    script = "[...document.querySelectorAll('%s')].map((found) => found.textContent)"
    page = show(whole)
    names = page.evaluate(script % ".target > h3")
    assert names == [line(text) for text in hostile.payloads() for _ in range(2)]
    cells = page.evaluate(script % ".seen tr:first-child td:nth-child(2)")
    assert cells == [line(text) for text in hostile.payloads() for _ in range(2)]
    assert sorted(set(page.evaluate(script % "option")[1:])) == sorted(set(names))


@pytest.mark.parametrize(
    ("change", "shown", "findings"),
    [
        ("", "36 of 36", 16),
        ("form.elements.text.value = 'openssl'", "1 of 36", 1),
        ("form.elements.text.value = 'PERMISSION denied'", "2 of 36", 2),
        ("form.elements.text.value = 'no such thing'", "0 of 36", 0),
        ("form.elements.text.value = 'db1'", "12 of 36", 7),
        ("form.elements.target.selectedIndex = 2", "12 of 36", 3),
        ("form.querySelector('[value=fail]').checked = false", "26 of 36", 6),
        ("form.querySelector('[value=critical]').checked = false", "30 of 36", 13),
    ],
)
def test_the_filters_filter(show: Show, change: str, shown: str, findings: int) -> None:
    found = show(CLINIC).evaluate(FILTER % change)
    assert found == [f"{shown} verdicts shown", findings]


def test_a_permalink_opens_its_finding(show: Show) -> None:
    first = "document.querySelectorAll('.finding')[2]"
    anchor = show(CLINIC).evaluate(f"{first}.id")
    page = show(CLINIC, f"#{anchor}")
    assert page.evaluate(f"{first}.open")
    assert page.evaluate("document.querySelectorAll('.finding[open]').length") == 1


def test_an_open_finding_holds_why_and_a_fix_to_copy(show: Show) -> None:
    page = show(CLINIC)
    page.evaluate(OPEN_ALL)
    body = page.evaluate("document.querySelectorAll('.finding')[2].textContent")
    assert "A shared root login leaves no trace" in body
    assert "PermitRootLogin no" in body
    fixes = page.evaluate("document.querySelectorAll('.finding[open] .code > button').length")
    assert fixes == 13


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_cut_off_on_any_width(show: Show, width: int) -> None:
    for report in (CLINIC, hostile.report(["A" * 400, "short"])):
        page = show(report)
        page.resize(width, 800)
        page.evaluate(OPEN_ALL)
        assert page.evaluate(HAS_ROOM)


def test_paper_shows_what_is_folded_on_a_screen(show: Show) -> None:
    page = show(CLINIC)
    assert page.evaluate(FOLDED) > 0
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.evaluate(FOLDED) == 0
    assert page.evaluate("document.getElementById('filter').checkVisibility()") is False


def test_without_the_script_every_row_is_there(show: Show, tab: Page) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        show(CLINIC)
        root = tab.call("DOM.getDocument")["root"]["nodeId"]
        counts = {
            name: len(tab.call("DOM.querySelectorAll", nodeId=root, selector=name)["nodeIds"])
            for name in (".finding", "#filter[hidden]", ".seen tbody tr", ".code button")
        }
    finally:
        tab.call("Emulation.setScriptExecutionDisabled", value=False)
    assert counts == {".finding": 16, "#filter[hidden]": 1, ".seen tbody tr": 19, ".code button": 0}


def test_everything_that_can_be_used_has_a_name(show: Show) -> None:
    page = show(CLINIC)
    page.evaluate(OPEN_ALL)
    page.call("Accessibility.enable")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    used = {"button", "link", "checkbox", "searchbox", "combobox", "DisclosureTriangle", "region"}
    mine = [node for node in nodes if node.get("role", {}).get("value") in used]
    unnamed = [node for node in mine if not node.get("name", {}).get("value")]
    assert len(mine) > 60
    assert not unnamed, json.dumps(unnamed[:2])
