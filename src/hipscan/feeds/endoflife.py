"""endoflife.date: until when releases of products are supported.

    {"schema_version": "1.2.0", "generated_at": "2025-07-02T00:53:29+00:00", "total": 2,
     "result": [{"name": "debian", "identifiers": [{"type": "cpe", "id": "cpe:/o:debian"}],
                 "releases": [{"name": "12", "label": "12 (Bookworm)", "isEol": false,
                               "eolFrom": "2026-07-11", "eoesFrom": "2028-06-30",
                               "latest": {"name": "12.15", "date": "2026-07-11"}}]}]}

That is the answer of the API, version 1, for all products (products/full); for a single product
`result` is that product. The files that the answers are made of are read too: a product has
`releases` with `releaseCycle`, `eol` and `eoes`, each a date or a boolean.

An end that is only known to be past or not is "past" or "", in the place of a date.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from hipscan.feeds import archive
from hipscan.feeds.base import Feed, FeedError, Imported, Sample
from hipscan.feeds.build import Build
from hipscan.feeds.times import moment

_NAME: Final = "endoflife"
PAST: Final = "past"
_ROW: Final = "INSERT OR REPLACE INTO lifecycle VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

_Product = tuple[str, Mapping[str, Any]]


def load(path: Path, build: Build) -> tuple[Imported, ...]:
    """Put products into the index; each takes the place of what was known of it."""
    data = archive.parse(path.name, archive.content(path))
    feed = build.feed(_NAME)
    products = dict(_products(path, data))
    if not products:
        raise FeedError(f"{path} tells of no product")
    said = data.get("generated_at")
    dated = moment(said) if said else _newest_release(products, build.now)
    if said:
        build.refuse_older(_NAME, dated)
    build.insert(
        "DELETE FROM lifecycle WHERE feed = ? AND product = ?",
        [(feed, product) for product in products],
    )
    for product, entry in products.items():
        build.insert(_ROW, _rows(feed, product, entry))
    count = build.connection.execute(
        "SELECT count(DISTINCT product) FROM lifecycle WHERE feed = ?", (feed,)
    ).fetchone()[0]
    return (Imported(_NAME, max(dated, build.newest(_NAME)), int(count)),)


def _newest_release(products: Mapping[str, Mapping[str, Any]], now: str) -> str:
    """Return the day of the newest release: data that bear no date are at least of that day."""
    days = [
        moment(str(release[name]))
        for entry in products.values()
        for release in entry["releases"]
        for name in ("latestReleaseDate", "releaseDate")
        if release.get(name)
    ]
    return max((day for day in days if day <= now), default=now)


def _products(path: Path, data: Mapping[str, Any]) -> Iterator[_Product]:
    result: Any = data.get("result")
    match result:
        case list():
            yield from ((str(entry["name"]), entry) for entry in result)
        case dict():
            yield str(result["name"]), result
        case _ if "releases" in data:
            yield str(data.get("permalink", path.stem)).strip("/"), data
        case _:
            yield from ((name, entry) for name, entry in data.items() if "releases" in entry)


def _rows(feed: int, product: str, entry: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    identifiers = " ".join(sorted(_identifiers(entry)))
    for release in entry["releases"]:
        is_api = "name" in release
        cycle = str(release["name"] if is_api else release["releaseCycle"])
        yield (
            feed,
            product,
            cycle,
            str(release.get("label") or cycle),
            _end(release, "Eol" if is_api else "eol"),
            _end(release, "Eoes" if is_api else "eoes"),
            _latest(release.get("latest")),
            identifiers,
        )


def _identifiers(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the identifiers: {"type": "purl", "id": ...} or {"purl": ...}."""
    for item in entry.get("identifiers") or []:
        texts = [item["id"]] if "id" in item else list(item.values())
        yield from (str(text) for text in texts if " " not in str(text))


def _end(release: Mapping[str, Any], name: str) -> str:
    """Return the date of an end, PAST, or "" for one that has not come or is not known."""
    if name.islower():
        said = release.get(name)
    else:
        said = release.get(f"{name.lower()}From") or release.get(f"is{name}")
    if isinstance(said, bool) or said is None:
        return PAST if said else ""
    return str(said)[:10]


def _latest(said: object) -> str:
    return str(said.get("name", "") if isinstance(said, dict) else said or "")


def _recognises(sample: Sample) -> bool:
    head = sample.head
    if not head.lstrip().startswith(b"{"):
        return False
    is_api = b'"result"' in head and b'"schema_version"' in head
    return is_api or b'"releaseCycle"' in head or b'"versionCommand"' in head


FEED: Final = Feed("endoflife", "ends of support (endoflife.date)", _recognises, load)
