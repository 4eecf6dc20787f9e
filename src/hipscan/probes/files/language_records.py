r"""Packages of Python, Node.js and Java as records, from what the walk read of them.

What is sure is said, what is not stays open: a jar's group is known from its own pom.properties or
from the layout of Maven's repository, never from its name; and where the name of a jar and a
pom inside of it disagree, the pom is that of something packed into it. Copies that a program has
inside of itself are `vendored`.

    F/opt/app/lib/python3.11/site-packages/pip/_vendor/vendor.txt
    :urllib3==1.26.16
    F/opt/web/node_modules/@babel/traverse/package.json
    :  "name": "@babel/traverse",
    :  "version": "7.22.0",
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, missing
from hipscan.probes.base import FactSpec, Field, FieldType, Listing
from hipscan.probes.files.language_archives import archive_records

FIELDS: Final = {
    "ecosystem": Field(FieldType.TEXT, "PyPI, npm or Maven"),
    "name": Field(
        FieldType.TEXT,
        "as the ecosystem has it: group:artifact for Maven, where the group is known",
    ),
    "version": Field(FieldType.TEXT, "the version; empty: nothing readable tells it"),
    "path": Field(FieldType.TEXT, "the folder or archive that it was found in"),
    "owner": Field(
        FieldType.TEXT, "the package of dpkg, rpm or apk that brought it, where one did"
    ),
    "vendored": Field(
        FieldType.BOOLEAN, "whether it is a copy that a program has inside of itself"
    ),
    "inside": Field(FieldType.TEXT, "of a vendored copy: what it is inside of"),
    "evidence": Field(
        FieldType.TEXT,
        "METADATA, PKG-INFO, package.json, vendor.txt, pom.properties; the path, the name",
    ),
}

SPEC: Final = FactSpec(
    "language_package",
    "A package of Python, Node.js or Java that no package of the distribution brought.",
    ("ecosystem", "name", "path"),
    FIELDS,
)

_VENDORED: Final = re.compile(
    r"/([^/]+)/(?:_vendor|vendor|_vendored|vendored|third_party|thirdparty|_internal)/"
)
_IN_PYTHON: Final = re.compile(r"/(?:site|dist)-packages/([^/]+)/")
_NODE_PATH: Final = re.compile(r"(.*)/node_modules/((?:@[^/]+/)?[^/]+)/package\.json")
_NODE_NAME: Final = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[A-Za-z0-9~_-][A-Za-z0-9._~-]*")
_FOLDER: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._]*)-(?P<version>[0-9][^-]*)(?:-py[23].*)?\.(?:dist|egg)-info"
)
_PINNED: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;#]+)")
# A string, with what stands behind its colon where it is a key; what does not end ends the line, so
# that no text takes longer than it is long. Or a bracket.
_MEMBER: Final = re.compile(
    r'"((?:[^"\\]|\\.)*+)(?:"(?:\s*+:\s*+("(?:[^"\\]|\\.)*+")?)?|\\?$)|[{}\[\]]'
)


def language_fact(seen: Listing, cut: str) -> Fact:
    """Return the fact `language_package`; `cut` says why the walk is not whole."""
    if "L" not in seen.plain:
        return missing(FactStatus.GARBLED, "the list of packages of languages does not end")
    owners = dict(_owner(line) for line in seen.plain if line.startswith("O") and " /" in line)
    records = tuple(
        {**record, **owners.get(path, {})}
        for path, lines in seen.files.items()
        for record in _records(path, lines)
    )
    reasons = [cut] if cut else []
    reasons += dict.fromkeys(note.text for note in seen.of_kind("languages"))
    if reasons:
        return Fact(FactStatus.PARTIAL, records, "; ".join(reasons[:5]))
    return Fact(FactStatus.OK, records)


def _owner(line: str) -> tuple[str, Record]:
    name, _, path = line[1:].partition(" ")
    return path, {"owner": name}


def _records(path: str, lines: Sequence[str]) -> Iterator[Record]:
    file = path.rpartition("/")[2]
    if file == "package.json":
        yield from _node(path, lines)
    elif file in {"vendor.txt", "vendored.txt"}:
        yield from _pinned(path, lines)
    elif file.endswith((".jar", ".war", ".ear")):
        for record in archive_records(path, lines):
            yield {**_where(path, "Maven"), **record}
    else:
        yield from _python(path, lines)


def _record(ecosystem: str, name: str, version: str, path: str, evidence: str) -> Record:
    return {
        "ecosystem": ecosystem,
        "name": name,
        "version": version,
        "path": path,
        **_where(path, ecosystem),
        "evidence": evidence,
    }


def _where(path: str, ecosystem: str) -> dict[str, Value]:
    """Return the fields that say whether a copy lies inside of something else."""
    match = _VENDORED.search(path)
    if match is None and ecosystem != "PyPI":
        match = _IN_PYTHON.search(path)
    return {"vendored": True, "inside": match[1]} if match else {"vendored": False}


def _python(path: str, lines: Sequence[str]) -> Iterator[Record]:
    """Read METADATA or PKG-INFO; the folder has the name and the version where those do not.

    :Name: Zope.Interface
    :Version: 5.4.0
    """
    above, _, file = path.rpartition("/")
    folder, evidence = (path, "PKG-INFO") if file.endswith(".egg-info") else (above, file)
    fields = {key: value.strip() for key, _, value in (line.partition(":") for line in lines[::-1])}
    name, version = fields.get("Name", ""), fields.get("Version", "")
    if not (name and version):
        match = _FOLDER.fullmatch(folder.rpartition("/")[2])
        if match is None and not name:
            return
        if match is not None:
            name, version, evidence = match["name"], match["version"], "the name"
    yield _record("PyPI", name, version, folder, evidence)


def _pinned(path: str, lines: Sequence[str]) -> Iterator[Record]:
    """Read what pip and setuptools write of the copies inside of themselves: `urllib3==1.26.16`."""
    for match in filter(None, map(_PINNED.match, lines)):
        yield _record("PyPI", match[1], match[2], path, "vendor.txt")


def _node(path: str, lines: Sequence[str]) -> Iterator[Record]:
    match = _NODE_PATH.fullmatch(path)
    if match is None:
        return
    told = _members(lines)
    name = told.get("name", "")
    if not _NODE_NAME.fullmatch(name):
        name = match[2]
    version = told.get("version", "")
    yield _record("npm", name, version, path.rpartition("/")[0], "package.json")


def _members(lines: Iterable[str]) -> dict[str, str]:
    """Return the name and version of the object itself, not of what is nested in it.

    They are those that stand the least far to the right, together: nested members are indented
    more. An object in one line is read as what it is.
    """
    found: dict[int, dict[str, str]] = {}
    for line in lines:
        at = line.find('"')
        for key, value in _top_members(line):
            found.setdefault(at, {}).setdefault(key, value)
    return found[min(found)] if found else {}


def _top_members(line: str) -> Iterator[tuple[str, str]]:
    depth = 0 if "{" in line.partition('"')[0] else 1
    for match in _MEMBER.finditer(line):
        if match[0] in "{[":
            depth += 1
        elif match[0] in "}]":
            depth -= 1
        elif depth == 1 and match[1] in {"name", "version"} and match[2]:
            try:
                yield match[1], str(json.loads(match[2])).strip()
            except ValueError:
                continue
