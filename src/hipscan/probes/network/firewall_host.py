"""What the firewall probe read of a host: the kernel's chains, files, interfaces, units. Pure."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Self

from hipscan.probes.base import Listing
from hipscan.probes.network import firewall_iptables, firewall_nft
from hipscan.probes.network.firewall_model import Chain

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
