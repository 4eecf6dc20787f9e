"""Hostile texts in every field of every format: they are shown, and do nothing."""

import json
import re
from collections import Counter
from functools import cache
from typing import Final
from xml.etree.ElementTree import Element

import pytest

from hipscan.report import json_document, terminal
from hipscan.report.base import View
from hipscan.sanitize import block, line
from tests.report import hostile, pages

PAYLOADS: Final = hostile.payloads()
_ENDLESS: Final = 100_000
_COLOR: Final = re.compile(r"\x1b\[[0-9;]*m")
_OURS: Final = "https://www.ecfr.gov/"
each = pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)


def _table(payload: str, *, color: bool = False, width: int = 80) -> str:
    view = View(color=color, width=width, next_command=payload)
    return "".join(terminal.render(hostile.report([payload]), view))


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 90


@each
@pytest.mark.parametrize("color", [True, False])
def test_the_table_drives_no_terminal(payload: str, *, color: bool) -> None:
    drawn = _table(payload, color=color)
    plain = _COLOR.sub("", drawn) if color else drawn
    assert all(row.isprintable() for row in plain.split("\n"))


@each
def test_the_table_shows_the_text_as_it_is(payload: str) -> None:
    assert line(payload).strip() in _table(payload, width=_ENDLESS)


@each
def test_the_table_commands_no_ci_runner(payload: str) -> None:
    rows = [row.lstrip() for row in _table(payload).split("\n")]
    assert not [row for row in rows if re.match(r"::[a-z-]+( .*)?::|##\[", row)]


def test_addresses_are_no_commands() -> None:
    assert "::ffff:10.0.0.1: ::ffff:10.0.0.1" in _table("::ffff:10.0.0.1")


def test_an_endless_line_is_cut_and_says_so() -> None:
    drawn = _table("A" * (1 << 20), width=160)
    assert len(drawn) < 40_000
    assert "A..." in drawn


@cache
def _page(texts: tuple[str, ...] = PAYLOADS) -> Element:
    return pages.parse(pages.text(hostile.report(texts)))


def test_the_page_keeps_its_shape() -> None:
    harmless = tuple(f"plain {number}" for number in range(len(PAYLOADS)))
    assert pages.shape(_page()) == pages.shape(_page(harmless))


def test_the_page_shows_every_text_as_it_is() -> None:
    tables = [list(table.iter("td")) for table in pages.having(_page(), "table", "seen")]
    seen = [pages.content(cell) for cells in tables for cell in cells[:3]]
    assert Counter(seen) == Counter({line(payload): 6 for payload in PAYLOADS})
    names = [part for target in pages.having(_page(), "section", "target") for part in target]
    shown = [pages.content(name) for name in names if name.tag == "h3"]
    assert shown == [line(payload) for payload in PAYLOADS for _ in range(2)]


def test_the_page_keeps_the_lines_of_a_fix() -> None:
    shown = Counter(pages.content(row) for row in _page().iter("pre"))
    assert shown == Counter(f"{block(payload)}\n" for payload in PAYLOADS)


def test_the_page_links_to_itself_and_to_the_regulation() -> None:
    links = {item.get("href", "#") for item in _page().iter()} - {"data:,"}
    outside = [link for link in links if not link.startswith("#")]
    assert [link.startswith(_OURS) for link in outside] == [True]


@each
def test_json_gives_the_text_back(payload: str) -> None:
    text = "".join(json_document.render(hostile.report([payload]), View()))
    document = json.loads(text)
    assert text.isascii()
    assert [item["name"] for item in document["targets"]] == [payload] * 2
    assert document["findings"][0]["observations"][0]["observed"] == payload
