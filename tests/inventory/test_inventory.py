"""Inventories in YAML: what they mean, and what is said about wrong ones."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml as pyyaml

from hipscan.documents import yaml
from hipscan.errors import DocumentError, UsageError
from hipscan.inventory import base, yaml_file
from hipscan.inventory.base import Defaults
from hipscan.model.target import Become, Target, TransportName

HERE = Path(__file__).parent
INJECTIONS: list[dict[str, Any]] = pyyaml.safe_load((HERE / "injections.yaml").read_text())
MISTAKES: list[dict[str, Any]] = pyyaml.safe_load((HERE / "mistakes.yaml").read_text())

# Where a word can stand: an inventory in JSON, with the word as WORD, and the field to be named.
AT = {
    "host": ('{"hosts": {WORD: {}}}', "hosts"),
    "address": ('{"hosts": {"web1": {"address": WORD}}}', "address"),
    "user": ('{"defaults": {"user": WORD}, "hosts": {"web1": {}}}', "user"),
    "port": ('{"hosts": {"web1": {"port": WORD}}}', "port"),
    "identity": ('{"hosts": {"web1": {"identity": WORD}}}', "identity"),
    "transport": ('{"hosts": {"web1": {"transport": WORD}}}', "transport"),
    "become": ('{"hosts": {"web1": {"become": WORD}}}', "become"),
    "group": ('{"groups": {WORD: {}}, "hosts": {"web1": {}}}', "groups"),
    "variable": ('{"hosts": {"web1": {"variables": {WORD: 1}}}}', "variables"),
    "value": ('{"hosts": {"web1": {"variables": {"a": WORD}}}}', "variables"),
    "phi_paths": ('{"hosts": {"web1": {"phi_paths": [WORD]}}}', "phi_paths"),
}


def parse(text: str) -> tuple[Target, ...]:
    return yaml_file.parse(text, name="inv", folder=Path("/etc/hipscan"))


@pytest.fixture(scope="module")
def example() -> dict[str, Target]:
    return {target.name: target for target in base.load(HERE / "example.yaml")}


def test_a_host_wins_over_its_groups_and_they_over_defaults(example: dict[str, Target]) -> None:
    assert example["web1"] == Target(
        name="web1",
        host="10.0.0.5",
        port=22,
        user="scan",
        become=Become.NONE,
        identity=HERE / "keys" / "clinic",
        groups=("web", "clinic"),
        variables={"idle_minutes": 5, "banner": "yes"},
        phi=True,
        phi_paths=("/srv/shared", "/srv/phi"),
    )


def test_what_nobody_says_is_the_default(example: dict[str, Target]) -> None:
    assert example["web2"].host == "web2"
    assert example["web2"].port is None
    assert example["web2"].variables == {"idle_minutes": 10, "banner": "yes"}
    assert example["web2"].phi_paths == ("/srv/shared", "/var/lib/orthanc")


def test_false_is_said_too(example: dict[str, Target]) -> None:
    assert example["db1"].phi is False
    assert (example["db1"].user, example["db1"].become) == ("root", Become.PINNED)


def test_this_machine_needs_no_login(example: dict[str, Target]) -> None:
    local = example["local"]
    assert local.transport is TransportName.LOCAL
    assert (local.user, local.port, local.identity) == (None, None, None)


def test_order_is_the_files(example: dict[str, Target]) -> None:
    assert list(example) == ["web1", "web2", "db1", "v6", "local"]


@pytest.mark.parametrize("case", INJECTIONS, ids=lambda case: f"{case['at']} {case['word']!r}")
def test_injections_name_line_and_field(case: dict[str, Any]) -> None:
    text, field = AT[case["at"]]
    with pytest.raises(DocumentError) as caught:
        parse("\n" + text.replace("WORD", json.dumps(case["word"])))
    (mistake,) = caught.value.mistakes
    assert str(mistake).startswith("inv:2:")
    assert field in mistake.message
    assert str(mistake).isprintable()


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: repr(case["text"]))
def test_says_everything_at_once(case: dict[str, Any]) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(case["text"])
    assert [str(mistake) for mistake in caught.value.mistakes] == case["mistakes"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"inventory .* cannot be read: No such file"):
        base.load(tmp_path / "inventory.yaml")


def test_an_identity_may_start_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/scan")
    (target,) = parse("hosts: {web1: {identity: ~/.ssh/id}}")
    assert target.identity == Path("/home/scan/.ssh/id")


def test_the_inventory_wins_over_the_defaults_of_a_run() -> None:
    text = "hosts: {web1: {become: none}, web2: {transport: openssh}, local: }"
    defaults = Defaults(Become.SUDO, TransportName.OPENSSH, Path("/keys/id"))
    web1, web2, local = yaml_file.parse(text, name="x", folder=Path("/"), defaults=defaults)
    assert (web1.become, web1.transport) == (Become.NONE, TransportName.OPENSSH)
    assert (web2.become, web2.identity) == (Become.SUDO, Path("/keys/id"))
    assert (local.become, local.transport, local.identity) == (
        Become.SUDO,
        TransportName.LOCAL,
        None,
    )


def test_the_json_schema_accepts_the_example() -> None:
    schema = yaml_file.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.load((HERE / "example.yaml").read_bytes(), name="x").value, schema)


@pytest.mark.parametrize("text", ['{"host": {}}', '{"hosts": {"a": {"port": 0}}}'])
def test_the_json_schema_refuses(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(text), yaml_file.json_schema())
