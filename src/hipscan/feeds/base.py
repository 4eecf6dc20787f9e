"""What a feed is to the index: a module that recognises its files and reads them into a build.

A new feed is one file with a `FEED` constant, and one line in hipscan.feeds.table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hipscan.errors import ExitCode, HipscanError

if TYPE_CHECKING:
    from hipscan.feeds.build import Build


class FeedError(HipscanError):
    """A feed could not be had, or is not what it should be; what the index has is kept."""

    exit_code = ExitCode.INCOMPLETE


class OlderError(FeedError):
    """Data are older than those in the index, which are kept."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a file is recognised by: its path, and its first bytes, unpacked where it is gzip."""

    path: Path
    head: bytes


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import put into the index.

    `dated` is the ISO time that the data are of, as they say themselves. `skipped` counts
    records that were left out because their shape is wrong.
    """

    name: str
    dated: str
    records: int
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of feed.

    `recognises` looks at content, not at names. `read` puts a file into a build and says what it
    was; it raises FeedError, and ValueError or LookupError for data of a wrong shape.
    """

    kind: str
    title: str
    recognises: Callable[[Sample], bool]
    read: "Callable[[Path, Build], tuple[Imported, ...]]"
