"""The page as text: what it lets in, how it streams, and whether everybody can read it."""

import base64
import hashlib
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from typing import Final

import pytest

from hipscan.model.report import Report, TargetResult
from hipscan.report import html_page
from hipscan.report.base import View
from tests.report import pages, reports

CLINIC: Final = reports.read(reports.HERE / "cases" / "clinic.yaml")
TEMPLATES: Final = sorted(
    (item.name, item.read_text("utf-8"))
    for item in files("hipscan.report").joinpath("templates").iterdir()
    if item.name.endswith(".html")
)
STYLE: Final = files("hipscan.report").joinpath("templates", "page.css").read_text("utf-8")
_SWITCHES: Final = re.compile(r"\|\s*safe\b|autoescape|Markup|style=|\son[a-z]+=|href=\"\{\{")
_UNQUOTED: Final = re.compile(r"=\{\{")
# What is written on what, by the names of the colours in page.css.
PAIRS: Final = (
    *(("ink", back) for back in ("paper", "card", "code")),
    *(("soft", back) for back in ("paper", "card")),
    *(("link", back) for back in ("paper", "card")),
    *((name, f"{name}-back") for name in ("bad", "open", "good", "calm")),
    *(("ink", back) for back in ("open-back", "good-back")),
    *((name, "card") for name in ("bad", "open", "good")),
    *((f"{name}-ink", name) for name in ("critical", "high", "medium", "low", "info")),
)


@pytest.mark.parametrize(("name", "text"), TEMPLATES)
def test_no_template_switches_escaping_off(name: str, text: str) -> None:
    assert not _SWITCHES.findall(text), name
    assert not _UNQUOTED.findall(text), name


def test_the_policy_lets_in_our_style_and_script_and_nothing_else() -> None:
    tree = pages.parse(pages.text(CLINIC))
    (policy,) = (m.get("content", "") for m in tree.iter("meta") if m.get("http-equiv"))
    hashes = {
        kind: "sha256-"
        + base64.b64encode(hashlib.sha256((item.text or "").encode()).digest()).decode()
        for kind in ("script", "style")
        for item in tree.iter(kind)
    }
    assert policy.split("; ")[:3] == [
        "default-src 'none'",
        f"script-src '{hashes['script']}'",
        f"style-src '{hashes['style']}'",
    ]


def test_the_policy_stands_before_anything_that_it_governs() -> None:
    page = pages.text(CLINIC)
    assert page.index("Content-Security-Policy") < page.index("<style")


def test_the_style_and_the_script_fetch_nothing() -> None:
    script = files("hipscan.report").joinpath("templates", "page.js").read_text("utf-8")
    for word in ("url(", "@import", "http:", "https:"):
        assert word not in STYLE + script
    for word in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "fetch("):
        assert word not in script


def _fleet(size: int) -> Report:
    """Return a report whose targets are made while they are read."""
    seen = [target for target in CLINIC.targets() if target.findings]

    def targets() -> Iterator[TargetResult]:
        for number in range(size):
            yield replace(seen[number % len(seen)], name=f"host{number}")

    return replace(CLINIC, targets=targets)


def _peak(report: Report) -> int:
    tracemalloc.start()
    for _ in html_page.render(report, View()):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_fleet() -> None:
    _peak(_fleet(1))
    assert _peak(_fleet(200)) < 1.3 * _peak(_fleet(20))


def test_a_thousand_targets_stay_small_enough_to_open() -> None:
    sizes = [len(pages.text(_fleet(size))) for size in (10, 110)]
    assert (sizes[1] - sizes[0]) / 100 < 12_000


def test_the_texts_of_a_rule_stand_once() -> None:
    page = pages.text(_fleet(30))
    assert page.count("A shared root login leaves no trace") == 1
    assert page.count("PermitRootLogin no") == 1


@pytest.mark.parametrize("word", ["no legal advice", "no proof of HIPAA compliance"])
def test_it_says_what_it_is_not(word: str) -> None:
    assert pages.text(CLINIC).count(word) >= 2


def test_what_was_not_checked_comes_before_the_findings() -> None:
    page = pages.text(CLINIC)
    places = [page.index(f'id="{name}"') for name in ("unchecked", "findings", "safeguards")]
    assert places == sorted(places)


def test_each_id_stands_once() -> None:
    ids = [name for item in pages.parse(pages.text(CLINIC)).iter() if (name := item.get("id"))]
    assert len(ids) == len(set(ids))


def test_every_link_inside_the_page_leads_somewhere() -> None:
    tree = pages.parse(pages.text(CLINIC))
    ids = {item.get("id") for item in tree.iter()}
    links = {item.get("href", "") for item in tree.iter("a")}
    assert not {link for link in links if link.startswith("#") and link[1:] not in ids}


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", block))


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", [1, 2], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_contrast_is_enough_for_everybody(front: str, back: str, mode: int) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    colours = _colours(STYLE.split(":root {")[mode])
    low, high = sorted(_luminance(colours[name]) for name in (front, back))
    assert (high + 0.05) / (low + 0.05) >= 4.5
