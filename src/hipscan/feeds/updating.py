"""`hipscan feeds update`: which feeds, from where, and what became of each."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

from hipscan.documents.document import suggest
from hipscan.errors import OutputError, UsageError
from hipscan.feeds import importing, table
from hipscan.feeds.base import FeedError, Imported
from hipscan.feeds.build import Build, building, make_folder
from hipscan.feeds.fetch import Download, Limits
from hipscan.feeds.index import opened
from hipscan.feeds.planning import Work
from hipscan.model.knowledge import at

_ALWAYS: Final = ("kev", "epss")
_UNDATED: Final = ("releases:", "support:")
_AGAIN: Final = timedelta(days=30)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Updated:
    """What became of one feed: what was imported, nothing new, or an error."""

    name: str
    imported: Imported | None = None
    error: FeedError | None = None


def names(wanted: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return the feeds that are meant: those named, else those in the index, else the usual.

    Raises UsageError for one that hipscan cannot download.
    """
    if wanted:
        return tuple(dict.fromkeys(_name(word) for word in wanted))
    there = [name for name in _in(folder) if name in table.NAMES]
    return tuple(dict.fromkeys((*there, *_ALWAYS))) if there else table.DEFAULT


def _name(word: str) -> str:
    """Return osv:Debian for "debian", the name of a feed or what stands behind its colon."""
    for name in table.NAMES:
        if word.lower() in {name.lower(), name.partition(":")[2].lower()}:
            return name
    raise UsageError(f"no feed is called {word!r}", hint=suggest(word, table.NAMES))


def _in(folder: Path) -> tuple[str, ...]:
    with opened(folder) as index:
        return tuple(feed.name for feed in index.feeds()) if index else ()


def _young(folder: Path) -> Iterator[str]:
    """Yield the feeds in the index, without lists that bear no date and were read long ago.

    Those count as of the day of their import: it moves only where they are got again, changed or
    not.
    """
    with opened(folder) as index:
        for feed in index.feeds() if index else ():
            is_old = datetime.now(UTC) - at(feed.dated) > _AGAIN
            if not (is_old and feed.name.startswith(_UNDATED)):
                yield feed.name


def address(name: str, mirrors: Mapping[str, str]) -> str:
    """Return where the feed is published, or the mirror that the configuration names for it."""
    kind, _, which = name.partition(":")
    return mirrors.get(kind, table.URLS[kind]).replace("{name}", quote(which))


def update(
    wanted: Sequence[str],
    folder: Path,
    mirrors: Mapping[str, str],
    *,
    limits: Limits | None = None,
    say: Callable[[str], None] = lambda _text: None,
) -> list[Updated]:
    """Download and import feeds; what fails is in the result. Raises OutputError."""
    there = frozenset(_young(folder))
    _make(folder / "downloads")
    downloads = {name: _download(name, folder, mirrors, limits) for name in wanted}
    results: dict[str, Updated] = {}
    fresh: list[str] = []
    for name, download in downloads.items():
        say(f"{name}: {download.url}")
        try:
            if download.fetch(is_known=name in there):
                fresh.append(name)
            else:
                results[name] = Updated(name)
        except FeedError as error:
            results[name] = Updated(name, error=error)
    if fresh:
        with building(folder) as build:
            results |= {name: _imported(name, downloads[name], build) for name in fresh}
        _settle(downloads[name] for name in fresh if not results[name].error)
    return [results[name] for name in wanted]


def _make(folder: Path) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be made: {error.strerror}",
            hint="set HIPSCAN_STATE to a folder you may write to",
        ) from None


def _download(
    name: str, folder: Path, mirrors: Mapping[str, str], limits: Limits | None
) -> Download:
    place = folder / "downloads"
    # The lists of debian-security-support say by their name which release they are about.
    suffix = f".deb{name.partition(':')[2]}" if name.startswith("support:") else ""
    path = place / f"{_UNSAFE.sub('-', name)}{suffix}"
    return Download(address(name, mirrors), path, limits or Limits())


def _imported(name: str, download: Download, build: Build) -> Updated:
    feed = table.feeds()[name.partition(":")[0]]
    origin = importing.Origin(download.url, name, download.validators().dated)
    try:
        (found,) = importing.run(Work(download.path, feed), build, origin)
    except FeedError as error:
        download.discard()
        return Updated(name, error=error)
    return Updated(name, imported=found)


def _settle(downloads: Iterable[Download]) -> None:
    for download in downloads:
        download.keep()
