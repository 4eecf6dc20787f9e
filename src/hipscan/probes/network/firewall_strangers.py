"""What a stranger meets at a host: the worst over interfaces, addresses and protocols. Pure.

A stranger stands for everybody: two public addresses that no rule is likely to name, so that a
rule about one half of the Internet is not overlooked.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from hipscan.probes.network.firewall_filter import Filter
from hipscan.probes.network.firewall_model import Chain, End, Packet, Ports

STRANGERS: Final = {
    "ip": (ip_address("45.83.77.99"), ip_address("190.77.13.201")),
    "ip6": (ip_address("2a0e:77f0::99"), ip_address("2607:77f0::99")),
}
PATHS: Final = {
    "input": ("prerouting", "input"),
    "forward": ("prerouting", "forward", "postrouting"),
    "output": ("output", "postrouting"),
}
_HALF: Final = 32768
_WIDE: Final = frozenset(("1", "2", "3", "4", "5", "6", "7", "128.0.0.0", "192.0.0.0"))


def filters(
    chains: Sequence[Chain], family: str, hook: str, outer: Sequence[str]
) -> tuple[Filter, ...]:
    """Return the filter for each stranger, protocol and outer interface."""
    strangers = STRANGERS[family][: 2 if _splits(chains) else 1]
    return tuple(
        Filter(chains, _packet(family, hook, name, stranger, proto))
        for name in outer
        for stranger in strangers
        for proto in ("tcp", "udp")
    )


def _splits(chains: Sequence[Chain]) -> bool:
    """Say whether a rule names so large a part of the addresses that strangers may differ."""
    return any(
        value.partition("/")[2] in _WIDE or "-" in value
        for chain in chains
        for rule in chain.rules
        for test in rule.tests
        if test.field == "saddr"
        for value in test.values
    )


def _packet(
    family: str, hook: str, name: str, address: IPv4Address | IPv6Address, proto: str
) -> Packet:
    if hook == "output":
        return Packet(family, proto, "", name, None, address, is_local=False)
    return Packet(family, proto, name, "", address, None, is_local=hook == "input")


def passing(made: Filter, hook: str) -> tuple[tuple[Ports, frozenset[End]], ...]:
    """Return ranges of ports, together all of them, with what becomes of each."""
    cuts = sorted({low for step in PATHS[hook] for low, _ in made.boundaries(step)})
    ends = (*(cut - 1 for cut in cuts[1:]), 65535)
    return tuple(
        ((low, high), verdict(made, hook, low)) for low, high in zip(cuts, ends, strict=True)
    )


def verdict(made: Filter, hook: str, port: int) -> frozenset[End]:
    """Return all that can become of the packet on its whole way through the host."""
    steps = [made.ends(step, port) for step in PATHS[hook]]
    bad = frozenset(end for step in steps for end in step if end is not End.ACCEPT)
    return bad | {End.ACCEPT} if all(End.ACCEPT in step for step in steps) else bad


def worst(hook: str, made: Sequence[Filter]) -> End:
    """Return the worst that the filters make of most ports."""
    closed: list[End] = []
    for each in made:
        found = passing(each, hook)
        if sum(high - low + 1 for (low, high), ends in found if End.ACCEPT in ends) >= _HALF:
            return End.ACCEPT
        widest = max((p for p, ends in found if End.ACCEPT not in ends), key=lambda p: p[1] - p[0])
        closed.append(End.REJECT if End.REJECT in dict(found)[widest] else End.DROP)
    return End.REJECT if End.REJECT in closed else End.DROP
