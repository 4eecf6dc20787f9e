"""The HTML page as an independent parser reads it."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib

from hipscan.model.report import Report
from hipscan.report import html_page
from hipscan.report.base import View


def text(report: Report) -> str:
    """Return the page of `report`."""
    return "".join(html_page.render(report, View()))


def parse(page: str) -> Element:
    """Return the tree that a browser would build of `page`."""
    tree: Element = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False)
    return tree


def having(tree: Element, name: str, kind: str) -> Iterator[Element]:
    """Yield the elements called `name` of the class `kind`."""
    return (item for item in tree.iter(name) if kind in item.get("class", "").split())


def content(element: Element) -> str:
    """Return the text of an element with all that it holds."""
    return "".join(element.itertext())


def shape(tree: Element) -> list[tuple[str, tuple[str, ...]]]:
    """Return every element with the names of its attributes, in the order of the page."""
    return [(str(item.tag), tuple(sorted(item.keys()))) for item in tree.iter()]
