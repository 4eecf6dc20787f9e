"""Which of flag, environment, inventory and configuration file holds for a target."""

from pathlib import Path

import pytest

from hipscan.errors import ExitCode
from tests.cli.conftest import Hipscan

_INVENTORY = """
defaults: {become: sudo}
groups:
  web: {become: none}
hosts:
  web1: {groups: [web]}
  web2: {groups: [web], become: pinned}
  db1: {transport: openssh}
  here: {transport: local}
"""


def _plans(hipscan: Hipscan, *words: str) -> dict[str, tuple[str, str]]:
    """Return transport and privilege of each target that `hipscan plan WORDS` prints."""
    done = hipscan("plan", *words)
    assert done.status == ExitCode.OK, done.err
    heads = [line.split() for line in done.out.split("\n") if line.startswith("# ")]
    said = {key: [head[2] for head in heads if head[1] == key] for key in ("target", *_KEYS)}
    return dict(
        zip(said["target"], zip(said["transport"], said["privilege"], strict=True), strict=True)
    )


_KEYS = ("transport", "privilege")


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Write an inventory, and a configuration that names it."""
    path = tmp_path / "hosts.yaml"
    path.write_text(_INVENTORY)
    (tmp_path / "hipscan.yaml").write_text("inventory: hosts.yaml\nbecome: pinned\n")
    return path


@pytest.mark.usefixtures("inventory")
def test_without_a_target_the_inventory_of_the_file_counts(hipscan: Hipscan) -> None:
    assert _plans(hipscan) == {
        "web1": ("paramiko", "none"),
        "web2": ("paramiko", "pinned"),
        "db1": ("openssh", "sudo"),
        "here": ("local", "sudo"),
    }


@pytest.mark.usefixtures("inventory")
def test_flags_win_over_the_inventory(hipscan: Hipscan) -> None:
    found = _plans(hipscan, "--become", "none", "--transport", "openssh")
    assert set(found.values()) == {("openssh", "none"), ("local", "none")}


@pytest.mark.usefixtures("inventory")
def test_the_file_holds_where_the_inventory_says_nothing(hipscan: Hipscan) -> None:
    assert _plans(hipscan, "elsewhere", "web1") == {
        "elsewhere": ("paramiko", "pinned"),
        "web1": ("paramiko", "none"),
    }


@pytest.mark.usefixtures("inventory")
def test_a_part_of_the_inventory(hipscan: Hipscan) -> None:
    assert set(_plans(hipscan, "-l", "web,!web2")) == {"web1"}


def test_the_environment_wins_over_the_file(
    hipscan: Hipscan, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inventory.parent / "others.yaml").write_text("hosts: {other: {}}\n")
    monkeypatch.setenv("HIPSCAN_INVENTORY", "others.yaml")
    monkeypatch.setenv("HIPSCAN_BECOME", "sudo")
    assert _plans(hipscan) == {"other": ("paramiko", "sudo")}


def test_a_file_can_be_named(hipscan: Hipscan, inventory: Path) -> None:
    folder = inventory.parent / "elsewhere"
    folder.mkdir()
    (folder / "own.yaml").write_text("inventory: ../hosts.yaml\n")
    assert len(_plans(hipscan, "--config", str(folder / "own.yaml"))) == 4


def test_without_anything_it_is_this_machine(hipscan: Hipscan) -> None:
    assert _plans(hipscan) == {"local": ("local", "none")}


def test_no_configuration_makes_this_machine_of_another(hipscan: Hipscan, tmp_path: Path) -> None:
    (tmp_path / "hipscan.yaml").write_text("transport: local\n")
    done = hipscan("plan", "web1")
    assert done.status == ExitCode.USAGE
    assert "transport local cannot reach other hosts" in done.err


def test_a_file_that_everybody_can_change_is_refused(hipscan: Hipscan, tmp_path: Path) -> None:
    (tmp_path / "hipscan.yaml").write_text("fail_on: never\n")
    (tmp_path / "hipscan.yaml").chmod(0o666)
    done = hipscan("plan", "local")
    assert done.status == ExitCode.USAGE
    assert "can be changed by everybody" in done.err
