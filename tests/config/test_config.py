"""Which source of the configuration wins, and what is refused."""

import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml as pyyaml

from hipscan import config
from hipscan.config import Config
from hipscan.config.schema import json_schema
from hipscan.errors import DocumentError, UsageError
from hipscan.model.finding import Severity, Waiver
from hipscan.model.target import Become

HERE = Path(__file__).parent
MISTAKES: list[dict[str, Any]] = pyyaml.safe_load((HERE / "mistakes.yaml").read_text())
ENVIRONMENT: list[dict[str, Any]] = pyyaml.safe_load((HERE / "environment.yaml").read_text())


class Place:
    """A folder with a home, a project and a system file, all of them made on demand."""

    def __init__(self, top: Path) -> None:
        self.project = top / "project" / "hipscan.yaml"
        self.user = top / "home" / ".config" / "hipscan" / "config.yaml"
        self.system = top / "etc" / "config.yaml"
        for path in (self.project, self.user, self.system):
            path.parent.mkdir(parents=True)

    def load(self, named: Path | None = None, **variables: str) -> Config:
        home = str(self.user.parents[2])
        known = {"HOME": home, **variables}
        return config.load(named, variables=known, folder=self.project.parent, system=self.system)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_nothing_says_nothing(place: Place) -> None:
    assert place.load() == Config()


def test_the_nearest_source_wins(place: Place) -> None:
    place.system.write_text("jobs: 1\nfail_on: low\nprofile: system\nseverity: info")
    place.user.write_text("jobs: 2\nfail_on: medium\nprofile: user")
    place.project.write_text("jobs: 3\nfail_on: high")
    found = place.load(HIPSCAN_JOBS="4")
    assert (found.jobs, found.fail_on, found.profile) == (4, "high", "user")
    assert found.severity is Severity.INFO


def test_every_value_has_an_origin(place: Place) -> None:
    place.system.write_text("profile: system")
    place.project.write_text("set: {a: 1}\nbecome: sudo")
    found = place.load(HIPSCAN_JOBS="4", HIPSCAN_SET="b=2")
    assert found.become is Become.SUDO
    assert found.origins == {
        "jobs": "HIPSCAN_JOBS",
        "become": f"{place.project}:2:1",
        "profile": f"{place.system}:1:1",
        "set.a": f"{place.project}:1:7",
        "set.b": "HIPSCAN_SET",
    }


def test_values_are_merged_by_name(place: Place) -> None:
    place.user.write_text("set: {a: 1, b: 1, c: 1}")
    place.project.write_text("set: {b: 2, c: 2}")
    found = place.load(HIPSCAN_SET="c=3 d='two words' e='[1,2]'")
    assert found.set == {"a": 1, "b": 2, "c": 3, "d": "two words", "e": (1, 2)}


def test_waivers_add_up(place: Place) -> None:
    one = '{rule: one, reason: old clients, owner: ann, until: "2027-05-31"}'
    two = '{rule: two, target: web1, reason: old clients, owner: bob, until: "2027-05-31"}'
    place.user.write_text(f"waivers: [{one}]")
    place.project.write_text(f"waivers: [{two}]")
    assert place.load().waivers == (
        Waiver("two", "old clients", "bob", "2027-05-31", target="web1"),
        Waiver("one", "old clients", "ann", "2027-05-31"),
    )


def test_paths_start_at_their_file(place: Place) -> None:
    (place.project.parent / "ours").mkdir()
    place.user.write_text("identity: keys/id\npacks: [packs/x]")
    place.project.write_text("inventory: inv.yaml\npacks: [ours, hipaa]")
    found = place.load(HIPSCAN_KNOWN_HOSTS="known")
    assert found.inventory == place.project.parent / "inv.yaml"
    assert found.identity == place.user.parent / "keys/id"
    assert found.known_hosts == place.project.parent / "known"
    assert found.packs == (place.project.parent / "ours", Path("hipaa"))


def test_statements_start_at_the_folder_of_their_file(place: Place) -> None:
    place.user.write_text("vex: [vex/]")
    assert place.load().vex == (place.user.parent / "vex",)
    assert place.load(HIPSCAN_VEX="/srv/a.json:/srv/b").vex == (Path("/srv/a.json"), Path("/srv/b"))


def test_packs_in_the_environment_are_parted_as_in_path(place: Place) -> None:
    assert place.load(HIPSCAN_PACKS="/srv/ours:hipaa").packs == (Path("/srv/ours"), Path("hipaa"))


def test_a_named_file_stands_in_for_the_projects(place: Place, tmp_path: Path) -> None:
    place.project.write_text("jobs: 1")
    (tmp_path / "other.yaml").write_text("jobs: 2")
    (tmp_path / "third.yaml").write_text("jobs: 3")
    third = str(tmp_path / "third.yaml")
    assert place.load(HIPSCAN_CONFIG=third).jobs == 3
    assert place.load(tmp_path / "other.yaml", HIPSCAN_CONFIG=third).jobs == 2


def test_a_named_file_must_be_there(place: Place, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        place.load(tmp_path / "none.yaml")


def test_the_users_folder_is_where_xdg_says(place: Place, tmp_path: Path) -> None:
    (tmp_path / "xdg" / "hipscan").mkdir(parents=True)
    (tmp_path / "xdg" / "hipscan" / "config.yaml").write_text("jobs: 5")
    place.user.write_text("jobs: 2")
    assert place.load(XDG_CONFIG_HOME=str(tmp_path / "xdg")).jobs == 5
    assert place.load(XDG_CONFIG_HOME="relative").jobs == 2


def test_a_file_that_everybody_can_change_is_refused(place: Place) -> None:
    place.project.write_text("jobs: 1")
    place.project.chmod(0o666)
    with pytest.raises(UsageError, match="can be changed by everybody"):
        place.load()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file of another user")
def test_a_file_of_another_user_is_refused_unless_it_is_named(place: Place) -> None:
    place.project.write_text("jobs: 1")
    os.chown(place.project, 12345, 12345)
    with pytest.raises(UsageError, match=r"belongs to another user \(uid 12345\)"):
        place.load()
    assert place.load(place.project).jobs == 1


def test_a_fifo_does_not_hang(place: Place) -> None:
    os.mkfifo(place.project)
    with pytest.raises(UsageError, match="not a regular file"):
        place.load()


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: repr(case["text"]))
def test_wrong_files(case: dict[str, Any], place: Place) -> None:
    place.project.write_text(case["text"])
    with pytest.raises(DocumentError) as caught:
        place.load()
    said = [str(mistake) for mistake in caught.value.mistakes]
    assert said == [f"{place.project}:{text}" for text in case["mistakes"]]


@pytest.mark.parametrize("case", ENVIRONMENT, ids=lambda case: str(case["set"]))
def test_wrong_variables(case: dict[str, Any], place: Place) -> None:
    with pytest.raises(UsageError) as caught:
        place.load(**case["set"])
    assert case["says"] in caught.value.message


def test_wrong_variables_are_said_at_once(place: Place) -> None:
    with pytest.raises(UsageError, match=r"HIPSCAN_BECOME(.|\n)*HIPSCAN_JOBS"):
        place.load(HIPSCAN_JOBS="x", HIPSCAN_BECOME="x")


def test_other_variables_and_empty_ones_are_left_alone(place: Place) -> None:
    assert place.load(HIPSCAN_JOBS="", HIPSCAN_QQQ="x", JOBS="3") == Config()


def test_the_json_schema_knows_every_key() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"jobs": 3, "set": {"a": [1]}, "packs": ["hipaa"]}, schema)
    assert set(schema["properties"]) == set(Config.__dataclass_fields__) - {"origins"}
