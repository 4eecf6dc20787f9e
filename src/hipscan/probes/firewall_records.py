"""What the firewall probe read of a host, and the records that follow from it. Pure.

A stranger stands for everybody: two public addresses that no rule is likely to name, so that a
rule about one half of the Internet is not overlooked.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self

from hipscan.model.fact import Record
from hipscan.probes import firewall_files as configured
from hipscan.probes import firewall_iptables, firewall_nft
from hipscan.probes.base import Listing
from hipscan.probes.firewall_model import Chain, End, Filter, Packet, Ports

STRANGERS: Final = {
    "ip": ("45.83.77.99", "190.77.13.201"),
    "ip6": ("2a0e:77f0::99", "2607:77f0::99"),
}
_SELF: Final = {"ip": "127.0.0.1", "ip6": "::1"}
_INNER: Final = (
    "lo",
    "docker",
    "veth",
    "virbr",
    "br-",
    "cni",
    "cali",
    "flannel",
    "podman",
    "dummy",
)
_PATHS: Final = {
    "input": ("prerouting", "input"),
    "forward": ("prerouting", "forward", "postrouting"),
    "output": ("output", "postrouting"),
}
_OTHERS: Final = ("shorewall", "ferm", "csf", "firehol")
_HALF: Final = 32768
_WIDE: Final = frozenset(("1", "2", "3", "4", "5", "6", "7", "128.0.0.0", "192.0.0.0"))


@dataclass(frozen=True, slots=True)
class Host:
    """All that was read; `chains` is None where the kernel's rules are not known."""

    chains: tuple[Chain, ...] | None
    outer: tuple[str, ...]
    has_ipv6: bool
    files: Mapping[str, Sequence[str]]
    starting: AbstractSet[str]
    installed: AbstractSet[str]
    unread: AbstractSet[str]
    loaders: tuple[str, ...]  # files of the administrator's own that call nft or iptables

    @classmethod
    def of(cls, seen: Listing) -> Self:
        """Gather what the lines of the script say."""
        words: dict[str, list[str]] = {}
        for line in seen.plain:
            key, _, value = line.partition(" ")
            words.setdefault(key, []).append(value)
        links = [name.strip() for name in words.get("link", ())]
        inner = [name for name in links if not name.startswith(_INNER)]
        return cls(
            chains=_chains(seen, words.get("read", ()), words.get("legacy", ())),
            outer=tuple(dict.fromkeys(words.get("route", ()))) or tuple(inner) or ("eth0",),
            has_ipv6="ipv6" in words,
            files={path: lines for path, lines in seen.files.items() if path.startswith("/")},
            starting=frozenset(words.get("starts", ())),
            installed=frozenset(words.get("installed", ())),
            loaders=tuple(words.get("loader", ())),
            unread=frozenset(note.text for note in seen.of_kind("denied", "special")),
        )


def _chains(seen: Listing, read: Sequence[str], legacy: Sequence[str]) -> tuple[Chain, ...] | None:
    """Join the answers of nft, of iptables for its own tables, and of the legacy iptables."""
    if "end" not in read:
        return None
    chains: list[Chain] = []
    foreign: AbstractSet[tuple[str, str]] = frozenset()
    if "=nft" in seen.files:
        document = json.loads("".join(seen.files["=nft"]))
        chains, foreign = list(firewall_nft.read(document)), firewall_nft.speaks_xt(document)
    dumps = {name: seen.files.get(f"={name}", ()) for name in ("ip", "ip6") if name in read}
    if "nft" not in read and not dumps:
        return None
    for family, lines in dumps.items():
        made = firewall_iptables.read(lines, family)
        tables = {(chain.family, chain.table) for chain in made}
        chains = [c for c in chains if (c.family, c.table) not in tables] + list(made)
        foreign -= tables
    for family in legacy:
        if f"legacy-{family}" not in read:
            return None
        lines = seen.files.get(f"=legacy-{family}", ())
        chains += firewall_iptables.read(lines, family, "legacy ")
    return None if foreign else tuple(chains)


def tools(host: Host) -> Iterator[Record]:
    """Yield a record for each tool that is there."""
    starting = {name for name in ("firewalld", "nftables", *_OTHERS) if name in host.starting}
    if "ufw" in host.starting and configured.is_ufw_enabled(host.files):
        starting.add("ufw")
    if host.starting & {"netfilter-persistent", "iptables", "ip6tables"}:
        starting.add("iptables")
    for name, (present, file) in _present(host).items():
        if present or name in starting:
            made = _defaults(name, host)
            yield {
                "name": name,
                "starts": name in starting,
                "loaded": None if host.chains is None else _is_loaded(name, host.chains),
                "denies": None if made is None else made["ip", "input"] is not End.ACCEPT,
                "rivals": sorted(starting - {name}),
                "file": file,
            }


def _present(host: Host) -> dict[str, tuple[bool, str]]:
    nft = next((path for path in configured.NFT_FILES if path in host.files), "")
    saved = next((p for paths in configured.SAVED.values() for p in paths if p in host.files), "")
    firewalld = "/etc/firewalld/firewalld.conf"
    return {
        "ufw": ("ufw" in host.installed, "/etc/default/ufw"),
        "firewalld": ("firewalld" in host.installed, firewalld if firewalld in host.files else ""),
        "nftables": ("nft" in host.installed and bool(nft), nft),
        "iptables": (bool(saved), saved),
        **dict.fromkeys(_OTHERS, (False, "")),
    }


def _is_loaded(name: str, chains: Sequence[Chain]) -> bool | None:
    """Say whether the kernel has chains that look as the tool makes them."""
    if name == "ufw":
        return any(chain.name.startswith(("ufw-", "ufw6-")) for chain in chains)
    if name == "firewalld":
        return any(c.table == "firewalld" or c.name.startswith("IN_") for c in chains)
    own = [chain for chain in chains if chain.hook and chain.table != "firewalld"]
    if name == "iptables":
        return any(c.name == "INPUT" and (c.rules or c.policy is End.DROP) for c in own)
    return any(chain.name != chain.hook.upper() for chain in own) if name == "nftables" else None


def _defaults(name: str, host: Host) -> configured.Defaults | None:
    """Return what a tool's files make of strangers; None where they do not say."""
    match name:
        case "ufw":
            return configured.ufw(host.files) if "/etc/default/ufw" in host.files else None
        case "firewalld":
            return configured.firewalld(host.files)
        case "nftables":
            chains = configured.nftables(host.files)
        case "iptables":
            chains = _saved(host)
        case _:
            return None
    if host.unread & {*configured.NFT_FILES, *(p for s in configured.SAVED.values() for p in s)}:
        return None
    return {
        (family, hook): _default(hook, filters(chains or (), family, hook, host.outer))
        for family in STRANGERS
        for hook in configured.HOOKS
    }


def _saved(host: Host) -> tuple[Chain, ...]:
    chains: list[Chain] = []
    for family, paths in configured.SAVED.items():
        path = next((path for path in paths if path in host.files), None)
        if path:
            chains += firewall_iptables.read(host.files[path], family)
    return tuple(chains)


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


def _packet(family: str, hook: str, name: str, stranger: str, proto: str) -> Packet:
    address = ip_address(stranger)
    if hook == "output":
        return Packet(family, proto, "", name, None, address, is_local=False)
    return Packet(family, proto, name, "", address, None, is_local=hook == "input")


def passing(made: Filter, hook: str) -> tuple[tuple[Ports, frozenset[End]], ...]:
    """Return ranges of ports, together all of them, with what becomes of each."""
    cuts = sorted({low for step in _PATHS[hook] for low, _ in made.boundaries(step)})
    ends = (*(cut - 1 for cut in cuts[1:]), 65535)
    return tuple(
        ((low, high), verdict(made, hook, low)) for low, high in zip(cuts, ends, strict=True)
    )


def verdict(made: Filter, hook: str, port: int) -> frozenset[End]:
    """Return all that can become of the packet on its whole way through the host."""
    steps = [made.ends(step, port) for step in _PATHS[hook]]
    bad = frozenset(end for step in steps for end in step if end is not End.ACCEPT)
    return bad | {End.ACCEPT} if all(End.ACCEPT in step for step in steps) else bad


def _default(hook: str, made: Sequence[Filter]) -> End:
    """Return the worst that the filters make of most ports."""
    closed: list[End] = []
    for each in made:
        found = passing(each, hook)
        if sum(high - low + 1 for (low, high), ends in found if End.ACCEPT in ends) >= _HALF:
            return End.ACCEPT
        widest = max((p for p, ends in found if End.ACCEPT not in ends), key=lambda p: p[1] - p[0])
        closed.append(End.REJECT if End.REJECT in dict(found)[widest] else End.DROP)
    return End.REJECT if End.REJECT in closed else End.DROP


def policies(host: Host) -> Iterator[Record]:
    """Yield a record for each family and hook."""
    chains = host.chains or ()
    starting = [_defaults(str(tool["name"]), host) for tool in tools(host) if tool["starts"]]
    starting += [None for _ in host.loaders]
    for family in STRANGERS:
        for hook in configured.HOOKS:
            made = filters(chains, family, hook, host.outer)
            default = _default(hook, made)
            yield {
                "family": family,
                "hook": hook,
                "default": str(default),
                "chains": [c.label for step in _PATHS[hook] for c in made[0].base(step)],
                "open": [] if default is End.ACCEPT else sorted(_open(made, hook)),
                "named": sorted(_named(made, hook)),
                "loopback": _talks_with_itself(chains, family, hook),
                "spoofed": hook == "input" and _lets_pretend(chains, family, host.outer),
                "boot": _at_boot(starting, family, hook),
                "in_use": family == "ip" or host.has_ipv6,
            }


def _open(made: Sequence[Filter], hook: str) -> set[str]:
    return {
        _spelt(each.packet.proto, ports)
        for each in made
        for ports, ends in passing(each, hook)
        if End.ACCEPT in ends
    }


def _named(made: Sequence[Filter], hook: str) -> set[str]:
    return {
        _spelt(each.packet.proto, ports)
        for each in made
        for step in _PATHS[hook]
        for ports in each.mentioned(step)
    }


def _spelt(proto: str, ports: Ports) -> str:
    low, high = ports
    return f"{proto}/{low}" if low == high else f"{proto}/{low}-{high}"


def _talks_with_itself(chains: Sequence[Chain], family: str, hook: str) -> bool:
    """Say whether packets on lo pass; of forward, which they never meet, yes."""
    own = ip_address(_SELF[family])
    for proto in ("tcp", "udp"):
        packet = Packet(family, proto, "lo" if hook == "input" else "", "lo", own, own)
        made = Filter(chains, packet)
        if hook != "forward" and any(ends != {End.ACCEPT} for _, ends in passing(made, hook)):
            return False
    return True


def _lets_pretend(chains: Sequence[Chain], family: str, outer: Sequence[str]) -> bool:
    own = ip_address(_SELF[family])
    made = [Filter(chains, Packet(family, "tcp", name, "", own, None)) for name in outer]
    return any(End.ACCEPT in ends for each in made for _, ends in passing(each, "input"))


def _at_boot(starting: Sequence[configured.Defaults | None], family: str, hook: str) -> str | None:
    """Return the strictest default that a tool which starts brings; None where one is not known."""
    found = [made[family, hook] if made else None for made in starting]
    strict = [end for end in found if end not in {None, End.ACCEPT}]
    if strict:
        return str(strict[0])
    return None if None in found else str(End.ACCEPT)
