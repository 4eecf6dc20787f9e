"""The firewall's reading against real packets: a stranger connects, and either gets in or not."""

import json
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.probes.base import frame_text, listing
from hipscan.probes.network.firewall import PROBE
from hipscan.probes.network.firewall_filter import Filter
from hipscan.probes.network.firewall_host import Host as Seen
from hipscan.probes.network.firewall_model import End, Packet
from hipscan.probes.network.firewall_strangers import passing, verdict
from tests.lab.conftest import lab, start  # noqa: F401  # fixtures by name
from tests.lab.hosts import Host

RULES = yaml.safe_load(Path(__file__).with_name("firewall_rules.yaml").read_text("utf-8"))
PLACES = {"ip": ("10.99.0.2", "10.99.0.1"), "ip6": ("fd99::2", "fd99::1")}
IMAGES = ("debian12-network", "debian13-network")  # in turn: each set on one of them
NAMES = [case["name"].replace(" ", "-") for case in RULES]
PORTS = (22, 23, 80, 443, 8080, 40000)

# The kernel sends few refusals a second otherwise, and a reject would look like a drop.
WIRE = """
set -e
for limit in ipv4/icmp_ratelimit ipv6/icmp/ratelimit; do echo 0 >/proc/sys/net/$limit; done
ip netns add stranger
ip link add wan type veth peer name away netns stranger
ip link set wan up
ip address add 10.99.0.1/24 dev wan
ip address add fd99::1/64 dev wan nodad
ip netns exec stranger sh -ec '
ip link set lo up; ip link set away up
ip address add 10.99.0.2/24 dev away; ip address add fd99::2/64 dev away nodad'
"""
# For every port a listener on each protocol; then the stranger tries them all at the same time.
LISTEN = """
import json, selectors, socket, sys
asked = json.loads(sys.argv[1])
loop = selectors.DefaultSelector()
kept = []
for family, proto, port in asked:
    inet = socket.AF_INET if family == "ip" else socket.AF_INET6
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    each = socket.socket(inet, kind)
    each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if inet == socket.AF_INET6:
        each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        each.bind(("10.99.0.1" if family == "ip" else "fd99::1", port))
    except OSError:
        continue  # sshd has it
    kept.append(each)
    if proto == "tcp":
        each.listen(16)
    else:
        loop.register(each, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in loop.select(None):
        data, peer = key.fileobj.recvfrom(64)
        key.fileobj.sendto(data, peer)
"""
TRY = """
import asyncio, json, socket, sys
asked = json.loads(sys.argv[1])
async def tcp(place, port):
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(place, port), 1.5)
        writer.close()
        return "accept"
    except asyncio.TimeoutError:
        return "drop"
    except OSError:
        return "reject"
async def udp(place, port):
    loop = asyncio.get_running_loop()
    inet = socket.AF_INET6 if ":" in place else socket.AF_INET
    each = socket.socket(inet, socket.SOCK_DGRAM)
    each.setblocking(False)
    if port in (68, 546):  # a sender can choose: answers of DHCP come from its own port
        each.bind(("", port - 1 if port == 68 else port + 1))
    try:
        await loop.sock_connect(each, (place, port))
        await loop.sock_sendall(each, b"knock")
        await asyncio.wait_for(loop.sock_recv(each, 64), 1.5)
        return "accept"
    except asyncio.TimeoutError:
        return "drop"
    except OSError:
        return "reject"
async def main():
    places = {"ip": "10.99.0.1", "ip6": "fd99::1"}
    jobs = [(tcp if p == "tcp" else udp)(places[f], n) for f, p, n in asked]
    print(json.dumps(await asyncio.gather(*jobs)))
asyncio.run(main())
"""
KNOCK = """
python3 -c "$LISTEN" "$ASKED" >/tmp/ready 2>&1 &
listener=$!
for try in 1 2 3 4 5 6 7 8 9; do grep -q ready /tmp/ready && break; sleep 0.2; done
ip netns exec stranger python3 -c "$TRY" "$ASKED"
kill "$listener"
"""


def seen_on(host: Host) -> Seen:
    script = compile_probes([PROBE])
    text = script.text + script.call(f"nonce ab\nrun {PROBE.name}\n")
    reply = read_reply(host.run("sh -s", text=text).stdout.encode(), "ab", [PROBE])
    body, status = frame_text(PROBE, reply.frames[PROBE.name], probe_digest(PROBE))
    assert status == 0, body
    return Seen.of(listing(str(body)))


def filters(seen: Seen) -> Mapping[tuple[str, str], Filter]:
    assert seen.chains is not None
    found = {}
    for family, (stranger, own) in PLACES.items():
        for proto in ("tcp", "udp"):
            packet = Packet(family, proto, "wan", "", ip_address(stranger), ip_address(own))
            found[family, proto] = Filter(seen.chains, packet)
    return found


def knock(host: Host, asked: list[tuple[str, str, int]]) -> list[str]:
    """Return what a real stranger met at each port."""
    words = {"LISTEN": LISTEN, "TRY": TRY, "ASKED": json.dumps(asked)}
    quoted = "".join(f"{k}='{v.replace(chr(39), chr(39) * 2)}'\n" for k, v in words.items())
    assert "'" not in LISTEN + TRY
    done: list[str] = json.loads(host.run(quoted + KNOCK).stdout)
    return done


@pytest.mark.lab
@pytest.mark.parametrize(("case", "image"), [*zip(RULES, cycle(IMAGES), strict=False)], ids=NAMES)
def test_strangers_meet_what_was_read(
    start: Callable[[str], Host],  # noqa: F811  # the fixture
    case: dict[str, Any],
    image: str,
) -> None:
    host = start(image)
    host.run(WIRE + case["setup"])
    made = filters(seen_on(host))
    asked = [
        (family, proto, port)
        for (family, proto), each in made.items()
        for port in sorted({low or 1 for (low, _), _ in passing(each, "input")} | {*PORTS})
    ]
    met = knock(host, asked)
    for (family, proto, port), got in zip(asked, met, strict=True):
        ends = verdict(made[family, proto], "input", port)
        # Where the sender can choose, this one asks politely and has to be let in.
        expected = {End.ACCEPT} if End.ACCEPT in ends else ends
        assert End(got) in expected, (family, proto, port, got, ends)
