"""The accounts probe against passwd and ssh-keygen, on a real host with hostile homes."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.model.fact import FactStatus
from hipscan.probes.accounts.accounts import PROBE
from hipscan.probes.base import Facts, read_frame
from tests.lab.conftest import lab, start  # noqa: F401  # fixtures by name
from tests.lab.hosts import Host

PREPARE = (Path(__file__).parent / "oracles" / "accounts.sh").read_text()
STATES = {"P": "set", "NP": "empty", "L": "locked"}


def read(host: Host) -> tuple[bytes, Facts]:
    script = compile_probes([PROBE])
    text = script.text + script.call(f"nonce ab\nrun {PROBE.name}\n")
    reply = read_reply(host.run("sh -s", text=text).stdout.encode(), "ab", [PROBE])
    frame = reply.frames[PROBE.name]
    return frame.payload, read_frame(PROBE, frame, probe_digest(PROBE))


def states_of_passwd(host: Host) -> dict[str, tuple[object, ...]]:
    """Read `passwd --status --all`: `bob P 2026-11-21 1 90 14 -1`."""
    lines = map(str.split, host.run("passwd --status --all").stdout.splitlines())
    return {
        name: (STATES[state], *(int(days) for days in limits[:3]))
        for name, state, _day, *limits in lines
    }


@pytest.mark.lab
@pytest.mark.parametrize("image", ["debian12", "debian13"])
def test_accounts_and_keys(
    start: Callable[[str], Host],  # noqa: F811  # the fixture
    image: str,
) -> None:
    host = start(image)
    host.run(PREPARE)
    payload, facts = read(host)
    theirs = states_of_passwd(host)
    limits = ("min_days", "max_days", "warn_days")
    people = ("root", "ann", "bob", "eve", "scan")
    ours = {
        str(r["name"]): (r["password"], *(r[key] for key in limits))
        for r in facts["account"].records
        if r["name"] in people
    }
    assert ours == {name: theirs[name] for name in people}
    assert b"CANARY" not in payload

    keys = facts["authorized_key"]
    printed = host.run("ssh-keygen -lf /root/short.pub; ssh-keygen -lf /root/curve.pub").stdout
    known = {(int(line.split()[0]), line.split()[1]) for line in printed.splitlines()}
    assert known <= {(r["bits"], r["fingerprint"]) for r in keys.records}
    assert keys.status is FactStatus.PARTIAL
    for path in (
        "ann/.ssh/authorized_keys",
        "ann/.ssh/authorized_keys2",
        "eve/.ssh/authorized_keys",
    ):
        assert f"/home/{path}" in keys.reason


SPOIL = """
useradd --create-home ann
useradd --no-create-home bob
sed -i 's/^\\(ann:x:[0-9]*\\):[0-9]*:/\\1:4711:/' /etc/passwd
sed -i 's;^\\(bob:.*\\):/bin/[a-z]*$;\\1:/opt/none;' /etc/passwd
echo 'users:x:4800:' >>/etc/group
echo 'scan:x:1900:1900::/home/scan2:/bin/bash' >>/etc/passwd
"""


def complaints(host: Host, command: str, pattern: str) -> set[str]:
    """Return what pwck or grpck, which exit with 2 when they complain, name in `pattern`."""
    said = host.run(command, check=False)
    return set(re.findall(pattern, said.stdout + said.stderr))


@pytest.mark.lab
@pytest.mark.parametrize("image", ["debian12", "debian13"])
def test_accounts_and_groups_are_wrong_where_pwck_and_grpck_say_so(
    start: Callable[[str], Host],  # noqa: F811  # the fixture
    image: str,
) -> None:
    host = start(image)
    host.run(SPOIL)
    _, facts = read(host)
    accounts = facts["account"].records
    no_group = {str(r["name"]) for r in accounts if not r["group_exists"]}
    assert no_group == complaints(host, "pwck -r", r"user '(\w+)': no group \d+")
    gone = complaints(host, "pwck -r", r"user '([\w-]+)': directory '\S+' does not exist")
    assert gone <= {str(r["name"]) for r in accounts if not r["home_exists"]}
    assert {"bob", "scan"} <= gone
    twice = {str(r["name"]) for r in facts["group"].records if r["duplicate_name"]}
    assert twice == {"users"}
    assert "duplicate group entry" in host.run("yes n | grpck -r", check=False).stdout
    shells = complaints(host, "pwck -r", r"user '(\w+)': program '\S+' does not exist")
    assert shells == {"bob"}
    assert {str(r["name"]) for r in accounts if r["person"] and not r["shell_listed"]} == {"bob"}
