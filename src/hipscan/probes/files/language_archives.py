r"""What a jar, war or ear is, from its name and from the names and properties inside of it.

F/opt/web/lib/log4j-core-2.14.1.jar
:mMETA-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties
F/srv/tomcat/webapps/viewer.war
:mWEB-INF/lib/commons-text-1.9.jar
:mMETA-INF/maven/org.example/viewer/pom.properties
:nMETA-INF/maven/org.apache.commons/commons-text/pom.properties
:pversion=1.0
:pgroupId=org.example
:partifactId=viewer
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hipscan.model.fact import Record

_POM: Final = re.compile(r"META-INF/maven/([^/]+)/([^/]+)/pom\.properties")
_NAMED: Final = re.compile(r"(.+?)-([0-9][A-Za-z0-9._+-]*)")
_NAMED_WITH_V: Final = re.compile(r"(.+)-v([0-9][A-Za-z0-9._+]*)")
# What follows the version in a file's name, and says which build of it this is.
_BUILD: Final = re.compile(
    r"-(?:tests?|shaded|all|uber|nodep|runtime|jar-with-dependencies|exec|boot|"
    r"(?:linux|osx|windows|macos|mac|win)(?:-[A-Za-z0-9_-]+)?)$"
)
_NO_CODE: Final = ("-sources", "-javadoc", "-test-sources")
_REPOSITORY: Final = "/.m2/repository/"


@dataclass(frozen=True, slots=True)
class _Found:
    """A package of Maven in an archive: its name, version, and what tells."""

    name: str
    version: str
    evidence: str
    inside: str = ""


def archive_records(path: str, lines: Sequence[str]) -> Iterator[Record]:
    """Yield the archive itself, then what is packed into it."""
    file = path.rpartition("/")[2]
    stem = file.rpartition(".")[0]
    if stem.endswith(_NO_CODE):
        return
    members = [line[1:] for line in lines if line.startswith("m")]
    poms = {match[2]: match[1] for name in members if (match := _POM.fullmatch(name))}
    told = dict(_told(lines))
    own = _own_artifact(stem, poms)
    for found in (_itself(path, stem, poms, own, told), *_packed(file, own, poms, told, lines)):
        packed: Record = {"vendored": True, "inside": found.inside} if found.inside else {}
        yield {
            "ecosystem": "Maven",
            "name": found.name,
            "version": found.version,
            "path": path,
            "evidence": found.evidence,
            **packed,
        }


def _itself(
    path: str, stem: str, poms: Mapping[str, str], own: str, told: Mapping[str, tuple[str, str]]
) -> _Found:
    artifact, version = split(stem)
    if _REPOSITORY in path and (found := _fetched(path, stem)):
        return found
    if not own:
        return _Found(artifact, version, "the name")
    named = _BUILD.sub("", stem[len(own) + 1 :])
    group, version = told.get(own, (poms[own], ""))
    return _Found(f"{group}:{own}", named or version, "pom.properties")


def _fetched(path: str, stem: str) -> _Found | None:
    """Read the layout of Maven's repository: GROUP/AS/FOLDERS/ARTIFACT/VERSION/ARTIFACT-VERSION."""
    parts = path.rpartition(_REPOSITORY)[2].split("/")
    if len(parts) < 4:  # noqa: PLR2004  # the least that the layout has
        return None
    *group, artifact, version, _ = parts
    if not f"{stem}-".startswith(f"{artifact}-{version}-"):
        return None
    return _Found(f"{'.'.join(group)}:{artifact}", version, "the path")


def _packed(
    file: str,
    own: str,
    poms: Mapping[str, str],
    told: Mapping[str, tuple[str, str]],
    lines: Sequence[str],
) -> Iterator[_Found]:
    """Yield what is packed into an archive: by poms, and the libraries of a war by their names."""
    has_jars = any(line.startswith("m") and line.endswith(".jar") for line in lines)
    for artifact, group in sorted(poms.items()):
        # The names in jars that lie in an archive as they are look like names in the archive.
        if artifact != own and (artifact in told or not has_jars):
            group_told, version = told.get(artifact, (group, ""))
            yield _Found(f"{group_told}:{artifact}", version, "pom.properties", file)
    groups = _groups(lines)
    for line in lines:
        inner = line[1:].rpartition("/")[2]
        if line.startswith("m") and inner.endswith(".jar"):
            stem = inner.removesuffix(".jar")
            if not stem.endswith(_NO_CODE):
                yield _inner(stem, file, groups)


def _inner(stem: str, file: str, groups: Mapping[str, str]) -> _Found:
    """Return a jar inside of an archive, by its name and the pom of that name."""
    own = _own_artifact(stem, groups)
    artifact, version = split(stem)
    if not own:
        return _Found(artifact, version, "the name", file)
    named = _BUILD.sub("", stem[len(own) + 1 :])
    return _Found(f"{groups[own]}:{own}", named, "pom.properties", file)


def _groups(lines: Sequence[str]) -> Mapping[str, str]:
    """Return the group of each artifact that the jars inside have a pom of, where only one has."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line[:1] in {"m", "n"} and (match := _POM.fullmatch(line[1:])):
            seen[match[2]].add(match[1])
    return {artifact: min(groups) for artifact, groups in seen.items() if len(groups) == 1}


def split(stem: str) -> tuple[str, str]:
    """Return the artifact and the version of a file's name; the version is "" where it has none.

    commons-lang3-3.12.0                                -> commons-lang3, 3.12.0
    netty-transport-native-epoll-4.1.50.Final-linux-x86_64 -> ..., 4.1.50.Final
    """
    match = _NAMED.fullmatch(stem) or _NAMED_WITH_V.fullmatch(stem)
    return (match[1], _BUILD.sub("", match[2])) if match else (stem, "")


def _own_artifact(stem: str, poms: Mapping[str, str]) -> str:
    """Return the longest artifact that the name begins with; what follows has to be a version."""
    fitting = [
        artifact
        for artifact in poms
        if stem == artifact or re.match(r"-v?[0-9]", stem.removeprefix(artifact))
        if stem.startswith(artifact)
    ]
    return max(fitting, key=len, default="")


def _told(lines: Sequence[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield (artifact, (group, version)) of properties, which come in threes in any order."""
    fields: dict[str, str] = {}
    for line in lines:
        if not line.startswith("p"):
            continue
        key, _, value = line[1:].partition("=")
        if key in fields:
            fields = {}
        fields[key] = value.strip()
        if fields.keys() >= {"groupId", "artifactId", "version"}:
            yield fields["artifactId"], (fields["groupId"], fields["version"])
            fields = {}
