"""The commands beside scan: what each prints, and that its help can be read."""

import io
import json
import re
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hipscan.cli import content, explaining
from hipscan.errors import ExitCode
from tests.cli.conftest import Hipscan
from tests.cli.running import PACK

COMMANDS = [
    *(
        "",
        "scan",
        "collect",
        "evaluate",
        "vulns",
        "plan",
        "check",
        "explain",
        "frameworks",
        "report",
        "init",
    ),
    *("rules", "rules list", "rules lint", "rules test", "rules schema"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_terminal(command: str, hipscan: Hipscan) -> None:
    done = hipscan(*command.split(), "--help")
    assert done.status == ExitCode.OK
    assert [row for row in done.out.split("\n") if len(row) > 80] == []
    if command and not command.startswith("rules"):
        assert f"\n  hipscan {command}" in done.out
        assert "Exit status: 0" in done.out


def test_version(hipscan: Hipscan) -> None:
    assert re.fullmatch(r"hipscan \d+\.\d+\.\d+\n", hipscan("--version").out)


def test_help_without_a_command(hipscan: Hipscan) -> None:
    assert "Usage: hipscan" in hipscan().out + hipscan().err


def test_collect_then_evaluate_is_scan(hipscan: Hipscan) -> None:
    assert hipscan("collect", "local", "-d", ".").status in {ExitCode.OK, ExitCode.INCOMPLETE}
    (path,) = Path().glob("*.snapshot.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    apart = hipscan("evaluate", path, "-p", PACK, "--skip", "unread-*", "-f", "json").report
    at_once = hipscan("scan", "local", "-p", PACK, "--skip", "unread-*", "-f", "json").report
    assert apart["findings"] == at_once["findings"]
    assert apart["summary"]["observations"] == at_once["summary"]["observations"]


def test_init_writes_what_plan_and_scan_take(hipscan: Hipscan) -> None:
    assert hipscan("init").status == ExitCode.OK
    done = hipscan("plan")
    assert done.status == ExitCode.OK
    assert [line.split()[-1] for line in done.out.split("\n") if line.startswith("# target")] == [
        "web1",
        "db1",
    ]
    assert "# privilege  sudo" in done.out
    assert hipscan("scan", "local", "-p", PACK, "--rule", "right-high").status == ExitCode.OK


def test_plan_is_the_same_every_time(hipscan: Hipscan) -> None:
    assert hipscan("plan", "local").out == hipscan("plan", "local").out
    script = hipscan("plan", "--script").out
    assert script.startswith("#!/bin/sh")
    assert "sha256:" in hipscan("plan", "--sudoers", "scan").out.lower().replace("sha2-256", "")


def test_plan_does_not_connect(hipscan: Hipscan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hipscan.cli.connections.create", None)
    assert "# target     192.0.2.1" in hipscan("plan", "192.0.2.1").out


def test_every_rule_of_the_default_pack_can_be_explained() -> None:
    (pack,) = content.packs(())
    assert len(pack.rules) >= 60
    for rule in pack.rules:
        text = "\n".join(explaining._lines(rule, pack))
        for part in (rule.id, rule.title, *rule.controls, "checks", "fix", "proof"):
            assert part in text, rule.id


def test_explain(hipscan: Hipscan) -> None:
    done = hipscan("explain", "wrong-high", "-p", PACK)
    assert done.status == ExitCode.OK
    for part in ("wrong-high (high)", "why", "164.312(a)(1)", "constructed", "century.yaml:"):
        assert part in done.out


def test_rules_list(hipscan: Hipscan) -> None:
    entries: list[dict[str, Any]] = json.loads(
        hipscan("rules", "list", "-p", PACK, "-f", "json").out
    )
    rows = hipscan("rules", "list", "-p", PACK).out.split("\n")[:-1]
    assert [entry["id"] for entry in entries] == [row.split()[1] for row in rows]
    assert {entry["proof"]["kind"] for entry in entries} == {"constructed"}


@pytest.mark.parametrize("command", ["lint", "test"])
def test_the_default_pack_is_sound(command: str, hipscan: Hipscan) -> None:
    done = hipscan("rules", command)
    assert done.status == ExitCode.OK, done.out


def test_a_case_that_comes_out_otherwise_is_1(hipscan: Hipscan, tmp_path: Path) -> None:
    for path in PACK.rglob("*.yaml"):
        copy = tmp_path / "pack" / path.relative_to(PACK)
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text("utf-8").replace("expect: notchecked", "expect: pass")
        copy.write_text(text)
    done = hipscan("rules", "test", "pack")
    assert done.status == ExitCode.GATE
    assert "FAILED unread-high: nothing was collected" in done.out


def test_the_schemas_in_the_checkout_are_those_of_the_code(hipscan: Hipscan) -> None:
    done = hipscan("rules", "schema", "--check")
    assert done.status == ExitCode.OK, done.out


def test_the_report_keeps_to_its_schema(hipscan: Hipscan) -> None:
    schema = json.loads(hipscan("rules", "schema", "report").out)
    report = hipscan("scan", "local", "-p", PACK, "-f", "json").report
    jsonschema.Draft202012Validator(schema).validate(report)


def test_a_password_is_asked_for_on_a_terminal_only(
    hipscan: Hipscan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))
    done = hipscan("check", "local", "--ask-sudo-password")
    assert done.status == ExitCode.USAGE
    assert "--sudo-password" not in done.out
    assert "no terminal to ask for the sudo password" in done.err
