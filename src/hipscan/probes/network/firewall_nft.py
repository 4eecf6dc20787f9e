"""`nft -j list ruleset` (libnftables-json(5)) as chains of firewall_model. Pure.

What the reader does not know never makes a packet filter look tighter: an unknown condition is
one that the sender may meet or not, an unknown statement is passed over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from hipscan.probes.network.firewall_model import UNKNOWN, Chain, Condition, End, RuleLine

Json = Mapping[str, Any]
Sets = Mapping[tuple[str, str, str], Sequence[Any]]
_FAMILIES: Final = frozenset({"ip", "ip6", "inet"})
_TRANSPORT: Final = frozenset({"tcp", "udp", "sctp", "dccp", "udplite", "th"})
_PROTOCOLS: Final = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "ipv6-icmp": "icmpv6"}
_FINAL: Final = {"accept": "accept", "drop": "drop", "reject": "reject", "return": "return"}
_CHOSEN: Final = frozenset({"limit", "quota", "ct count", "connlimit", "meter", "xt", "last"})
_META: Final = {
    "iifname": "iif",
    "iif": "iif",
    "oifname": "oif",
    "oif": "oif",
    "l4proto": "l4proto",
    "nfproto": "family",
    "protocol": "family",
}
# What belongs to the packet of a connection that was made here, or that nobody has marked.
_UNSET: Final = frozenset({"mark", "cgroup", "iifgroup", "iifkind", "secpath", "ipsec"})
_PLACED: Final = frozenset({"iif", "oif", "saddr", "daddr", "dport", "l4proto", "family"})
_FLAGS: Final = "fin,syn,rst,psh,ack,urg"
_FAMILY: Final = {"ipv4": "ip", "ip": "ip", "ipv6": "ip6", "ip6": "ip6"}


def read(document: Json) -> tuple[Chain, ...]:
    """Turn nft's answer into chains; raise ValueError for what is no answer of nft.

    {"nftables": [{"metainfo": ...}, {"chain": {"family": "inet", "table": "filter", "name": "in",
     "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}, {"rule": {"family": "inet",
     "table": "filter", "chain": "in", "expr": [{"match": {"op": "==", "left": {"payload":
     {"protocol": "tcp", "field": "dport"}}, "right": 22}}, {"accept": null}]}}]}
    """
    entries = document.get("nftables")
    if not isinstance(entries, list) or not any("metainfo" in entry for entry in entries):
        raise ValueError("not an answer of nft")
    sets: dict[tuple[str, str, str], Sequence[Any]] = {}
    chains: dict[tuple[str, str, str], Chain] = {}
    rules: dict[tuple[str, str, str], list[RuleLine]] = {}
    for entry in entries:
        for kind, item in entry.items():
            if kind in {"set", "map"}:
                sets[item["family"], item["table"], item["name"]] = item.get("elem") or (UNKNOWN,)
            elif kind == "chain" and item["family"] in _FAMILIES:
                chains[item["family"], item["table"], item["name"]] = _chain(item)
    for entry in entries:
        item = entry.get("rule")
        if item and item["family"] in _FAMILIES:
            key = (item["family"], item["table"], item["chain"])
            rules.setdefault(key, []).extend(_rules(item, sets))
    return tuple(replace(c, rules=tuple(rules.get(key, ()))) for key, c in chains.items())


def speaks_xt(document: Json) -> frozenset[tuple[str, str]]:
    """Return (family, table) of tables that iptables made: their matches are not in the JSON."""
    return frozenset(
        (entry["rule"]["family"], entry["rule"]["table"])
        for entry in document.get("nftables", ())
        if "rule" in entry and any("xt" in part for part in entry["rule"].get("expr", ()))
    )


def _chain(item: Json) -> Chain:
    return Chain(
        family=item["family"],
        table=item["table"],
        name=item["name"],
        hook=item.get("hook", ""),
        kind=item.get("type", "filter"),
        policy=End.DROP if item.get("policy") == "drop" else End.ACCEPT,
    )


def _rules(item: Json, sets: Sets) -> Iterator[RuleLine]:
    reader = _Reader(item["family"], item["table"], sets)
    tests: list[Condition] = []
    for statement in item.get("expr", ()):
        for kind, body in statement.items():
            if kind == "match":
                tests += reader.match(body)
            elif kind == "vmap":
                yield from (replace(r, tests=(*tests, *r.tests)) for r in reader.vmap(body))
            elif kind in _CHOSEN:
                tests.append(Condition("maybe"))
            elif verdict := _verdict(kind, body):
                yield RuleLine(tuple(tests), verdict)


def _verdict(kind: str, body: Any) -> str:  # noqa: ANN401  # JSON of nft
    if kind in {"jump", "goto"}:
        return f"{kind} {body['target']}"
    # A program behind a queue decides; what it lets in is not known.
    return "accept" if kind == "queue" else _FINAL.get(kind, "")


class _Reader:
    """Reads the conditions of one table."""

    def __init__(self, family: str, table: str, sets: Sets) -> None:
        self._family, self._table, self._sets = family, table, sets

    def match(self, body: Json) -> Iterator[Condition]:
        left, right, op = body["left"], body["right"], body["op"]
        if isinstance(left, Mapping) and "&" in left:
            yield from self._masked(left["&"], right, op)
            return
        if isinstance(left, Mapping) and "concat" in left:
            yield Condition("maybe")  # whether the parts of one element fit together stays open
            if op != "!=":
                yield from self._joined(left["concat"], right)
            return
        name, needed = _field(left)
        yield from needed
        if op in {"<", ">", "<=", ">="}:
            yield (
                Condition(name, (_open_range(op, right),))
                if name == "dport"
                else Condition("maybe")
            )
            return
        if name == "fib":
            yield from _fib(left["fib"], self._values(right), negated=op == "!=")
            return
        values = tuple(_spelt(name, value) for value in self._values(right))
        if name == "flags" and op == "in":  # one of them is set: not none of them
            yield Condition(name, (",".join(values), ""), negated=True)
        elif name == "flags":
            yield Condition(name, (_FLAGS, ",".join(values)), negated=op == "!=")
        else:
            yield Condition(name, values, negated=op == "!=")

    def _joined(self, parts: Sequence[Any], right: Any) -> Iterator[Condition]:  # noqa: ANN401  # JSON of nft
        """Read `ip saddr . tcp dport @allowed`: what no element has in its place is not meant."""
        elements = self._elements(right)
        for at, part in enumerate(parts):
            name, needed = _field(part)
            yield from needed
            places = [each[at] if len(each) == len(parts) else UNKNOWN for each in elements]
            values = tuple(_spelt(name, v) for place in places for v in self._values(place))
            if name == "saddr" or (name in _PLACED and UNKNOWN not in values):
                yield Condition(name, values)
            else:
                yield Condition("maybe")

    def _elements(self, right: Any) -> list[Sequence[Any]]:  # noqa: ANN401  # JSON of nft
        """Return the parts of each element of a set of tuples; () for what is not known."""
        if isinstance(right, str) and right.startswith("@"):
            right = list(self._named(right))
        if isinstance(right, Mapping) and "set" in right:
            right = right["set"]
        found = []
        for each in right if isinstance(right, list) else [right]:
            inner = each["elem"]["val"] if isinstance(each, Mapping) and "elem" in each else each
            found.append(inner.get("concat", ()) if isinstance(inner, Mapping) else ())
        return found

    def vmap(self, body: Json) -> Iterator[RuleLine]:
        """Yield a rule for each element of a verdict map: `tcp dport vmap { 22 : accept }`."""
        data = body["data"]
        elements = data["set"] if isinstance(data, Mapping) else self._named(data)
        name, needed = _field(body["key"])
        for element in elements:
            if element == UNKNOWN:
                yield RuleLine((*needed, Condition("maybe")), "accept")
                continue
            key, verdict = element
            words = [_verdict(kind, each) for kind, each in verdict.items()]
            values = tuple(_spelt(name, value) for value in self._values(key))
            tests = [] if key == "*" else [Condition(name, values)]
            if name == "fib":
                tests = list(_fib(body["key"]["fib"], self._values(key), negated=False))
            if isinstance(body["key"], Mapping) and "concat" in body["key"] and key != "*":
                tests = list(self._joined(body["key"]["concat"], key))
            yield RuleLine((*needed, *tests), words[0] if words else "")

    def _masked(self, parts: Sequence[Any], right: Any, op: str) -> Iterator[Condition]:  # noqa: ANN401  # JSON of nft
        name, needed = _field(parts[0])
        yield from needed
        if name != "flags":
            yield Condition("maybe")
            return
        mask = [flag for part in parts[1:] for flag in _flags(part)]
        yield Condition("flags", (",".join(mask), ",".join(_flags(right))), negated=op == "!=")

    def _named(self, reference: str) -> Sequence[Any]:
        name = reference.removeprefix("@")
        return self._sets.get((self._family, self._table, name), (UNKNOWN,))

    def _values(self, right: Any) -> tuple[str, ...]:  # noqa: ANN401  # JSON of nft
        if isinstance(right, str) and right.startswith("@"):
            right = list(self._named(right))
        if isinstance(right, list):
            return tuple(v for element in right for v in self._values(element))
        if not isinstance(right, Mapping):
            return (str(right),)
        return self._composed(right)

    def _composed(self, right: Json) -> tuple[str, ...]:
        """Read a set, an element with a comment or a timeout, a prefix or a range."""
        kind = next(iter(right), "")
        body: Any = right.get(kind)
        match kind:
            case "set" | "|":
                return self._values(body)
            case "elem":
                return self._values(body["val"])
            case "prefix":
                return (f"{body['addr']}/{body['len']}",)
            case "range":
                return (f"{body[0]}-{body[1]}",)
        return (UNKNOWN,)


def _field(left: Any) -> tuple[str, tuple[Condition, ...]]:  # noqa: ANN401  # JSON of nft
    """Return the field that an expression is about, and what a packet must be to have it."""
    if not isinstance(left, Mapping):
        return "maybe", ()
    if "payload" in left:
        return _payload(left["payload"])
    if "meta" in left:
        key = left["meta"]["key"]
        return ("unset" if key in _UNSET else _META.get(key, "maybe")), ()
    if "ct" in left:
        key = left["ct"]["key"]
        return (
            "ctstate" if key == "state" else "unset" if key in {"mark", "status"} else "maybe"
        ), ()
    return ("fib" if "fib" in left else "maybe"), ()


def _payload(body: Json) -> tuple[str, tuple[Condition, ...]]:
    protocol, name = body.get("protocol", ""), body.get("field", "")
    if protocol in _TRANSPORT:
        needed = () if protocol == "th" else (Condition("l4proto", (protocol,)),)
        return {"dport": "dport", "flags": "flags"}.get(name, "maybe"), needed
    if protocol in {"ip", "ip6"}:
        known = {"saddr": "saddr", "daddr": "daddr", "protocol": "l4proto", "nexthdr": "l4proto"}
        return known.get(name, "maybe"), (Condition("family", (protocol,)),)
    if protocol in {"icmp", "icmpv6"}:
        return "maybe", (Condition("l4proto", (protocol,)),)
    return ("maybe", ()) if not protocol or protocol == "ether" else ("never", ())


def _fib(body: Json, values: Iterable[str], *, negated: bool) -> Iterator[Condition]:
    flags = body.get("flags", ())
    flags = [flags] if isinstance(flags, str) else flags
    if body.get("result") == "type":
        name = "saddrtype" if "saddr" in flags else "daddrtype"
        yield Condition(name, tuple(values), negated)
    elif "saddr" in flags:  # the way back exists: `fib saddr . iif oif missing` is not met
        missing = bool({"false", "False", "0", "missing"} & set(values))
        yield Condition("unset", (), negated is missing) if missing else Condition("maybe")
    else:
        yield Condition("maybe")


def _spelt(name: str, value: str) -> str:
    if name == "l4proto":
        return _PROTOCOLS.get(value, value)
    return _FAMILY.get(value, value) if name == "family" else value


def _flags(part: Any) -> list[str]:  # noqa: ANN401  # JSON of nft
    if isinstance(part, Mapping):
        return [flag for each in part.get("|", ()) for flag in _flags(each)]
    if isinstance(part, list):
        return [flag for each in part for flag in _flags(each)]
    return [] if part in {0, "0x0", "0"} else [str(part)]


def _open_range(op: str, right: Any) -> str:  # noqa: ANN401  # JSON of nft
    if not isinstance(right, int):
        return UNKNOWN
    low, high = (right, 65535) if op in {">", ">="} else (0, right)
    return f"{low + (op == '>')}-{high - (op == '<')}"
