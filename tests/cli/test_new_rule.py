"""`hipscan rules new`: what it writes is a rule that works, in a pack that lints."""

from pathlib import Path

import pytest

from hipscan.errors import ExitCode
from tests.cli.conftest import Hipscan


def test_a_new_rule_lints_and_its_cases_pass(hipscan: Hipscan, tmp_path: Path) -> None:
    pack = tmp_path / "ward"
    for rule in ("kiosk-settings-open", "kiosk-keys-open", "printer-settings-open"):
        assert hipscan("rules", "new", pack, rule).status == ExitCode.OK
    assert hipscan("rules", "lint", pack).out == "3 rules, 0 mistakes\n"
    assert hipscan("rules", "test", pack).out == "6 passed, 0 failed; 0 need the lab\n"
    done = hipscan("explain", "kiosk-keys-open", "-p", pack)
    assert "/etc/kiosk-keys-open.conf" in done.out


@pytest.mark.parametrize(
    ("folder", "rule", "message"),
    [
        ("ward", "kiosk-settings-open", "has a rule 'kiosk-settings-open' already"),
        ("ward", "Kiosk", "is not an id"),
        ("ward", "pack-open", "would go into pack.yaml"),
        ("Ward", "kiosk-open", "is no name of a pack"),
        (".", "kiosk-open", "is no name of a pack"),
        ("notes", "kiosk-open", "is there and is no rule pack"),
    ],
)
def test_what_would_spoil_a_pack_is_refused(
    folder: str, rule: str, message: str, hipscan: Hipscan, tmp_path: Path
) -> None:
    hipscan("rules", "new", tmp_path / "ward", "kiosk-settings-open")
    (tmp_path / "notes").mkdir()
    before = sorted(path.read_text() for path in tmp_path.rglob("*.yaml"))
    done = hipscan("rules", "new", tmp_path / folder if folder != "." else folder, rule)
    assert (done.status, message in done.err) == (ExitCode.USAGE, True), done.err
    assert sorted(path.read_text() for path in tmp_path.rglob("*.yaml")) == before


def test_the_packs_of_the_configuration_are_known_to_what_follows_a_scan(
    hipscan: Hipscan, tmp_path: Path
) -> None:
    hipscan("rules", "new", tmp_path / "ward", "kiosk-settings-open")
    assert hipscan("explain", "kiosk-settings-open").status == ExitCode.USAGE
    (tmp_path / "hipscan.yaml").write_text("packs: [hipaa, ward]\n")
    assert hipscan("explain", "kiosk-settings-open").status == ExitCode.OK
    assert "kiosk-settings-open" in hipscan("rules", "list").out
