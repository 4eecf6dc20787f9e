"""What becomes of a packet in a host's chains. Pure.

Semantics are those of nft(8): a packet goes through every base chain of its hook; accept ends
only its own chain, drop is final. Where a condition has no answer both ways are followed, because
an attacker takes the one that lets him in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hipscan.probes.network.firewall_model import (
    UNKNOWN,
    Chain,
    End,
    Packet,
    Ports,
    RuleLine,
    matches,
    port_range,
)

_DEPTH: Final = 40  # the kernel allows 16 jumps
_ALL: Final = (0, 65535)


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
