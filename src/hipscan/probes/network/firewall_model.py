"""Packet filters in one form: chains of rules, and how a rule's conditions meet a packet. Pure.

nft's JSON and iptables' dumps both become chains of rules; a rule is conditions and a verdict. A
condition answers True, False, or None where the sender can choose (his own port, his pace).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Ports = tuple[int, int]  # both ends included
Answer = bool | None
UNKNOWN: Final = "?"  # an element of a set whose content was not listed


class End(StrEnum):
    """What becomes of a packet."""

    ACCEPT = "accept"
    DROP = "drop"
    REJECT = "reject"
    RETURN = "return"  # of a chain only: back to where it was called


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: the field is (or with `negated` is not) among the values.

    Fields: l4proto, family, iif, oif, saddr, daddr, dport, ctstate, daddrtype, saddrtype, flags
    (values: mask and wanted flags), unset (a mark or a list on which a stranger is not), never
    (it is about other protocols, negated or not), maybe (the sender decides).
    """

    field: str
    values: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule: all tests hold -> the verdict (`accept`, `jump NAME`, `` for none)."""

    tests: tuple[Condition, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain; a base chain has a hook, a type and a policy. `family`: ip, ip6 or inet."""

    family: str
    table: str
    name: str
    rules: tuple[RuleLine, ...] = ()
    hook: str = ""
    kind: str = "filter"
    policy: End = End.ACCEPT

    @property
    def label(self) -> str:
        """Return how a person finds it: inet filter input."""
        return f"{self.family} {self.table} {self.name}"


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a connection; `is_local`: to the host itself. None: any address."""

    family: str
    proto: str
    iif: str
    oif: str
    saddr: Address | None
    daddr: Address | None
    is_local: bool = True


def matches(test: Condition, packet: Packet) -> Answer:
    """Answer a test that is not about the port of destination."""
    found = _positive(test, packet)
    return found if found is None else found is not test.negated


def _positive(test: Condition, packet: Packet) -> Answer:
    answer = _ANSWERS.get(test.field)
    return answer(test, packet) if answer else None


def _daddr(test: Condition, packet: Packet) -> Answer:
    if packet.daddr is None and all(map(_is_multicast, test.values)):
        return False
    return _within(packet.daddr, test.values)


def _flags(test: Condition, _packet: Packet) -> Answer:
    mask, wanted = (set(part.split(",")) - {""} for part in test.values)
    return {"syn"} & mask == wanted


def _named(name: str, patterns: Sequence[str]) -> Answer:
    if not name:
        return None
    return any(
        name.startswith(text[:-1]) if text[-1:] in {"*", "+"} else name == text for text in patterns
    )


def _within(address: Address | None, values: Sequence[str]) -> Answer:
    if address is None:
        return None
    return any(_covers(value, address) for value in values)


def _covers(value: str, address: Address) -> bool:
    if value == UNKNOWN:
        return False  # a stranger is on nobody's list
    first, dash, last = value.partition("-")
    try:
        if dash:
            low, high = ip_address(first), ip_address(last)
            return low.version == address.version and int(low) <= int(address) <= int(high)
        return address in _network(value)
    except ValueError:
        return False


def _is_multicast(value: str) -> bool:
    try:
        return _network(value).is_multicast
    except ValueError:
        return False


# What is not here, the sender decides. Of `never` neither the test nor its opposite holds.
_ANSWERS: Final[Mapping[str, Callable[[Condition, Packet], Answer]]] = {
    "l4proto": lambda test, packet: packet.proto in test.values,
    "family": lambda test, packet: packet.family in test.values,
    "iif": lambda test, packet: _named(packet.iif, test.values),
    "oif": lambda test, packet: _named(packet.oif, test.values),
    "saddr": lambda test, packet: _within(packet.saddr, test.values),
    "daddr": _daddr,
    "ctstate": lambda test, _: "new" in test.values,
    "daddrtype": lambda test, packet: ("local" if packet.is_local else "unicast") in test.values,
    "saddrtype": lambda test, _: "unicast" in test.values,
    "flags": _flags,
    "unset": lambda _test, _packet: False,
    "never": lambda test, _: test.negated,
}


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)


def port_range(text: str) -> Ports | None:
    """Read `22` or `1024-65535`; None for what is neither."""
    low, dash, high = text.partition("-")
    if not low.isdecimal() or (dash and not high.isdecimal()):
        return None
    return int(low), int(high if dash else low)
