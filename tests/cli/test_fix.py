"""`hipscan fix`: from a run or a JSON report to a script and a playbook, and what it refuses."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.errors import ExitCode
from tests.cli.conftest import Hipscan
from tests.cli.running import PACK, Done, write_snapshot

CHOSEN = ("--rule", "wrong-*")


def judged(hipscan: Hipscan, folder: Path, *names: str) -> Path:
    """Judge machines of this century; return the JSON report."""
    paths = [write_snapshot(folder, name) for name in names]
    done = hipscan("evaluate", *paths, "-p", PACK, "--fail-on", "never", "-f", "json")
    path = folder / "report.json"
    path.write_text(done.out)
    return path


def fix(hipscan: Hipscan, *words: object) -> Done:
    """Run `hipscan fix` with the pack that the report was judged by."""
    return hipscan("fix", *words, "-p", PACK)


def tasks(playbook: str) -> list[Any]:
    """Return the plays of a playbook, with what is marked as no template as plain text."""

    class Loader(yaml.SafeLoader):
        """Knows Ansible's tag."""

    def text(loader: yaml.SafeLoader, entry: yaml.ScalarNode) -> str:
        return str(loader.construct_scalar(entry))

    Loader.add_constructor("!unsafe", text)
    plays: list[Any] = yaml.load(playbook, Loader)  # noqa: S506  # a safe loader with one tag more
    return plays


@pytest.mark.parametrize("source", ["last", "report.json"])
def test_a_script_has_every_fix_in_order_and_names_the_others(
    source: str, hipscan: Hipscan, tmp_path: Path
) -> None:
    judged(hipscan, tmp_path, "web1")
    done = fix(hipscan, source if source == "last" else tmp_path / source, *CHOSEN)
    assert (done.status, done.err) == (ExitCode.OK, "")
    assert "run wrong-medium fix_wrong_medium\nrun wrong-high fix_wrong_high\n" in done.out
    assert "#   wrong-critical: Wait for the past to come back.\n" in done.out
    assert "# high: The machine is of this century (high)\n" in done.out


def test_a_script_goes_on_after_a_fix_that_fails_and_tells(
    hipscan: Hipscan, tmp_path: Path
) -> None:
    script = fix(hipscan, judged(hipscan, tmp_path, "web1"), *CHOSEN).out
    ran = subprocess.run(
        ["sh", "-s"],
        input=script,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        umask=0,  # what root's own start-up files may have left
    )
    assert ran.returncode == 1
    assert ran.stdout.split() == ["wrong-medium", "wrong-high"]
    assert ran.stderr == "FAILED with status 7: wrong-medium\n"
    assert (tmp_path / "past").stat().st_mode & 0o022 == 0


def test_a_playbook_has_a_play_for_each_target(hipscan: Hipscan, tmp_path: Path) -> None:
    report = judged(hipscan, tmp_path, "web1", "ann@db1:2222", "local")
    plays = tasks(fix(hipscan, report, "-f", "ansible", *CHOSEN).out)
    assert [play["hosts"] for play in plays] == ["db1", "localhost", "web1"]
    assert [play.get("connection") for play in plays] == [None, "local", None]
    last = plays[0]["tasks"][1]
    assert last["tags"] == ["wrong-high"]
    assert last["ansible.builtin.shell"]["cmd"].startswith("umask 022\n")
    assert last["ansible.builtin.shell"]["cmd"].endswith("# {{ not a template }}\n")


def test_what_a_host_says_is_no_command(hipscan: Hipscan, tmp_path: Path) -> None:
    path = judged(hipscan, tmp_path, "web1")
    document = json.loads(path.read_text())
    for finding in document["findings"]:
        for item in finding["observations"]:
            item["subject"] = "x\ntouch pwned\n'\"`touch pwned`$(touch pwned)\u2028#"
    path.write_text(json.dumps(document))
    script = fix(hipscan, path, *CHOSEN).out
    subprocess.run(["sh", "-s"], input=script.encode(), cwd=tmp_path, check=False)
    assert not (tmp_path / "pwned").exists()
    assert len(tasks(fix(hipscan, path, "-f", "ansible", *CHOSEN).out)) == 1


def test_a_fix_never_comes_from_the_report(hipscan: Hipscan, tmp_path: Path) -> None:
    path = judged(hipscan, tmp_path, "web1")
    path.write_text(path.read_text().replace("[ -e past ]", "evil"))
    assert "evil" not in fix(hipscan, path, *CHOSEN).out


def test_a_rule_of_another_pack_is_named(hipscan: Hipscan, tmp_path: Path) -> None:
    path = judged(hipscan, tmp_path, "web1")
    path.write_text(path.read_text().replace("wrong-high", "their-rule"))
    assert "#   their-rule: no pack at hand has this rule" in fix(hipscan, path).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["last"], "a script is for one target, and this report has 2: web1, web2"),
        (["last", "--target", "wbe1"], "did you mean 'web1'"),
        (["last", "--rule", "rong-*"], "no rule is called"),
        (["last", "-f", "puppet"], "unknown format 'puppet'"),
        (["none.json"], "not the folder of a finished run"),
        (["web1.snapshot.json"], "is no JSON report of hipscan"),
    ],
)
def test_what_cannot_be_done_is_refused(
    words: list[str], message: str, hipscan: Hipscan, tmp_path: Path
) -> None:
    judged(hipscan, tmp_path, "web1", "web2")
    done = fix(hipscan, *(tmp_path / w if w.endswith(".json") else w for w in words))
    assert done.status == ExitCode.USAGE
    assert message in done.err


@pytest.mark.parametrize("name", ["all", "ungrouped", "web*", "a:b:c", "!web1", "[::1]:22"])
def test_no_target_becomes_a_pattern_of_ansible(
    name: str, hipscan: Hipscan, tmp_path: Path
) -> None:
    done = fix(hipscan, judged(hipscan, tmp_path, name), "-f", "ansible")
    assert done.status == ExitCode.USAGE
    assert "no plain host name" in done.err
