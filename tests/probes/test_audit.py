"""Audit rules: ways to write them, which are data, and what holds for every line and name."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.model.fact import Record
from hipscan.probes.audit.audit import parse
from hipscan.probes.audit.audit_files import plain, replay, version_order
from hipscan.probes.audit.audit_rules import AuditRule, parse_line
from hipscan.probes.audit.audit_values import BadRuleError, Names

WAYS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "audit_ways.yaml").read_text())
UNIT = "ExecStartPost=-/sbin/augenrules --load"
NAMES = Names("x86_64", {"root": "0"}, {"users": "100"})


def _text(way: Mapping[str, Any]) -> str:
    """Return what the script would print on a host with these files."""
    lines = [f"host 6.1.0-28-amd64 {way.get('machine', 'x86_64')}", "systemd yes"]
    lines += ["only64"] if way.get("only64") else []
    lines += [f"link {path}" for path in way.get("links", ())]
    lines += [f"there {path}" for path in way.get("there", ())]
    for name, content in way["files"].items():
        path = name if "/" in name else f"/etc/audit/rules.d/{name}"
        lines += [f"F{path}", *(f":{line}" for line in content)]
        lines += [f" {len(content) - 1} {path}"] if name in way.get("unended", ()) else []
    lines += ["F/usr/lib/systemd/system/auditd.service", f":{way.get('unit', UNIT)}"]
    lines += [f"user {number} {name}" for name, number in way.get("users", {}).items()]
    lines += [f"phi {path}\t{real}" for path, real in way.get("phi", ())]
    kernel = way.get("kernel")
    lines += (
        ["s enabled 1", *(f"l {line}" for line in kernel)] if kernel else ["s Error", "l Error"]
    )
    return "\n".join(lines) + "\n"


def _record(way: Mapping[str, Any]) -> Record | None:
    wanted = [*way["asked"], ""][:3]
    for record in parse(_text(way), 0)["audit_coverage"].records:
        if [record["kind"], record["item"], record.get("arch", "")] == wanted:
            return record
    return None


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way["name"])
def test_a_way_to_write_rules_records_what_it_says(way: dict[str, Any]) -> None:
    record = _record(way)
    assert (record and record["configured"]) == way.get("configured")


_PARTS = st.sampled_from(
    [
        *("-F arch=b64", "-F arch=b32", "-S chmod", "-S open,openat", "-S 90", "-S all"),
        *("-F auid>=1000", "-F auid!=unset", "-F auid!=-1", "-F uid=root", "-F gid=users"),
        *("-F exit=-EACCES", "-F exit=-13", "-F success=0", "-F a1&0100", "-F a2&=0x3"),
        *("-F path=/etc/passwd", "-F dir=/srv/", "-F perm=wa", "-k one", "-F key=two"),
        *("-F dir=/srv/a\\ b", "-k a\\ b"),
        *("-C auid!=uid", "-C uid!=euid", "-F exe=/bin/sh", "-F subj_type=cron_t"),
    ]
)


@given(st.sampled_from(["always,exit", "exit,never"]), st.lists(_PARTS, max_size=8))
def test_the_normal_form_of_a_rule_means_the_same(head: str, parts: list[str]) -> None:
    try:
        rule = parse_line(" ".join([f"-a {head}", *parts]), NAMES)
    except BadRuleError:
        return
    assert isinstance(rule, AuditRule)
    again = parse_line(str(rule), NAMES)
    assert isinstance(again, AuditRule)
    assert again.meaning == rule.meaning


LINES = yaml.safe_load((Path(__file__).parent / "audit_lines.yaml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("text", "loads"), [(text, head == "loads") for head in LINES for text in LINES[head]]
)
def test_what_auditctl_refuses_is_refused(text: str, loads: bool) -> None:  # noqa: FBT001  # of data
    names = Names("x86_64", {"root": "0"}, {"root": "0"})
    found = replay(plain("a.rules", text.split("\n")), names, {"/nonexistent/x", "/nonexistent"})
    assert (not found.stopped) == loads, found.stopped


@given(st.permutations(["-S chmod", "-F auid>=1000", "-F auid!=unset", "-k key"]))
def test_the_order_of_words_does_not_matter(parts: list[str]) -> None:
    wanted = parse_line("-a always,exit -F arch=b64 -S 90 -F auid!=-1 -F auid>=1000 -k key", NAMES)
    found = parse_line(" ".join(["-a always,exit -F arch=b64", *parts]), NAMES)
    assert isinstance(wanted, AuditRule)
    assert isinstance(found, AuditRule)
    assert found.meaning == wanted.meaning


@given(st.text(max_size=60))
def test_any_line_is_read_or_refused(text: str) -> None:
    try:
        parse_line(text, NAMES)
    except BadRuleError as error:
        assert str(error)  # noqa: PT017  # a refusal says why


def test_files_come_in_the_order_of_ls(tmp_path: Path) -> None:
    names = [
        *("10-a.rules", "9-a.rules", "audit.rules", "Audit.rules", "100.rules", "a~.rules"),
        *(
            "a.rules",
            "a-1.rules",
            "a_1.rules",
            "a1.rules",
            "a01.rules",
            "30-x.y.rules",
            "30-x.rules",
        ),
        *("zz-last.rules", "60-hipscan-chmod.rules", "60-hipscan.rules", "99-finalize.rules"),
    ]
    for name in names:
        (tmp_path / name).touch()
    done = subprocess.run(["ls", "-1v", str(tmp_path)], capture_output=True, text=True, check=True)
    assert version_order(reversed(names)) == done.stdout.split()
