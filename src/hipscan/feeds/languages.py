"""Packages of programming languages as stock: PyPI, npm, Maven.

Records are those of the fact `language_package`. What the distribution owns must not be among
them: it backports fixes and keeps the version, so the feeds of a language would find holes in it
that were closed long ago. A copy inside of another program is a thing of its own, since it is that
program that has to be updated. A jar whose group nothing tells is looked up nowhere: names are no
evidence.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from hipscan.feeds import ecosystems
from hipscan.feeds.stock import Item, Stock
from hipscan.model.fact import Record

_LANGUAGES: Final = ("PyPI", "npm", "Maven")


def stocks(records: Iterable[Record]) -> Iterator[Stock]:
    """Yield a stock for each language that `records` have packages of."""
    places: defaultdict[tuple[str, Item], set[str]] = defaultdict(set)
    unjudged: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for record in records:
        language, path = str(record.get("ecosystem")), str(record.get("path") or "")
        if language not in _LANGUAGES:
            continue
        if why := _unknown(record):
            unjudged[language][f"{record['name']} ({path})"] = why
        else:
            places[language, _item(language, record)].add(path)
    for language in _LANGUAGES:
        items = tuple(
            _placed(item, found) for (of, item), found in places.items() if of == language
        )
        if items or language in unjudged:
            yield Stock(
                label=language,
                feed=f"osv:{language}",
                ecosystems=re.escape(language),
                scheme=ecosystems.SCHEMES[language],
                items=items,
                unjudged=unjudged[language],
            )


def _unknown(record: Record) -> str:
    """Return why no feed can judge a record; "" where one can."""
    if not record.get("version"):
        return "nothing readable tells its version"
    if record["ecosystem"] == "Maven" and ":" not in str(record["name"]):
        return "nothing in the archive tells its group"
    return ""


def _item(language: str, record: Record) -> Item:
    name = ecosystems.normalised(language, str(record["name"]))
    inside = str(record.get("inside") or record.get("owner") or "")
    return Item(
        name=name,
        version=str(record["version"]),
        source=name,
        packages=(name,),
        needs=f"an update of {inside}" if inside else "",
        inside=inside,
    )


def _placed(item: Item, places: Iterable[str]) -> Item:
    return replace(item, places=tuple(sorted(set(places) - {""})))
