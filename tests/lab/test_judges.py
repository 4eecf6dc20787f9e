"""OpenSCAP and Lynis judge the same host as hipscan: each difference has a reason.

Both run inside a host with a kernel of its own; hipscan scans it from outside with the profile
`strict`. OpenSCAP, with the SCAP Security Guide's CIS profile, is asked twice: as the host was
made, and after `hipscan fix` has mended what a script can mend. Where both decide on a topic that
a rule names as its own (`references.ssg`), they decide the same, or oscap.yaml says why not. Of
what Lynis complains, a rule complains too, or lynis.yaml says why not.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = [pytest.mark.lab, pytest.mark.rotating]
HERE = Path(__file__).parent
Verdict = str
Difference = tuple[str, Verdict, Verdict]  # topic, theirs, ours
REASONS: list[dict[str, Any]] = yaml.safe_load((HERE / "oscap.yaml").read_text("utf-8"))
COMPLAINTS: list[dict[str, Any]] = yaml.safe_load((HERE / "lynis.yaml").read_text("utf-8"))
CONTENT = "/usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml"
PREFIX = "xccdf_org.ssgproject.content_"
OSCAP = rf"""
oscap xccdf eval --profile {PREFIX}profile_cis_level2_server --results /tmp/r.xml \
    {CONTENT} >/dev/null 2>/tmp/errors
case $? in 0 | 2) ;; *) cat /tmp/errors >&2; exit 1 ;; esac
sed -n 's/.*<rule-result [^>]*idref="{PREFIX}rule_\([^"]*\)".*/rule \1/p
    s/.*<result>\(.*\)<.result>.*/result \1/p' /tmp/r.xml
"""
# Tests that take half a minute each here and say nothing of the host's own: they time the start,
# ask archives that the lab does not reach, read each root certificate.
SLOW = ("BOOT-5177", "CRYP-7902", "DEB-0001", "NETW-2600", "PKGS-7392")
LYNIS = f"""
printf 'skip-test=%s\\n' {" ".join(SLOW)} >/etc/lynis/custom.prf
lynis audit system --quick --quiet --no-colors >/tmp/lynis 2>&1 || :
rm /etc/lynis/custom.prf
grep -E '^(warning|suggestion)\\[\\]=' /var/log/lynis-report.dat
"""
_PAIR = re.compile(r"^rule (\S+)\nresult (\S+)$", re.MULTILINE)
_COMPLAINT = re.compile(
    r"^(?:warning|suggestion)\[\]=([A-Z0-9-]+)\|[^|]*\|(?:([A-Za-z0-9]+) \(set)?", re.MULTILINE
)
DECIDED = {"pass", "fail"}
FETCHING = {"clock-not-synchronised", "syslog-service-missing"}  # packages that the lab cannot get


def test_every_difference_has_a_reason(start: Callable[[str], Host], client: Client) -> None:
    host = start("uml-judges")
    report = scan(client, host)
    missed = list(overlooked(report, host))
    as_made = differences(report, host)
    mend(client, host)
    mended = differences(scan(client, host, "--become", "sudo", user="nopass"), host)
    known = {
        (topic, reason["oscap"], reason["hipscan"])
        for reason in REASONS
        for topic in reason["topics"]
    }
    assert missed == []
    print("no longer different:", sorted(known - as_made - mended))
    assert (as_made | mended) - known == set()


def scan(client: Client, host: Host, *options: str, user: str = "root") -> dict[str, Any]:
    """Return the report of the strictest scan."""
    wanted = ("--profile", "strict", "--fail-on", "never", *options)
    return client.scan(host, *wanted, user=user)


def mend(client: Client, host: Host) -> None:
    """Run what `hipscan fix` writes for the last scan; it closes the way in for root."""
    done = subprocess.run(
        host.ssh_argv("root", "cat >/root/fix && sh /root/fix </dev/null"),
        input=client.command("fix", "last").stdout,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    failed = set(re.findall(r"^FAILED .*: (\S+)$", done.stderr, re.MULTILINE))
    assert failed <= FETCHING, done.stderr
    assert done.stdout.count("\n") > 100, done.stderr


def overlooked(report: dict[str, Any], host: Host) -> Iterator[str]:
    """Yield of what Lynis complains and no rule does, though lynis.yaml names some."""
    failed = {finding["rule"] for finding in report["findings"] if finding["outcome"] == "fail"}
    rules = {entry["test"]: entry.get("rules", ()) for entry in COMPLAINTS}
    silent = {entry["test"] for entry in COMPLAINTS if "why" in entry}
    said = {" ".join(filter(None, found)) for found in _COMPLAINT.findall(host.run(LYNIS).stdout)}
    print(f"Lynis complains of {len(said)} things, {len(said - silent)} are compared")
    for test in sorted(said - silent):
        if failed.isdisjoint(rules.get(test, ())):
            yield test


def differences(report: dict[str, Any], host: Host) -> set[Difference]:
    """Return each topic of which both decide, and not the same."""
    theirs = dict(_PAIR.findall(host.run(OSCAP).stdout))
    by_us = ours(report)
    both = {
        (topic, said, by_us[topic])
        for topic, said in theirs.items()
        if said in DECIDED and by_us.get(topic) in DECIDED
    }
    found = {item for item in both if item[1] != item[2]}
    print(f"{len(both)} topics are decided by both, {len(found)} of them otherwise")
    assert len(both) > 300
    return found


def ours(report: dict[str, Any]) -> dict[str, Verdict]:
    """Return what hipscan says of each topic: the worst of what its rules say."""
    outcomes: dict[str, str] = dict.fromkeys(report["targets"][0]["pass"], "pass")
    outcomes |= {finding["rule"]: finding["outcome"] for finding in report["findings"]}
    found: dict[str, set[str]] = {}
    for rule, text in report["rules"].items():
        for topic in text["references"].get("ssg", ()):
            found.setdefault(topic, set()).add(outcomes.get(rule, "notapplicable"))
    order = ("fail", "error", "notchecked", "pass", "notapplicable")
    return {topic: min(said, key=order.index) for topic, said in found.items()}
