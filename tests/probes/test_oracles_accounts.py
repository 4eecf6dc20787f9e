"""The accounts probe against passwd and ssh-keygen, on a real host with hostile homes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.model.fact import FactStatus
from hipscan.probes.accounts import PROBE
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
