"""Packet filters in one form, and what becomes of a stranger's packet in them. Pure.

nft's JSON and iptables' dumps both become chains of rules; a rule is tests and a verdict. A test
answers True, False, or None where the sender can choose (his own port, his pace): then both ways
are followed, because an attacker takes the one that lets him in. Semantics are those of nft(8):
a packet goes through every base chain of its hook; accept ends only its own chain, drop is final.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
_DEPTH: Final = 40  # the kernel allows 16 jumps
_ALL: Final = (0, 65535)


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


@dataclass(frozen=True, slots=True)
class _Left:
    """What is left of a rule once all but the port is known."""

    ports: tuple[tuple[tuple[Ports, ...], bool], ...]  # each with whether it is negated
    is_sure: bool
    verdict: str


@dataclass(slots=True)
class Filter:
    """All chains of a host, ready to be asked about one kind of packet."""

    chains: Sequence[Chain]
    packet: Packet
    _named: Mapping[tuple[str, str, str], Chain] = field(init=False)
    _left: dict[tuple[str, str, str], tuple[_Left, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the chains by family, table and name."""
        self._named = {(c.family, c.table, c.name): c for c in self.chains}

    def base(self, hook: str) -> tuple[Chain, ...]:
        """Return the base chains that a packet of this family meets at a hook."""
        families = (self.packet.family, "inet")
        return tuple(
            chain
            for chain in self.chains
            if chain.hook == hook and chain.family in families and chain.kind != "nat"
        )

    def boundaries(self, hook: str) -> tuple[Ports, ...]:
        """Return ranges of ports, together all of them, within which nothing can differ."""
        cuts = {0}
        for rest in self._reached(hook):
            for ranges, _ in rest.ports:
                cuts |= {edge for low, high in ranges for edge in (low, high + 1)}
        edges = sorted(cut for cut in cuts if 0 <= cut <= _ALL[1])
        return tuple(zip(edges, (*(edge - 1 for edge in edges[1:]), _ALL[1]), strict=True))

    def mentioned(self, hook: str) -> tuple[Ports, ...]:
        """Return the ports that a rule on the way names."""
        found = {p for rest in self._reached(hook) for ranges, _ in rest.ports for p in ranges}
        return tuple(sorted(found - {_ALL}))

    def ends(self, hook: str, port: int) -> frozenset[End]:
        """Return all that can become of the packet for `port` at a hook, whoever sends it."""
        ends: set[End] = {End.ACCEPT}
        for chain in self.base(hook):
            found = self._run(chain, port, 0)
            passed = {chain.policy if end is End.RETURN else end for end in found}
            ends |= passed - {End.ACCEPT}
            if End.ACCEPT not in passed:
                ends.discard(End.ACCEPT)
        return frozenset(ends)

    def _run(self, chain: Chain, port: int, depth: int) -> set[End]:
        ends: set[End] = set()
        for rest in self._rest(chain):
            if not all(_has(ranges, port) is not negated for ranges, negated in rest.ports):
                continue
            word, _, name = rest.verdict.partition(" ")
            if word in {"jump", "goto"}:
                target = self._named.get((chain.family, chain.table, name))
                found = self._run(target, port, depth + 1) if target and depth < _DEPTH else set()
                ends |= found - {End.RETURN}
                goes_on = word == "jump" and (End.RETURN in found or not found)
                ends |= {End.RETURN} & found if word == "goto" else set()
            else:
                ends |= {End(word)}
                goes_on = False
            if rest.is_sure and not goes_on:
                return ends
        return ends | {End.RETURN}

    def _rest(self, chain: Chain) -> tuple[_Left, ...]:
        key = (chain.family, chain.table, chain.name)
        if key not in self._left:
            self._left[key] = tuple(_leave(chain.rules, self.packet))
        return self._left[key]

    def _reached(self, hook: str) -> Iterable[_Left]:
        """Yield the rules that a packet can meet, each chain once."""
        todo, seen = list(self.base(hook)), set[str]()
        while todo:
            chain = todo.pop()
            if chain.label in seen:
                continue
            seen.add(chain.label)
            for rest in self._rest(chain):
                yield rest
                target = self._named.get((chain.family, chain.table, rest.verdict[5:]))
                todo += [target] if target else []


def _has(ranges: Sequence[Ports], port: int) -> bool:
    return any(low <= port <= high for low, high in ranges)


def _leave(rules: Iterable[RuleLine], packet: Packet) -> Iterable[_Left]:
    for rule in rules:
        answers = [matches(test, packet) for test in rule.tests if test.field != "dport"]
        if not rule.verdict or any(answer is False for answer in answers):
            continue
        tests = [test for test in rule.tests if test.field == "dport"]
        ports = tuple(
            (tuple(found for value in test.values if (found := port_range(value))), test.negated)
            for test in tests
            if UNKNOWN not in test.values
        )
        is_sure = None not in answers and len(ports) == len(tests)
        yield _Left(ports, is_sure, rule.verdict)
