"""What the names of an inventory refer to, and which hosts are in it twice.

The document itself is looked at, not the model of it, so that these mistakes are reported
together with wrong types and unknown keys.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from hipscan.documents.document import Document, Value, suggest
from hipscan.errors import Mistake
from hipscan.model.target import LOCAL, Target, TransportName

_OTHER: Final = {"hosts": "groups", "groups": "hosts"}


def mistakes(document: Document) -> Iterator[Mistake]:
    """Find names that refer to nothing, names that mean two things, and an empty inventory."""
    sections = {name: _mapping(_mapping(document.value).get(name)) for name in _OTHER}
    if _mapping(document.value).get("hosts") == {}:
        yield document.mistake(("hosts",), "the inventory has no hosts", "add one under hosts:")
    for name in sections["groups"].keys() & sections["hosts"].keys():
        message = f"{name!r} is a group and a host"
        yield document.mistake(("groups", name), message, "rename one of them", key=True)
    for section, other in _OTHER.items():
        for name, entry in sections[section].items():
            names = _mapping(entry).get(other)
            yield from _unknown(document, (section, name, other), names, list(sections[other]))


def _mapping(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def _unknown(
    document: Document, path: tuple[str, ...], names: Value, known: Sequence[str]
) -> Iterator[Mistake]:
    """Find what the list of `names` at `path` has that nothing is called, or has twice."""
    section = path[-1]
    found = names if isinstance(names, list) else []
    for index, name in enumerate(found):
        if not isinstance(name, str):
            continue
        if name not in known:
            instead = suggest(name, known) or f"add it under {section}:"
            message = f"unknown {section.removesuffix('s')} {name!r}"
            yield document.mistake((*path, index), message, instead)
        elif name in found[:index]:
            yield document.mistake((*path, index), f"{name!r} again", "name it once")


def alike(document: Document, targets: Sequence[Target]) -> Iterator[Mistake]:
    """Find hosts that would be scanned twice, or whose names differ in capitals only."""
    names: dict[str, Target] = {}
    places: dict[tuple[object, ...], Target] = {}
    for target in targets:
        path = ("hosts", target.name)
        if twin := names.get(target.name.casefold()):
            message = f"{target.name!r} and {twin.name!r} differ in capitals only"
            yield document.mistake(path, message, "rename one of them", key=True)
            continue
        names[target.name.casefold()] = target
        if twin := places.get(_place(target)):
            message = f"{target.name!r} is the same host as {twin.name!r}"
            yield document.mistake(path, message, "remove one of them", key=True)
        places.setdefault(_place(target), target)


def _place(target: Target) -> tuple[object, ...]:
    if target.transport is TransportName.LOCAL:
        return (LOCAL,)
    return (target.host.casefold(), target.port, target.user)
