"""images.yaml and what is asked of the machine; needs no root."""

import os

import pytest

from hipscan.rules.proof import platform_of
from tests.lab import definitions, requirements
from tests.lab.definitions import SETUP, load

IMAGES = load()


@pytest.mark.parametrize("name", IMAGES)
def test_every_script_of_an_image_is_there_and_none_is_left_over(name: str) -> None:
    assert all((SETUP / script).is_file() for script in IMAGES[name].setup)
    used = {script for image in IMAGES.values() for script in image.setup}
    assert {path.name for path in SETUP.iterdir()} == used


@pytest.mark.parametrize("name", [name for name, image in IMAGES.items() if image.init])
def test_a_host_stands_for_the_platform_that_it_is_unless_it_is_simulated(name: str) -> None:
    release = IMAGES[name].os_release
    told = "" if IMAGES[name].simulated else f"{release['ID'].title()} {release['VERSION_ID']}"
    assert platform_of(name) == told


def test_a_changed_parent_changes_the_name_of_the_folder() -> None:
    entry = {"packages": ["x"]}
    one, other = IMAGES["bookworm"], IMAGES["trixie"]
    assert definitions._digest(entry, one) != definitions._digest(entry, other)


def test_what_is_not_built_does_not_change_the_name_of_the_folder() -> None:
    entry = {"packages": ["x"]}
    told = entry | {"os_release": {"ID": "y"}, "simulated": "all of it"}
    assert definitions._digest(entry, None) == definitions._digest(told, None)


def test_without_root_the_lab_says_that_it_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert requirements.missing() == ["the lab needs root, for namespaces, mounts and chroot"]


def test_a_missing_tool_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "debootstrap is not installed (package debootstrap)" in requirements._missing_tools()
