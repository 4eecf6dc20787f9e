"""The storage probe against findmnt and lsblk, and what its parts promise."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.probes.storage import storage
from hipscan.probes.storage.block_devices import together
from hipscan.probes.storage.mounts import is_below, scrub, unescape
from tests.probes.running import run_probe

needs_findmnt = pytest.mark.skipif(not shutil.which("findmnt"), reason="no findmnt here")
needs_lsblk = pytest.mark.skipif(not shutil.which("lsblk"), reason="no lsblk here")


def answer(*argv: str) -> Any:  # noqa: ANN401  # JSON of a program
    return json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)


@needs_findmnt
def test_mounts_are_those_of_findmnt() -> None:
    listed = answer("findmnt", "--json", "--list", "-o", "TARGET,FSTYPE,SOURCE")["filesystems"]
    expected = {row["target"]: row["fstype"] for row in listed}
    records = run_probe(storage.PROBE)["mount"].records
    assert {record["target"]: record["fstype"] for record in records} == expected


@needs_findmnt
def test_what_a_mount_forbids_is_what_findmnt_says() -> None:
    listed = answer("findmnt", "--json", "--list", "-o", "TARGET,OPTIONS")["filesystems"]
    forbids = {"nosuid", "nodev", "noexec", "ro"}
    expected = {row["target"]: forbids & set(row["options"].split(",")) for row in listed}
    for record in run_probe(storage.PROBE)["mount"].records:
        options = record["options"]
        assert isinstance(options, list)
        assert forbids & set(options) == expected[str(record["target"])], record["target"]


@needs_lsblk
@needs_findmnt
def test_disks_beneath_the_root_are_those_of_lsblk() -> None:
    source = answer("findmnt", "--json", "-o", "SOURCE", "/")["filesystems"][0]["source"]
    if not source.startswith("/dev/"):
        pytest.skip(f"the root file system is on {source}, which lsblk does not know")
    blocks = answer("lsblk", "--json", "--inverse", "--list", "-o", "NAME,TYPE", source)
    expected = {row["name"]: row["type"] for row in blocks["blockdevices"]}
    record = next(
        record for record in run_probe(storage.PROBE)["mount"].records if record["target"] == "/"
    )
    layers = record["layers"]
    assert isinstance(layers, list)
    assert len(layers) == len(expected)
    assert record["encrypted"] is ("crypt" in expected.values())


def test_phi_paths(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir(mode=0o750)
    link = tmp_path / "link"
    link.symlink_to(folder)
    fact = run_probe(storage.PROBE, f"phi_path {link}", f"phi_path {tmp_path}/none")["phi_path"]
    here = [record for record in fact.records if record["exists"]]
    assert [record["path"] for record in fact.records if not record["exists"]] == [
        f"{tmp_path}/none"
    ]
    assert {record["real"] for record in here} == {str(folder.resolve())}
    assert {record["mode"] for record in here} == {"0750"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rw,password=canary,vers=3", "rw,password=hidden,vers=3"),
        ("PASS=canary", "PASS=hidden"),
        ("user=dom/bob%canary,rw", "user=dom/bob%hidden,rw"),
        ("name=admin,secret=canary", "name=admin,secret=hidden"),
        ("T4 https://bob:canary@dav.example.org/", "T4 https://hidden@dav.example.org/"),
        ("M1 //bob:canary@nas/share rw", "M1 //hidden@nas/share rw"),
        ("credentials=/etc/cifs,user=bob", "credentials=/etc/cifs,user=bob"),
    ],
)
def test_passwords_are_hidden(text: str, expected: str) -> None:
    assert scrub(text) == expected
    assert storage.redact(text.encode()) == expected.encode()
    assert scrub(expected) == expected


@given(st.lists(st.sampled_from([True, False, None]), min_size=1))
def test_one_open_part_decides(parts: list[bool | None]) -> None:
    verdict = together(parts)
    assert (verdict is False) == (False in parts)
    assert (verdict is True) == all(part is True for part in parts)


@given(st.text(alphabet="abc/ .", max_size=8), st.text(alphabet="abc/ .", max_size=8))
def test_below_is_by_whole_names(folder: str, name: str) -> None:
    base = "/" + folder.strip("/")
    assert is_below(f"{base.rstrip('/')}/{name}", base)
    assert not is_below(f"{base}x", base) or base == "/"


def test_unescape() -> None:
    assert unescape(r"/srv\040data\134x\011") == "/srv data\\x\t"
