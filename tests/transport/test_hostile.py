"""Hostile servers: each ends in time with a cause of its own, and takes nothing of ours with it."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.errors import TargetError
from hipscan.model.secret import Secret
from hipscan.model.target import Target
from hipscan.transport.base import Budget, Credentials, Request, TrustOptions
from hipscan.transport.paramiko_transport import ParamikoTransport
from tests.sshd import make_key
from tests.transport.exchanges import END, held, target

CASES = yaml.safe_load((Path(__file__).parent / "cases/hostile.yaml").read_text())
BUDGET = Budget(connect_seconds=2, login_seconds=3, seconds=2, stdout_bytes=8 << 20)
# Growth, and the output that was asked for: the buffer, and the reply made of it.
ALLOWED_MEGABYTES = 20 + 2 * 8
SCRIPT = b"# not read by most of them\n" * 200_000


@dataclass(frozen=True, slots=True)
class Hostile:
    """The running servers, and a folder with what a client needs for them."""

    ports: dict[str, int]
    folder: Path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    folder = tmp_path_factory.mktemp("hostile")
    argv = [sys.executable, "-m", "tests.transport.hostile", str(folder)]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        word = json.loads(process.stdout.readline())
        lines = [f"[127.0.0.1]:{port} {word['host_key']}\n" for port in word["ports"].values()]
        (folder / "known_hosts").write_text("".join(lines))
        (folder / "ssh_config").write_text("GlobalKnownHostsFile /dev/null\nIdentityAgent none\n")
        make_key(folder / "key", "ed25519")
        yield Hostile(word["ports"], folder)
        process.kill()


def peak_megabytes() -> float:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def test_every_behaviour_has_a_case(hostile: Hostile) -> None:
    assert set(hostile.ports) == set(CASES)


@pytest.mark.parametrize("behaviour", CASES)
def test_a_hostile_server_ends_in_time(hostile: Hostile, behaviour: str) -> None:
    trust = TrustOptions(hostile.folder / "known_hosts", hostile.folder / "ssh_config")
    password = Secret("right") if CASES[behaviour].get("password") else None
    credentials = Credentials(login_password=lambda _target: password)
    transport = ParamikoTransport(credentials, trust, sleep=lambda _seconds: None)
    aim = target(port=hostile.ports[behaviour], user="hip", identity=hostile.folder / "key")
    before = held()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    memory, begun = peak_megabytes(), time.monotonic()
    outcome(transport, aim, CASES[behaviour])
    took = time.monotonic() - begun
    # In all the attempts together the limits of connecting and of the exchange hold.
    assert took <= BUDGET.connect_seconds + BUDGET.login_seconds + BUDGET.seconds + 2
    assert peak_megabytes() - memory <= ALLOWED_MEGABYTES
    assert held() == before


def outcome(transport: ParamikoTransport, aim: Target, case: dict[str, Any]) -> None:
    request = Request("sh -s", SCRIPT, END)
    if "ending" in case:
        reply = transport.exchange(aim, request, BUDGET)
        assert re.fullmatch(case["ending"], reply.ending.value)
        assert reply.exit_status == case.get("status")
    else:
        with pytest.raises(TargetError) as caught:
            transport.exchange(aim, request, BUDGET)
        assert caught.value.cause == case["cause"], caught.value.message
        assert re.search(case["words"], caught.value.message), caught.value.message
        assert caught.value.message.isprintable()
