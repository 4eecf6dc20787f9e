"""The browser of the tests in this folder."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hipscan.model.report import Report
from tests.report import browser, pages


@pytest.fixture(scope="session")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Page]:
    """Yield a tab of a real Chromium; skip where there is none, but never in CI."""
    found = browser.find()
    if not found and os.environ.get("CI") == "true":
        pytest.fail("CI installs Chromium, and there is none")
    if not found:
        pytest.skip("no Chromium on PATH: apt-get install chromium")
    profile = tmp_path_factory.mktemp("chromium")
    with browser.page(found, profile) as page:
        yield page


@pytest.fixture
def show(tab: browser.Page, tmp_path: Path) -> Callable[[Report], browser.Page]:
    """Return a function that opens the page of a report in the browser."""

    def opened(report: Report, fragment: str = "") -> browser.Page:
        path = tmp_path / "report.html"
        path.write_text(pages.text(report), "utf-8")
        tab.open(path, fragment)
        return tab

    return opened
