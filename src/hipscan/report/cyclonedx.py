"""A software bill of materials in CycloneDX 1.6: the packages of every host that was read.

Each host is a component that holds its operating system and its packages, with package URLs as the
purl specification writes them for deb, rpm, apk, pypi, npm and maven. What was not read is said in
properties, since a list that lacks packages looks like a host without them. A run always gives the
same document.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from hipscan.model.fact import FactStatus, Record
from hipscan.model.report import Report, TargetStatus
from hipscan.model.snapshot import Snapshot
from hipscan.report.base import View
from hipscan.sanitize import line

_NAMESPACE: Final = uuid.UUID("5f1c4f0e-6f43-4b0f-9f5c-7b8f6c1f2a10")
_TYPES: Final = {"dpkg": "deb", "rpm": "rpm", "apk": "apk"}
_LANGUAGES: Final = {"PyPI": "pypi", "npm": "npm", "Maven": "maven"}
# What package URLs call a distribution, where that is not its ID of os-release.
_NAMESPACES: Final = {
    "rhel": "redhat",
    "opensuse-leap": "opensuse",
    "opensuse-tumbleweed": "opensuse",
}
_LISTS: Final = {"package": "hipscan:packages", "language_package": "hipscan:language-packages"}


def render(report: Report, _view: View) -> Iterator[str]:
    """Yield the document in one piece: the library makes it as a whole."""
    hosts = [_host(snapshot) for snapshot in report.snapshots()]
    missed = [
        Property(name="hipscan:not-read", value=line(target.name))
        for target in report.targets()
        if target.status is TargetStatus.UNREACHABLE
    ]
    root = Component(
        name="hosts", type=ComponentType.PLATFORM, bom_ref="hosts", version=report.run.id
    )
    bom = Bom(
        components=hosts, properties=missed, serial_number=uuid.uuid5(_NAMESPACE, report.run.id)
    )
    bom.metadata.timestamp = datetime.fromisoformat(report.run.finished)
    bom.metadata.component = root
    bom.metadata.tools.components.add(
        Component(name="hipscan", type=ComponentType.APPLICATION, version=report.run.hipscan)
    )
    bom.register_dependency(root, hosts)
    for host in hosts:
        bom.register_dependency(host, host.components)
    outputter = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
    yield outputter.output_as_string(indent=1) + "\n"


def _host(snapshot: Snapshot) -> Component:
    name = snapshot.target.name
    platform = next(iter(snapshot.fact("platform").records), {})
    properties = [Property(name="hipscan:read", value=snapshot.taken)]
    for wanted, label in _LISTS.items():
        fact = snapshot.fact(wanted)
        if fact.status is not FactStatus.OK:
            why = line(f"{fact.status}: {fact.reason}" if fact.reason else str(fact.status))
            properties.append(Property(name=label, value=why))
    ref = f"host/{line(name)}"
    packages = snapshot.fact("package").records
    found = [_package(record, platform, ref) for record in packages if record.get("installed")]
    found += _languages(snapshot.fact("language_package").records, ref)
    return Component(
        name=line(name),
        type=ComponentType.DEVICE,
        bom_ref=ref,
        properties=properties,
        components=[*_system(platform, ref), *_unique(found)],
    )


def _system(platform: Record, ref: str) -> Iterator[Component]:
    if platform:
        yield Component(
            name=_text(platform, "id"),
            version=_text(platform, "version") or None,
            description=_text(platform, "name") or None,
            type=ComponentType.OPERATING_SYSTEM,
            bom_ref=f"{ref}/system",
        )


def _package(record: Record, platform: Record, ref: str) -> Component:
    """Return a package; its source is in the purl's qualifier `upstream`, as others have it."""
    name, version, arch = (_text(record, field) for field in ("name", "version", "arch"))
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{ref}/{name}/{version}/{arch}",
        purl=_purl(record, platform),
    )


def _languages(records: Sequence[Record], ref: str) -> Iterator[Component]:
    """Yield packages of languages, each once, with all places where it lies."""
    places: defaultdict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for record in records:
        kind, path = _text(record, "ecosystem"), _text(record, "path")
        inside = _text(record, "inside")
        key = (kind, _text(record, "name"), _text(record, "version"), inside)
        places[key].add(path)
    for (kind, name, version, inside), paths in places.items():
        yield _language(kind, name, version, inside, sorted(paths), ref)


def _language(
    kind: str, name: str, version: str, inside: str, paths: Sequence[str], ref: str
) -> Component:
    group, _, bare = name.rpartition({"Maven": ":", "npm": "/"}.get(kind, "\0"))
    properties = [Property(name="hipscan:path", value=path) for path in paths]
    if inside:
        properties.append(Property(name="hipscan:copy-in", value=inside))
    # A jar of which nobody knows the group has no package URL.
    is_known = kind in _LANGUAGES and (kind != "Maven" or group)
    return Component(
        name=bare,
        group=group or None,
        version=version or None,
        type=ComponentType.LIBRARY,
        bom_ref=f"{ref}/{kind}/{name}/{version}/{inside}",
        purl=PackageURL(_LANGUAGES[kind], group or None, bare, version or None)
        if is_known
        else None,
        properties=properties,
    )


def _purl(record: Record, platform: Record) -> PackageURL | None:
    kind, system = _TYPES.get(_text(record, "manager")), _text(platform, "id")
    name, version = _text(record, "name"), _text(record, "version")
    if kind is None or not system or not name:
        return None
    qualifiers = {
        "arch": _text(record, "arch"),
        "distro": f"{system}-{_text(platform, 'version')}".rstrip("-"),
        "upstream": _upstream(record),
    }
    if kind == "rpm" and ":" in version:
        epoch, _, version = version.partition(":")
        qualifiers |= {"epoch": epoch if epoch != "0" else ""}
    given = {name: value for name, value in qualifiers.items() if value}
    return PackageURL(kind, _NAMESPACES.get(system, system), name, version, given)


def _upstream(record: Record) -> str:
    source, version = _text(record, "source"), _text(record, "source_version")
    if version != _text(record, "version"):
        return f"{source}@{version}" if source and version else source
    return source if source != _text(record, "name") else ""


def _unique(components: Sequence[Component]) -> list[Component]:
    return list({component.bom_ref.value: component for component in components}.values())


def _text(record: Record, field: str) -> str:
    value = record.get(field)
    return line(value) if isinstance(value, str) else ""
