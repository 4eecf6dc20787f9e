"""The table of lifecycles that ships with hipscan, rules/lifecycles.yaml.

- system: "debian"
  release: "12"
  name: "Debian 12 (bookworm)"
  supported_until: "2026-07-11"
  extended_until: "2028-06-30"
  extended_name: "Debian LTS"
"""

from datetime import date
from pathlib import Path
from typing import Final

from hipscan.documents import files, yaml
from hipscan.documents.document import Document, Value
from hipscan.errors import DocumentError, Mistake
from hipscan.model.knowledge import Lifecycle

_NEEDED: Final = ("system", "release", "name", "supported_until")
_OPTIONAL: Final = ("extended_until", "extended_name")


def load(path: Path) -> tuple[Lifecycle, ...]:
    """Return the table in `path`; raise DocumentError with every mistake in it."""
    document = yaml.load(files.read(path), name=str(path))
    entries = document.value if isinstance(document.value, list) else [None]
    mistakes = [m for index, entry in enumerate(entries) for m in _wrong(document, index, entry)]
    if mistakes:
        raise DocumentError(tuple(mistakes))
    return tuple(
        Lifecycle(**{key: str(value) for key, value in entry.items()})
        for entry in entries
        if isinstance(entry, dict)
    )


def _wrong(document: Document, index: int, entry: Value) -> list[Mistake]:
    if not isinstance(entry, dict):
        return [document.mistake([index], "a lifecycle is a mapping")]
    unknown = [key for key in entry if key not in _NEEDED + _OPTIONAL]
    lacking = [key for key in _NEEDED if key not in entry]
    dates = [key for key in entry if key.endswith("_until") and not _is_date(entry[key])]
    return [
        *(document.mistake([index, key], f"unknown key {key!r}", key=True) for key in unknown),
        *(document.mistake([index], f"{key} is missing") for key in lacking),
        *(document.mistake([index, key], "is no date such as 2028-06-30") for key in dates),
    ]


def _is_date(value: Value) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True
