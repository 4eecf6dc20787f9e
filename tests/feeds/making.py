"""Makes zips, indexes and stocks for the tests of feeds."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from hipscan.feeds import distributions, freshness, importing, languages, planning
from hipscan.feeds.build import building
from hipscan.feeds.host_packages import stocks
from hipscan.feeds.index import opened
from hipscan.feeds.match import match
from hipscan.feeds.stocks import subscribed
from hipscan.model.advisory import Matched
from hipscan.model.fact import Record

SHARED: Final = Path(__file__).parents[3] / "shared" / "data" / "feeds"
DAY: Final = "2026-11-20T00:00:00Z"


def shared(name: str) -> Path:
    """Return a file of real feed data, or skip where they are not at hand."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"real feed data are not here: {path} is missing")
    return path


def filled(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of OSV with a time, where it has none."""
    return {"modified": DAY, "published": DAY, **record}


def write_zip(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    """Write records as osv.dev publishes them; one id may stand in it twice."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, record in enumerate(records):
            name = f"{record['id']}.json" if number == 0 else f"{number}/{record['id']}.json"
            archive.writestr(name, json.dumps(filled(record)))
    return path


def import_into(folder: Path, *paths: Path) -> list[str]:
    """Import files into the index in `folder`; return the names of what was imported."""
    works, _ = planning.plan(paths)
    with building(folder) as build:
        done, failures = importing.run_all(works, build)
    if failures:
        raise failures[0].error
    return [imported.name for imported in done]


def matched(
    folder: Path,
    platform: Record,
    packages: Sequence[Record],
    kernel: Record | None = None,
    *,
    lists: Sequence[Record] = (),
) -> Matched:
    """Return what the index in `folder` says of a host; `lists` is its fact `package_lists`."""
    distribution = distributions.of(platform)
    assert distribution is not None
    longer = distributions.prolonged(platform, lists)
    found = [
        replace(
            part,
            repository=freshness.published(lists, distribution),
            subscribed=subscribed(lists),
            ecosystems="|".join(filter(None, (part.ecosystems, longer))),
            longer=longer,
        )
        for part in stocks(platform, [package(item) for item in packages], kernel)
    ]
    with opened(folder) as index:
        assert index is not None
        return match(index, found)


def matched_languages(folder: Path, records: Sequence[Record]) -> Matched:
    """Return what the index in `folder` says of records of the fact `language_package`."""
    with opened(folder) as index:
        assert index is not None
        return match(index, list(languages.stocks(records)))


def package(fields: Record) -> Record:
    """Return the record of an installed package, filled up from its name and version."""
    name, version = fields["name"], fields["version"]
    own = {"manager": "dpkg", "arch": "amd64", "source": name, "source_version": version}
    return {**own, "installed": True, **fields}
