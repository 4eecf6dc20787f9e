"""Catalogues of controls, read from rules/frameworks/.

id: hipaa
title: "HIPAA Security Rule"
controls:
  - id: "164.312(d)"
    name: "Person or entity authentication"
    kind: standard
    family: technical
    summary: "Verify that whoever asks for access is who they say."
    evidence: automated
    how: "blank passwords, key-only SSH, ..."
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from hipscan.documents import files, yaml
from hipscan.documents.document import Document
from hipscan.errors import DocumentError, Mistake

_KEYS: Final = frozenset({"id", "name", "kind", "family", "summary", "evidence", "how"})


class Evidence(StrEnum):
    """What can show that a control holds."""

    AUTOMATED = "automated"
    ATTESTATION = "attestation"
    BOTH = "both"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement of a framework."""

    id: str
    name: str
    kind: str
    family: str
    summary: str
    evidence: Evidence
    how: str


@dataclass(frozen=True, slots=True)
class Framework:
    """A catalogue of controls, in the order of its source."""

    id: str
    title: str
    source: str
    controls: tuple[Control, ...]

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of all controls."""
        return frozenset(control.id for control in self.controls)


def load(path: Path) -> Framework:
    """Return the catalogue in `path`; raise DocumentError with every mistake."""
    document = yaml.load(files.read(path, what="framework"), name=str(path))
    top = document.value if isinstance(document.value, dict) else {}
    entries = top.get("controls")
    if not isinstance(entries, list) or not entries:
        raise DocumentError((document.mistake((), "a framework has a list of controls"),))
    mistakes: list[Mistake] = []
    controls = [_control(document, index, entry, mistakes) for index, entry in enumerate(entries)]
    if mistakes:
        raise DocumentError(tuple(mistakes))
    found = tuple(control for control in controls if control)
    return Framework(str(top.get("id")), str(top.get("title")), str(top.get("source")), found)


def _control(
    document: Document, index: int, entry: object, mistakes: list[Mistake]
) -> Control | None:
    path = ("controls", index)
    if not isinstance(entry, dict) or entry.keys() != _KEYS:
        wanted = ", ".join(sorted(_KEYS))
        mistakes.append(document.mistake(path, "a control has other keys than it should", wanted))
        return None
    words = {key: str(value) for key, value in entry.items()}
    evidence = words.pop("evidence")
    if evidence not in list(Evidence):
        choices = ", ".join(Evidence)
        mistakes.append(
            document.mistake((*path, "evidence"), f"unknown evidence {evidence!r}", choices)
        )
        return None
    return Control(**words, evidence=Evidence(evidence))
