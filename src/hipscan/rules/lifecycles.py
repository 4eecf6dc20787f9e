"""The table of releases and their support that ships with hipscan, rules/lifecycles.yaml.

dated: "2026-08-21"
releases:
- system: "debian"
  release: "12"
  name: "Debian 12 (bookworm)"
  supported_until: "2026-07-11"
  extended_until: "2028-06-30"
  extended_name: "Debian LTS"
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from hipscan.documents import files, yaml
from hipscan.documents.document import Document, Value
from hipscan.errors import DocumentError, Mistake
from hipscan.model.knowledge import Lifecycle

_NEEDED: Final = ("system", "release", "name", "supported_until")
_OPTIONAL: Final = ("extended_until", "extended_name")


@dataclass(frozen=True, slots=True)
class Table:
    """The lifecycles of releases, as they were known on the ISO day `dated`."""

    dated: str
    lifecycles: tuple[Lifecycle, ...]


def load(path: Path) -> Table:
    """Return the table in `path`; raise DocumentError with every mistake in it."""
    document = yaml.load(files.read(path), name=str(path))
    match document.value:
        case {"dated": dated, "releases": [*entries], **rest} if not rest and _is_date(dated):
            pass
        case _:
            wanted = "a table has dated, a day such as 2026-08-21, and releases, a list"
            raise DocumentError((document.mistake([], wanted),))
    mistakes = [m for index, entry in enumerate(entries) for m in _wrong(document, index, entry)]
    if mistakes:
        raise DocumentError(tuple(mistakes))
    lifecycles = (
        Lifecycle(**{key: str(value) for key, value in entry.items()})
        for entry in entries
        if isinstance(entry, dict)
    )
    return Table(str(dated), tuple(lifecycles))


def _wrong(document: Document, index: int, entry: Value) -> list[Mistake]:
    where: list[str | int] = ["releases", index]
    if not isinstance(entry, dict):
        return [document.mistake(where, "a lifecycle is a mapping")]
    unknown = [key for key in entry if key not in _NEEDED + _OPTIONAL]
    lacking = [key for key in _NEEDED if key not in entry]
    dates = [key for key in entry if key.endswith("_until") and not _is_date(entry[key])]
    return [
        *(document.mistake([*where, key], f"unknown key {key!r}", key=True) for key in unknown),
        *(document.mistake(where, f"{key} is missing") for key in lacking),
        *(document.mistake([*where, key], "is no date such as 2028-06-30") for key in dates),
    ]


def _is_date(value: Value) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True
