"""The records of the firewall probe: tools, and what the kernel's filter does. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from hipscan.model.fact import Record
from hipscan.probes.network import firewall_files as configured
from hipscan.probes.network import firewall_iptables
from hipscan.probes.network.firewall_filter import Filter
from hipscan.probes.network.firewall_host import Host
from hipscan.probes.network.firewall_model import Chain, End, Packet, Ports
from hipscan.probes.network.firewall_strangers import PATHS, STRANGERS, filters, passing, worst

_SELF: Final = {"ip": ip_address("127.0.0.1"), "ip6": ip_address("::1")}
_OTHERS: Final = ("shorewall", "ferm", "csf", "firehol")


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that is there: its record, and what its files make of strangers, None if unsaid."""

    record: Record
    made: configured.Defaults | None


def tools(host: Host) -> Iterator[Tool]:
    """Yield each tool that is there."""
    starting = {name for name in ("firewalld", "nftables", *_OTHERS) if name in host.starting}
    if "ufw" in host.starting and configured.is_ufw_enabled(host.files):
        starting.add("ufw")
    if host.starting & {"netfilter-persistent", "iptables", "ip6tables"}:
        starting.add("iptables")
    for name, (present, file) in _present(host).items():
        if present or name in starting:
            made = _defaults(name, host)
            record: Record = {
                "name": name,
                "starts": name in starting,
                "loaded": None if host.chains is None else _is_loaded(name, host.chains),
                "denies": None if made is None else made["ip", "input"] is not End.ACCEPT,
                "rivals": sorted(starting - {name}),
                "file": file,
            }
            yield Tool(record, made)


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
        (family, hook): worst(hook, filters(chains or (), family, hook, host.outer))
        for family in STRANGERS
        for hook in configured.HOOKS
    }


def _saved(host: Host) -> tuple[Chain, ...]:
    """Return the saved rules; RHEL and Alpine have a service for each family's, Debian for both."""
    chains: list[Chain] = []
    alone = host.starting & {"iptables", "ip6tables"}
    both = not alone or "netfilter-persistent" in host.starting
    for family, paths in configured.SAVED.items():
        if not both and f"{family}tables" not in alone:
            continue
        path = next((path for path in paths if path in host.files), None)
        if path:
            chains += firewall_iptables.read(host.files[path], family)
    return tuple(chains)


def policies(host: Host, there: Iterable[Tool]) -> Iterator[Record]:
    """Yield a record for each family and hook; `there` are the host's tools."""
    chains = host.chains or ()
    starting = [tool.made for tool in there if tool.record["starts"]]
    starting += [None for _ in host.loaders]
    for family in STRANGERS:
        for hook in configured.HOOKS:
            made = filters(chains, family, hook, host.outer)
            default = worst(hook, made)
            yield {
                "family": family,
                "hook": hook,
                "default": str(default),
                "chains": [c.label for step in PATHS[hook] for c in made[0].base(step)],
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
        for step in PATHS[hook]
        for ports in each.mentioned(step)
    }


def _spelt(proto: str, ports: Ports) -> str:
    low, high = ports
    return f"{proto}/{low}" if low == high else f"{proto}/{low}-{high}"


def _talks_with_itself(chains: Sequence[Chain], family: str, hook: str) -> bool:
    """Say whether packets on lo pass; of forward, which they never meet, yes."""
    own = _SELF[family]
    for proto in ("tcp", "udp"):
        packet = Packet(family, proto, "lo" if hook == "input" else "", "lo", own, own)
        made = Filter(chains, packet)
        if hook != "forward" and any(ends != {End.ACCEPT} for _, ends in passing(made, hook)):
            return False
    return True


def _lets_pretend(chains: Sequence[Chain], family: str, outer: Sequence[str]) -> bool:
    own = _SELF[family]
    made = [Filter(chains, Packet(family, "tcp", name, "", own, None)) for name in outer]
    return any(End.ACCEPT in ends for each in made for _, ends in passing(each, "input"))


def _at_boot(starting: Sequence[configured.Defaults | None], family: str, hook: str) -> str | None:
    """Return the strictest default that a tool which starts brings; None where one is not known."""
    found = [made[family, hook] if made else None for made in starting]
    strict = [end for end in found if end not in {None, End.ACCEPT}]
    if strict:
        return str(strict[0])
    return None if None in found else str(End.ACCEPT)
