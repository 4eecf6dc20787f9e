"""Packages of programming languages as stock: PyPI, npm, Maven.

Records have `ecosystem`, `name`, `version` and `path`, where the package was found. What the
distribution owns must not be among them: it backports fixes and keeps the version, so the feeds of
a language would find holes in it that were closed long ago.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from hipscan.feeds import ecosystems
from hipscan.feeds.stock import Item, Stock
from hipscan.model.fact import Record

_LANGUAGES: Final = ("PyPI", "npm", "Maven")
_RUNS: Final = re.compile(r"[-_.]+")


def stocks(records: Iterable[Record]) -> Iterator[Stock]:
    """Yield a stock for each language that `records` have packages of."""
    places: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for record in records:
        language, version = str(record.get("ecosystem")), record.get("version")
        if language in _LANGUAGES and version:
            key = (language, _name(language, str(record["name"])), str(version))
            places[key].append(str(record.get("path") or ""))
    for language in _LANGUAGES:
        items = tuple(
            Item(name, version, name, places=tuple(sorted(set(found) - {""})))
            for (other, name, version), found in places.items()
            if other == language
        )
        if items:
            scheme = ecosystems.SCHEMES[language]
            yield Stock(language, f"osv:{language}", re.escape(language), scheme, items)


def _name(language: str, name: str) -> str:
    """Return the name as the feeds have it: PyPI's in the form of PEP 503."""
    return _RUNS.sub("-", name).lower() if language == "PyPI" else name
