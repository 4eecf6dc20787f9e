"""Packages of Python, Node.js and Java in real trees, against what their own tools read there."""

import json
import random
import re
import shutil
import subprocess
import sysconfig
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hipscan.feeds.ecosystems import normalised
from hipscan.model.fact import Fact, FactStatus, Record
from hipscan.probes.base import listing
from hipscan.probes.files import walk
from hipscan.probes.files.language_archives import split
from hipscan.probes.files.language_files import LANGUAGE_FILES, LANGUAGES, LINES, UNFIT
from hipscan.probes.files.language_records import language_fact
from hipscan.probes.unprivileged import AS_NOBODY
from tests.probes.running import run_probe

LOCK = Path(__file__).parent / "oracles" / "package-lock.json"
DIST_PACKAGES = Path("/usr/lib/python3/dist-packages")

# What stands in for the walk: a find in one folder.
_FIND = r"""
langs=$(find @ROOT@ -type f \( @NAMES@ \) | sed 's/^/l/' | awk '@UNFIT@ { print substr($0, 2) }')
IFS=$NL limit=''
printf 'e0\n'
[ -z "$langs" ] || languages
printf 'L\n'
"""


@pytest.fixture(params=["sh", "busybox"])
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a shell with the tools that it brings: the machine's, or those of busybox."""
    found = shutil.which(request.param)
    if found is None:
        pytest.skip(f"no {request.param} here")
    link = tmp_path_factory.mktemp("shell") / "sh"
    link.symlink_to(found)
    return str(link)


def _look(root: Path, shell: str = "sh") -> Fact:
    """Return the fact that the shell of the walk makes of the files below `root`."""
    names = " -o ".join(f"-name '{name}'" for name in LANGUAGE_FILES)
    find = _FIND.replace("@ROOT@", str(root)).replace("@NAMES@", names).replace("@UNFIT@", UNFIT)
    probe = replace(walk.PROBE, script=AS_NOBODY + LANGUAGES + find)
    return run_probe(probe, shell=shell)["language_package"]


def _named(records: Sequence[Record]) -> set[tuple[str, str]]:
    return {
        (normalised(str(item["ecosystem"]), str(item["name"])), str(item["version"]))
        for item in records
        if not item["vendored"]
    }


def test_python_packages_are_those_that_importlib_sees(shell: str) -> None:
    folder = sysconfig.get_path("purelib")
    expected = {
        (normalised("PyPI", found.metadata["Name"]), found.version)
        for found in metadata.distributions(path=[folder])
    }
    fact = _look(Path(folder), shell)
    assert fact.status is FactStatus.OK, fact.reason
    assert len(expected) > 20
    assert _named([item for item in fact.records if item["ecosystem"] == "PyPI"]) == expected


@pytest.mark.skipif(not DIST_PACKAGES.exists(), reason="no Python of Debian here")
def test_what_the_distribution_owns_is_left_out(shell: str) -> None:
    fact = _look(DIST_PACKAGES, shell)
    done = subprocess.run(
        ["dpkg", "-S", *map(str, _metadata(DIST_PACKAGES))],
        capture_output=True,
        text=True,
        check=False,
    )
    owned = {line.rpartition(": ")[2] for line in done.stdout.splitlines()}
    unowned = {str(path) for path in _metadata(DIST_PACKAGES)} - owned
    assert owned
    assert {item["path"] for item in fact.records} == {
        path if path.endswith(".egg-info") else str(Path(path).parent) for path in unowned
    }


def _metadata(folder: Path) -> list[Path]:
    patterns = ("*.dist-info/METADATA", "*.egg-info/PKG-INFO", "*.egg-info")
    return [path for pattern in patterns for path in folder.glob(pattern) if path.is_file()]


LAYOUTS: list[dict[str, Any]] = [
    {"indent": 2},
    {"indent": 4},
    {"indent": "\t"},
    {"separators": (",", ":")},
    {},
]
_NOISE = {"author": {"name": "Nobody", "version": "0"}, "engines": {"node": ">=1"}}


def test_node_packages_are_those_of_the_lock(shell: str, tmp_path: Path) -> None:
    """The lock is npm's own, of express, webpack and @babel/traverse; layouts take turns."""
    packages: dict[str, Any] = json.loads(LOCK.read_text("utf-8"))["packages"]
    for number, (path, told) in enumerate(packages.items()):
        name = path.rpartition("node_modules/")[2]
        own = {"name": name, "description": 'a "name": "b"', "version": told["version"]}
        members = {**_NOISE, **own} if number % 2 else {**own, **_NOISE}
        file = tmp_path / path / "package.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(members, **LAYOUTS[number % len(LAYOUTS)]), "utf-8")
        (file.parent / "dist").mkdir()
        (file.parent / "dist" / "package.json").write_text('{"type": "module"}')
    fact = _look(tmp_path, shell)
    assert {
        (str(Path(str(item["path"])).relative_to(tmp_path)), item["version"])
        for item in fact.records
    } == {(path, told["version"]) for path, told in packages.items()}


JARS: Mapping[str, Sequence[str]] = {
    "log4j-core-2.14.1.jar": ["org.apache.logging.log4j:log4j-core:2.14.1"],
    "shaded-3.1.jar": ["io.example:shaded:3.1", "org.jctools:jctools-core:3.3.0"],
    "plain-1.0.jar": [],
    "records.jar": ["org.example:records:7.2"],
    "several.jar": ["org.example:one:1", "org.example:two:2"],
}


def _jar(path: Path, poms: Sequence[str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n")
        for number in range(40):
            archive.writestr(f"org/example/C{number}.class", random.Random(number).randbytes(900))  # noqa: S311  # no secret
        for pom in poms:
            group, artifact, version = pom.split(":")
            text = f"#made\r\nversion={version}\r\ngroupId={group}\r\nartifactId={artifact}\r\n"
            archive.writestr(f"META-INF/maven/{group}/{artifact}/pom.properties", text)


def _poms(path: Path) -> Iterator[tuple[str, str]]:
    """Yield what the properties in a jar say, as Python's own zipfile reads them."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith("/pom.properties"):
                pairs = (row.split("=", 1) for row in archive.read(name).decode().splitlines()[1:])
                told = dict(pairs)
                yield f"{told['groupId']}:{told['artifactId']}", told["version"]


def test_jars_are_what_their_properties_say(shell: str, tmp_path: Path) -> None:
    for name, poms in JARS.items():
        _jar(tmp_path / name, poms)
    fact = _look(tmp_path, shell)
    found = {(str(item["name"]), str(item["version"])) for item in fact.records}
    versions = {pom for name in JARS for pom in _poms(tmp_path / name)}
    if not shutil.which("unzip"):  # then only names tell
        versions = {("org.apache.logging.log4j:log4j-core", "2.14.1"), ("io.example:shaded", "3.1")}
    assert versions <= found
    assert ("plain", "1.0") in found
    inside = {str(item["name"]): item.get("inside") for item in fact.records if item["vendored"]}
    assert inside["org.jctools:jctools-core"] == "shaded-3.1.jar"


def test_a_war_names_what_it_brings(shell: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "app.war", "w") as archive:
        for name in ("commons-text-1.9.jar", "own.jar", "docs-1.0-sources.jar"):
            archive.writestr(f"WEB-INF/lib/{name}", b"PK\5\6" + bytes(18))
    fact = _look(tmp_path, shell)
    assert [(item["name"], item["version"], item.get("inside")) for item in fact.records] == [
        ("app", "", None),
        ("commons-text", "1.9", "app.war"),
        ("own", "", "app.war"),
    ]


@pytest.mark.skipif(not shutil.which("unzip"), reason="no unzip here")
@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_jars_inside_of_a_war_have_their_own_poms(shell: str, how: int, tmp_path: Path) -> None:
    poms = ["org.apache.commons:commons-text:1.9", "org.example:shared:1", "io.other:shared:1"]
    _jar(tmp_path / "commons-text-1.9.bin", [poms[0]])
    _jar(tmp_path / "shared-1.bin", poms[1:])
    with zipfile.ZipFile(tmp_path / "app.war", "w", how) as archive:
        for name in ("commons-text-1.9", "shared-1", "bare-2"):
            file = tmp_path / f"{name}.bin"
            content = file.read_bytes() if file.exists() else b"PK"
            archive.writestr(f"WEB-INF/lib/{name}.jar", content)
    found = {str(item["name"]): item["version"] for item in _look(tmp_path, shell).records}
    assert found == {
        "app": "",
        "org.apache.commons:commons-text": "1.9",
        "shared": "1",
        "bare": "2",
    }


def test_names_of_files_forge_nothing(shell: str, tmp_path: Path) -> None:
    """Colons, blanks, quotes, equals signs and marks of the reply's own in folders."""
    for number, name in enumerate(("a:b", "a b", "a'b\"c", "x=y", "F", "!languages x", "-e", "*")):
        folder = tmp_path / name / "node_modules" / f"p{number}"
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(f'{{\n "name": "p{number}",\n "version": "1"\n}}')
    fact = _look(tmp_path, shell)
    assert (fact.status, _named(fact.records)) == (
        FactStatus.OK,
        {(f"p{number}", "1") for number in range(8)},
    )


_JSON = st.recursive(
    st.text(max_size=6) | st.integers() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "version", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    members=st.dictionaries(st.sampled_from(["author", "files", "engines"]), _JSON, max_size=3),
    layout=st.sampled_from(LAYOUTS),
    at=st.integers(0, 3),
)
def test_only_the_members_of_the_object_itself_count(
    members: dict[str, Any], layout: dict[str, Any], at: int
) -> None:
    pairs = list(members.items())
    pairs[at:at] = [("name", "right"), ("version", "1.2.3")]
    wanted = re.compile(LINES.replace("[:space:]", r"\s"))
    rows = json.dumps(dict(pairs), **layout).split("\n")
    text = "F/srv/node_modules/x/package.json\n" + "".join(
        f":{row}\n" for row in rows if wanted.search(row)
    )
    (record,) = language_fact(listing(text + "L\n"), "").records
    assert (record["name"], record["version"]) == ("right", "1.2.3")


@given(
    artifact=st.from_regex(r"[a-z]{1,8}(-[a-z]{1,5}|[0-9]){0,2}", fullmatch=True),
    version=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}(\.Final|-jre|-M[0-9])?", fullmatch=True),
    build=st.sampled_from(["", "-linux-x86_64", "-all", "-jar-with-dependencies", "-osx-aarch_64"]),
)
@example(artifact="support-v4", version="24.1", build="")
@example(artifact="tool", version="1.2", build="-all")
def test_the_name_of_a_jar_is_artifact_version_and_build(
    artifact: str, version: str, build: str
) -> None:
    assert split(f"{artifact}-{version}{build}") == (artifact, version)


_PIECES = st.sampled_from(['"', "\\", ":", "{", "}", "[", ",", " ", "name", "version", "1", "é"])


@given(text=st.lists(_PIECES, max_size=60).map("".join), path=st.text("ab/-1.:@", max_size=30))
def test_whatever_a_host_says_is_read_or_left(text: str, path: str) -> None:
    for file in ("node_modules/x/package.json", "a.dist-info/METADATA", "_vendor/vendor.txt"):
        row = (
            f"F/{path}/{file}\n:{text}\n:m{text}\n:p{text}\nF/{path}/.m2/repository/{path}.jar\nL\n"
        )
        assert language_fact(listing(row), "").status is FactStatus.OK


def test_a_line_that_never_ends_takes_no_longer_than_it_is_long() -> None:
    line = '  "name": "' + '\\"' * 500_000
    (record,) = language_fact(
        listing(f"F/srv/node_modules/x/package.json\n:{line}\nL\n"), ""
    ).records
    assert record["name"] == "x"


def test_many_other_files_do_not_cut_packages_of_languages() -> None:
    rows = "".join(f"w666:root:root:0:0:1:1.0:f:/srv/{n}\n" for n in range(5001))
    facts = walk.parse(f"{rows}e0\nL\n", 0)
    assert facts["walked_file"].status is FactStatus.PARTIAL
    assert facts["language_package"].status is FactStatus.OK
