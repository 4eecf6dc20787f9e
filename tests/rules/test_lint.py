"""Linting packs: each thing that a reader would trip over, as data, and nothing that is sound."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from hipscan.cli.content import vocabulary
from hipscan.rules.lint import lint
from hipscan.rules.loader import load_pack
from hipscan.rules.naming import unfit_word

CASES: Final = yaml.safe_load((Path(__file__).parent / "lint.yaml").read_text("utf-8"))
HEAD: Final = 'name: test\ntitle: "A pack for tests"\nversion: "1"\n'
RULE: Final[dict[str, Any]] = {
    "id": "ssh-root-login",
    "title": "Root can log in over SSH",
    "severity": "high",
    "controls": ["164.312(d)"],
    "why": "Nobody knows who it was.",
    "check": {"fact": "sshd_config", "expect": {"permitrootlogin": {"equals": "no"}}},
    "fix": {"text": "Set PermitRootLogin no."},
}


def _cases(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return cases that show every rule failing and passing; nothing here runs them."""
    return [
        {
            "rule": rule["id"],
            "name": f"it is {outcome}",
            "kind": "constructed",
            "facts": {"sshd_config": {"records": [{}]}},
            "expect": outcome,
        }
        for rule in rules
        for outcome in ("fail", "pass")
    ]


def _write(folder: Path, case: dict[str, Any]) -> None:
    rules = [{**RULE, **case.get("rule", {})}]
    rules += [{**RULE, **rule} for rule in case.get("more", ())]
    cases = case.get("cases", _cases(rules)) + case.get("more_cases", [])
    (folder / "cases").mkdir()
    (folder / "pack.yaml").write_text(HEAD + case.get("pack", ""))
    (folder / "topic.yaml").write_text(_dumped(rules))
    (folder / "cases" / "topic.yaml").write_text(_dumped(cases))


class _Dumper(yaml.SafeDumper):
    """Writes no anchors, which the reader of packs refuses."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _dumped(value: object) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=1000)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_a_reader_would_trip_over(case: dict[str, Any], tmp_path: Path) -> None:
    _write(tmp_path, case)
    pack = load_pack(tmp_path, vocabulary())
    found = [
        (f"{item.position.line}:{item.position.column}", f"{item.message}; {item.instead}")
        for item in lint(pack, vocabulary())
    ]
    for place, part in case["mistakes"]:
        assert any(where == place and part in text for where, text in found), found
    assert len(found) == len(case["mistakes"]), found


@pytest.mark.parametrize(
    "name",
    [
        *("swap-not-encrypted", "certificate-self-signed", "telnet-server-installed"),
        *("redis-protected-mode-off", "root-login-enabled", "audit-service-off"),
        *("debug-shell-enabled", "container-socket-open", "set-gid-program-changed"),
    ],
)
def test_a_bad_state_is_no_mistake(name: str) -> None:
    assert unfit_word(name) == ""
