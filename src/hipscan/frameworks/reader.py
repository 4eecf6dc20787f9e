"""Reads frameworks from YAML, strictly: every mistake at once, with its place.

A catalogue:

    id: hipaa
    title: "HIPAA Security Rule"
    status: current
    source: "45 CFR 164.308 to 164.316"
    controls:
      - id: "164.312(a)(2)(i)"
        name: "Unique user identification"
        kind: required
        under: ["164.312(a)(1)"]
        family: technical
        summary: "Give every user a name or number of their own."
        evidence: automated
        how: "duplicate numbers, shared accounts"

A crosswalk names the catalogue's controls instead of kind, family and under. Where it does not
say what can show a control, that follows from what it maps to:

    controls:
      - id: "Art. 32(1)(a)"
        name: "Pseudonymisation and encryption"
        summary: "Protect personal data by pseudonyms and encryption where fitting."
        maps_to: ["164.312(a)(2)(iv)", "164.312(e)(2)(ii)"]
"""

import json
from collections.abc import Collection, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

from hipscan.documents import files, yaml
from hipscan.documents.document import Document, Step, Value, suggest
from hipscan.errors import DocumentError, Mistake
from hipscan.frameworks.catalogue import Control, Evidence, Framework, Standing

_HEAD: Final = ("id", "title", "status", "source", "controls")
_TEXTS: Final = ("id", "name", "summary")
_CATALOGUE: Final = (*_TEXTS, "kind", "family", "evidence", "how")
_CROSSWALK: Final = (*_TEXTS, "maps_to")
_LISTS: Final = frozenset({"under", "maps_to"})
_KINDS: Final = ("standard", "required", "addressable")
DERIVED: Final = "derived"

_Entry = Mapping[str, Any]


def read(path: Path, base: Framework | None = None) -> Framework:
    """Return the framework in `path`: a crosswalk onto `base`, or without it a catalogue.

    Raises DocumentError with every mistake in the file.
    """
    document = yaml.load(files.read(path, what="framework"), name=str(path))
    mistakes = list(_mistakes(document, base))
    if mistakes:
        raise DocumentError(tuple(mistakes))
    top = cast("_Entry", document.value)
    controls = tuple(_control(entry, base) for entry in top["controls"])
    standing = Standing(top["status"])
    return Framework(top["id"], top["title"], standing, top["source"], controls)


def json_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of such a file, for editors; unknown ids are found by `read` only."""
    content = resources.files("hipscan.frameworks").joinpath("framework.schema.json")
    return cast("_Entry", json.loads(content.read_text("utf-8")))


def _control(entry: _Entry, base: Framework | None) -> Control:
    maps_to = tuple(entry.get("maps_to", ()))
    return Control(
        id=entry["id"],
        name=entry["name"],
        kind=entry.get("kind", DERIVED),
        family=entry.get("family", ""),
        summary=entry["summary"],
        evidence=Evidence(entry["evidence"]) if "evidence" in entry else _evidence(maps_to, base),
        how=entry.get("how", ""),
        under=tuple(entry.get("under", ())),
        maps_to=maps_to,
    )


def _evidence(maps_to: Collection[str], base: Framework | None) -> Evidence:
    """Return what can show a control that rests on others: the same when they agree, else both."""
    controls = base.controls if base else ()
    kinds = {control.evidence for control in controls if control.id in maps_to}
    return kinds.pop() if len(kinds) == 1 else Evidence.BOTH


def _mistakes(document: Document, base: Framework | None) -> Iterator[Mistake]:
    top = document.value
    if not isinstance(top, dict):
        yield document.mistake((), "a framework is a mapping", f"with {', '.join(_HEAD)}")
        return
    yield from _keys(document, (), top, _HEAD, ())
    status = top.get("status", Standing.CURRENT)
    if status not in list(Standing):
        yield _choice(document, ("status",), status, tuple(Standing))
    entries = top.get("controls")
    if not isinstance(entries, list) or not entries:
        yield document.mistake(("controls",), "a framework has a list of controls")
        return
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            yield document.mistake(("controls", index), "a control is a mapping")
        else:
            yield from _entry_mistakes(document, index, entry, base)
            yield from _references(document, index, entry, ids, base)


def _entry_mistakes(
    document: Document, index: int, entry: dict[str, Value], base: Framework | None
) -> Iterator[Mistake]:
    path = ("controls", index)
    needed, more = (_CROSSWALK, ("evidence", "how")) if base else (_CATALOGUE, ("under",))
    yield from _keys(document, path, entry, needed, more)
    for key, choices in (("evidence", tuple(Evidence)), ("kind", _KINDS)):
        if key in entry and entry[key] not in choices:
            yield _choice(document, (*path, key), entry[key], choices)
    is_part = entry.get("kind") in _KINDS[1:]
    if not base and is_part and "under" not in entry:
        yield document.mistake(path, "a specification says its standard", "add under:")


def _keys(
    document: Document,
    path: tuple[Step, ...],
    entry: dict[str, Value],
    needed: Collection[str],
    more: Collection[str],
) -> Iterator[Mistake]:
    """Yield what is unknown, missing, or of the wrong type among the keys of a mapping."""
    known = (*needed, *more)
    for key, value in entry.items():
        if key not in known:
            yield document.mistake(
                (*path, key), f"unknown key {key!r}", suggest(key, known), key=True
            )
        elif key in _LISTS and not _is_texts(value):
            yield document.mistake((*path, key), f"{key} is a list of ids")
        elif key not in {*_LISTS, "controls"} and not (isinstance(value, str) and value):
            yield document.mistake((*path, key), f"{key} is a text")
    for key in needed:
        if key not in entry:
            yield document.mistake(path, f"{key} is missing")


def _is_texts(value: Value) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def _choice(
    document: Document, path: tuple[Step, ...], value: Value, choices: Collection[str]
) -> Mistake:
    return document.mistake(path, f"unknown {path[-1]} {value!r}", f"one of {', '.join(choices)}")


def _references(
    document: Document,
    index: int,
    entry: dict[str, Value],
    ids: list[Value],
    base: Framework | None,
) -> Iterator[Mistake]:
    """Yield an id that stands twice, and ids that nothing has."""
    path = ("controls", index)
    if entry.get("id") in ids[:index]:
        yield document.mistake((*path, "id"), f"the control {entry['id']!r} is here already")
    known = {"under": [str(name) for name in ids], "maps_to": sorted(base.ids if base else ())}
    for key, names in known.items():
        listed = entry.get(key)
        for place, name in enumerate(listed if isinstance(listed, list) else ()):
            if name not in names:
                where = (*path, key, place)
                yield document.mistake(
                    where, f"unknown control {name!r}", suggest(str(name), names)
                )
