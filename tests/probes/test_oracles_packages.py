"""What is installed, offered and configured, against dpkg's own file, apt's own list and answer."""

import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hipscan.probes.packages import packages, updates
from hipscan.probes.packages.apt_lists import place, place_of
from hipscan.probes.packages.apt_sources import apt_repositories
from tests.probes.running import run_probe

STATUS = Path("/var/lib/dpkg/status")
SOURCES = Path(__file__).parent / "oracles" / "apt"
IN_MEMORY = ("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")

needs_dpkg = pytest.mark.skipif(not STATUS.exists(), reason="no dpkg database here")
needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="no apt-get here")
needs_lists = pytest.mark.skipif(
    not list(Path("/var/lib/apt/lists").glob("*Packages*")), reason="apt has no package lists here"
)


def output(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env={"LC_ALL": "C"})
    return done.stdout


def paragraphs() -> Iterator[Mapping[str, str]]:
    for paragraph in STATUS.read_text("utf-8").split("\n\n"):
        lines = [line for line in paragraph.split("\n") if line[:1].strip()]
        yield {key: value for key, _, value in (line.partition(": ") for line in lines)}


@needs_dpkg
def test_packages_are_those_of_the_status_file() -> None:
    expected = {
        (found["Package"], found["Version"], found.get("Source", found["Package"]).split(" ")[0])
        for found in paragraphs()
        if found.get("Status", "").endswith(" installed")
    }
    records = run_probe(packages.PROBE)["package"].records
    seen = {(r["name"], r["version"], r["source"]) for r in records if r["state"] == "installed"}
    assert seen == expected


@needs_apt
@needs_lists
@needs_dpkg
def test_updates_are_those_of_apt_list() -> None:
    lines = output("apt", *IN_MEMORY, "list", "--upgradable", "-qq").splitlines()
    expected = {line.split("/")[0]: line.split("/")[1].split(" ") for line in lines if "/" in line}
    facts = run_probe(updates.PROBE)
    offered = [r for r in facts["pending_update"].records if r["kept_back"] != "pin"]
    assert {str(r["package"]).split(":")[0] for r in offered} == expected.keys()
    for record in offered:
        suites, version, *_ = expected[str(record["package"]).split(":")[0]]
        assert record["candidate"] == version
        assert record["security"] or "-security" not in suites


@needs_apt
def test_sources_and_names_of_lists_are_apts(tmp_path: Path) -> None:
    (tmp_path / "lists" / "partial").mkdir(parents=True)
    settings = {
        "Dir::Etc::sourcelist": SOURCES / "sources.list",
        "Dir::Etc::sourceparts": SOURCES / "parts",
        "Dir::State::lists": tmp_path / "lists",
    }
    options = [part for key, path in settings.items() for part in ("-o", f"{key}={path}")]
    answered = output("apt-get", "--print-uris", "update", *IN_MEMORY, *options)
    lines = [shlex.split(line) for line in answered.splitlines()]
    theirs = {uri.removesuffix("/InRelease"): name for uri, name, *_ in lines if "InRelease" in uri}
    theirs.pop("http://src.example.org/debian/dists/trixie")  # only source packages
    ours = dict(configured())
    assert {uri.replace("://[", ":["): place(name) for uri, name in theirs.items()} == ours


def configured() -> Iterator[tuple[str, str]]:
    """Yield (address of the suite, where its list is) of each repository that is enabled."""
    for path in (SOURCES / "sources.list", SOURCES / "parts" / "a.sources"):
        for record in apt_repositories(str(path), path.read_text("utf-8").split("\n")):
            uri, suite = str(record["uri"]), str(record["suite"])
            base = uri.rstrip("/")
            flat = suite.endswith("/")
            if record["enabled"]:
                address = f"{base}/{suite}".rstrip("/") if flat else f"{base}/dists/{suite}"
                yield address, place_of(address, "") if flat else place_of(uri, suite)
