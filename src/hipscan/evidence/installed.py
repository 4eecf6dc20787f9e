"""The installed packages behind an advisory, with all that a package URL can say of them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hipscan.model.advisory import Advisory
from hipscan.model.fact import Record
from hipscan.model.snapshot import Snapshot

KINDS: Final[Mapping[str, str]] = {"dpkg": "deb", "rpm": "rpm", "apk": "apk"}
LANGUAGES: Final[Mapping[str, str]] = {"PyPI": "pypi", "npm": "npm", "Maven": "maven"}
# What others call a distribution beside its ID of os-release.
_ALSO: Final[Mapping[str, frozenset[str]]] = {
    "rhel": frozenset({"redhat"}),
    "rocky": frozenset({"rockylinux", "rocky-linux"}),
    "almalinux": frozenset({"alma"}),
    "sles": frozenset({"suse"}),
    "sled": frozenset({"suse"}),
    "opensuse-leap": frozenset({"opensuse"}),
    "opensuse-tumbleweed": frozenset({"opensuse"}),
}


@dataclass(frozen=True, slots=True)
class System:
    """The distribution of a target: what it is called, its version and its code name."""

    names: frozenset[str]
    version: str
    codename: str


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package behind an advisory; `sources` has the versions of its sources by name.

    `kind` is the type of its package URL. For a package of a language `namespace` is the scope of
    npm or the group of Maven.
    """

    kind: str
    name: str
    version: str
    arch: str = ""
    namespace: str = ""
    sources: tuple[tuple[str, str], ...] = ()


def system_of(snapshot: Snapshot) -> System:
    """Return the distribution of `snapshot`, without a name where it is not known."""
    record = next(iter(snapshot.fact("platform").records), {})
    name = str(record.get("id") or "").casefold()
    names = frozenset({name}) | _ALSO.get(name, frozenset()) if name else frozenset()
    return System(names, str(record.get("version") or ""), str(record.get("codename") or ""))


def by_name(snapshot: Snapshot) -> Mapping[str, Sequence[Record]]:
    """Return the records of the installed packages of `snapshot` by name."""
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for record in snapshot.fact("package").records:
        if record.get("installed"):
            found[str(record["name"])].append(record)
    return found


def installed(advisory: Advisory, packages: Mapping[str, Sequence[Record]]) -> Iterator[Package]:
    """Yield the installed packages behind `advisory`; `packages` are the target's, by name."""
    language = LANGUAGES.get(advisory.ecosystem.partition(":")[0])
    versions = advisory.versions or (advisory.installed,)
    if language:
        yield from (_of_language(language, advisory.source, version) for version in versions)
        return
    bare = {epoch_of(version)[1] for version in versions}
    for name in advisory.packages:
        records = packages.get(name, ())
        meant = [record for record in records if bare & set(_bare_versions(record))]
        if meant:
            yield from (_of_record(record, advisory.source) for record in meant)
        else:  # a kernel that still runs after its package was replaced
            kinds = {KINDS.get(str(record.get("manager")), "") for record in records} or {""}
            for version in versions:
                own = ((advisory.source, version),)
                yield from (Package(kind, name, version, sources=own) for kind in kinds)


def _bare_versions(record: Record) -> Iterator[str]:
    return (epoch_of(str(record.get(field)))[1] for field in ("version", "source_version"))


def _of_record(record: Record, source: str) -> Package:
    version, built_from = str(record["version"]), str(record.get("source"))
    own = str(record.get("source_version") or version)
    # What the feeds call `linux` is built from linux-signed-amd64 with a version of its own.
    sources = {source: own if built_from == source else version, built_from: own}
    return Package(
        kind=KINDS.get(str(record.get("manager")), ""),
        name=str(record["name"]),
        version=version,
        arch=str(record.get("arch") or ""),
        sources=tuple(sources.items()),
    )


def _of_language(kind: str, name: str, version: str) -> Package:
    mark = {"npm": "/", "maven": ":"}.get(kind, "")
    namespace, _, last = name.rpartition(mark) if mark else ("", "", name)
    return Package(kind, last, version, namespace=namespace)


def epoch_of(version: str) -> tuple[str, str]:
    """Part 1:3.0.7-27 into epoch and the rest; the epoch is empty where there is none."""
    epoch, mark, rest = version.partition(":")
    return (epoch, rest) if mark and epoch.isdigit() else ("", version)
