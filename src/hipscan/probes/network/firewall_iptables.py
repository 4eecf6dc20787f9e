"""What iptables-save prints (iptables-extensions(8)) as chains of firewall_model. Pure.

An extension that is not known is a condition that the sender may meet or not; a target that is
not known and no chain lets the packet go on.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from hipscan.probes.network.firewall_model import Chain, Condition, End, RuleLine

_HOOKS: Final = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
_ENDS: Final = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "reject", "RETURN": "return"}
_OTHER: Final = frozenset(  # they do something with a packet and let it go on
    """LOG NFLOG ULOG MARK CONNMARK CT NOTRACK TCPMSS TOS DSCP TTL HL SET AUDIT CLASSIFY TRACE
    CHECKSUM SECMARK CONNSECMARK TEE IDLETIMER SYNPROXY RATEEST MASQUERADE SNAT DNAT REDIRECT
    NETMAP TPROXY""".split()  # noqa: SIM905  # a list of words reads better
)
_PROTOCOLS: Final = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "ipv6-icmp": "icmpv6"}
_COUNTERS: Final = re.compile(r"^\[\d+:\d+\] (?=-)")
_WORD: Final = re.compile(r'"(?:\\.|[^"\\])*"|\S+')
_FIELDS: Final = {
    "-p": "l4proto",
    "-i": "iif",
    "-o": "oif",
    "-s": "saddr",
    "-d": "daddr",
    "--src-range": "saddr",
    "--dst-range": "daddr",
    "--dport": "dport",
    "--dports": "dport",
    "--ctstate": "ctstate",
    "--state": "ctstate",
    "--dst-type": "daddrtype",
    "--src-type": "saddrtype",
    # A stranger's packet bears no mark, is on no list and belongs to no process of the host.
    # Nor is it a later fragment, or protected by IPsec.
    **dict.fromkeys(
        ("--match-set", "--mark", "--uid-owner", "--gid-owner", "--ctstatus", "--path",
         "--cgroup", "--rcheck", "--update", "-f", "--pol", "--helper"),
        "unset",
    ),
}  # fmt: skip
# What is no condition, or goes with another option of its match.
_BESIDE: Final = frozenset(
    ("-c", "-4", "-6", "--comment", "--dir", "--name", "--rsource", "--rdest", "--mask", "--set",
     "--seconds", "--hitcount", "--reap", "--rttl")
)  # fmt: skip


def read(lines: Sequence[str], family: str, origin: str = "") -> tuple[Chain, ...]:
    """Turn a dump into chains; raise ValueError for what is none. `origin` precedes the tables.

    *filter
    :INPUT DROP [0:0]
    -A INPUT -i lo -j ACCEPT
    -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
    COMMIT
    """
    table = ""
    chains: dict[tuple[str, str], Chain] = {}
    for raw in lines:
        line = _COUNTERS.sub("", raw)
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":") and table:
            name, policy, *_ = line[1:].split()
            chains[table, name] = _chain(family, origin + table, name, policy)
        elif line.startswith(("-A ", "-I ")) and table:
            words = _WORD.findall(line)
            chain = chains.get((table, words[1])) or _chain(family, origin + table, words[1], "-")
            rule = _rule(words[2:])
            rules = (rule, *chain.rules) if words[0] == "-I" else (*chain.rules, rule)
            chains[table, words[1]] = replace(chain, rules=rules)
        elif line.strip() not in {"", "COMMIT"} and line[:1] not in "#-[":
            raise ValueError(f"not a line of iptables-save: {line[:60]!r}")
    return tuple(chains.values())


def _chain(family: str, table: str, name: str, policy: str) -> Chain:
    is_base = policy != "-" and name in _HOOKS
    kind = "nat" if table.endswith("nat") else "filter"
    return Chain(
        family=family,
        table=table,
        name=name,
        hook=name.lower() if is_base else "",
        kind=kind,
        policy=End.DROP if policy == "DROP" else End.ACCEPT,
    )


def _rule(words: Sequence[str]) -> RuleLine:
    """Read the words behind the chain's name."""
    tests: list[Condition] = []
    verdict, negated, at = "", False, 0
    while at < len(words):
        word, values = words[at], _arguments(words, at)
        at += 1 + len(values)
        if word == "!":
            negated = True
            continue
        if word in {"-j", "-g"}:
            verdict = _verdict(word, values[0] if values else "")
        elif word == "-m":
            tests += [Condition("unset", (), "--invert" not in words)] * ("rpfilter" in values)
        elif word in _FIELDS or word in {"--tcp-flags", "--syn"}:
            tests += _test(word, values, negated=negated)
        elif not verdict and word not in _BESIDE:
            tests.append(Condition("maybe"))  # behind -j stand options of the target
        negated = False
    return RuleLine(tuple(tests), verdict)


def _arguments(words: Sequence[str], at: int) -> Sequence[str]:
    """Return what belongs to the option at `at`: the words up to the next option or `!`."""
    if words[at] == "!":
        return ()
    end = at + 1
    while end < len(words) and words[end] != "!" and not words[end].startswith("-"):
        end += 1
    return words[at + 1 : end]


def _verdict(word: str, target: str) -> str:
    if target in _ENDS:
        return _ENDS[target]
    if target in {"NFQUEUE", "QUEUE"}:
        return "accept"  # a program decides; what it lets in is not known
    if target in _OTHER:
        return ""
    return f"{'jump' if word == '-j' else 'goto'} {target}"


def _test(word: str, values: Sequence[str], *, negated: bool) -> Iterator[Condition]:
    first = values[0] if values else ""
    name, parts = _FIELDS.get(word, ""), tuple(first.split(","))
    if word == "-p" and first in {"all", "0"}:
        return
    if word in {"--tcp-flags", "--syn"}:
        yield _flags(values, negated=negated)
    elif name == "l4proto":
        yield Condition(name, (_PROTOCOLS.get(first, first),), negated)
    elif name == "dport":
        yield Condition(name, tuple(part.replace(":", "-") for part in parts), negated)
    elif name in {"ctstate", "daddrtype", "saddrtype"}:
        yield Condition(name, tuple(part.lower() for part in parts), negated)
    elif name == "unset":
        yield Condition(name, (), negated is not (word == "--pol" and first == "none"))
    elif name:
        yield Condition(name, parts, negated)


def _flags(values: Sequence[str], *, negated: bool) -> Condition:
    if not values:
        return Condition("flags", ("fin,syn,rst,ack", "syn"), negated)
    mask, wanted = (part.lower() for part in values[:2])
    every = "fin,syn,rst,psh,ack,urg"
    spelt = (every if mask == "all" else mask, every if wanted == "all" else wanted)
    return Condition("flags", tuple("" if part == "none" else part for part in spelt), negated)
