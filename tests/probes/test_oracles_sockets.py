"""The sockets probe against ss, on a real host."""

from collections.abc import Callable

import pytest

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.probes.base import read_frame
from hipscan.probes.network.sockets import PROBE
from tests.lab.conftest import lab, start  # noqa: F401  # fixtures by name
from tests.lab.hosts import Host

LISTEN = """
for place in 127.0.0.1:5432 '[::1]:6379' '[::]:8080' 0.0.0.0:9090; do
  systemd-socket-activate -l "$place" /bin/true >/dev/null 2>&1 &
done
systemd-socket-activate -d -l 127.0.0.1:5353 /bin/true >/dev/null 2>&1 &
for try in 1 2 3 4 5 6 7 8 9; do [ "$(ss -Hltun | wc -l)" -ge 7 ] && exit; sleep 0.2; done
"""


def ours(host: Host) -> set[tuple[str, str, str]]:
    script = compile_probes([PROBE])
    text = script.text + script.call(f"nonce ab\nrun {PROBE.name}\n")
    reply = read_reply(host.run("sh -s", text=text).stdout.encode(), "ab", [PROBE])
    facts = read_frame(PROBE, reply.frames[PROBE.name], probe_digest(PROBE))
    records = facts["listening_socket"].records
    return {(f"{r['protocol']}", f"{r['address']}", f"{r['port']}") for r in records}


def theirs(host: Host) -> set[tuple[str, str, str]]:
    """Read ss: `tcp LISTEN 0 128 [::1]:6379 [::]:*`, where `*` stands for every address."""
    found = set()
    for line in host.run("ss -Hltun").stdout.splitlines():
        protocol, _state, _received, _sent, place, *_ = line.split()
        address, _, port = place.rpartition(":")
        found.add((protocol, address.strip("[]").replace("*", "::"), port))
    return found


@pytest.mark.lab
def test_ports_are_those_of_ss(
    start: Callable[[str], Host],  # noqa: F811  # the fixture
) -> None:
    host = start("debian12")
    host.run(LISTEN)
    found = ours(host)
    assert found == theirs(host)
    assert ("udp", "127.0.0.1", "5353") in found
