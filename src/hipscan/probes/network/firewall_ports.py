"""Ports that something listens on, seen through the packet filter: who can reach them. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from hipscan.model.fact import Fact, Record, missing
from hipscan.model.knowledge import Knowledge
from hipscan.probes.base import FactSpec, Field, FieldType
from hipscan.probes.network.firewall_model import port_range

SPEC: Final = FactSpec(
    "reachable_port",
    "A port that something listens on beyond loopback, and what the packet filter makes of it.",
    ("protocol", "port", "family"),
    {
        "protocol": Field(FieldType.TEXT, "tcp or udp"),
        "port": Field(FieldType.INTEGER, "port"),
        "family": Field(FieldType.TEXT, "ip (IPv4) or ip6"),
        "process": Field(FieldType.TEXT, "name of the process that listens"),
        "open": Field(FieldType.BOOLEAN, "whether the filter lets everybody in"),
        "named": Field(FieldType.BOOLEAN, "whether a rule of the filter names the port"),
    },
)


def derive(fact: Callable[[str], Fact], _knowledge: Knowledge) -> Fact:
    """Return the fact `reachable_port`; a socket on all of IPv6 takes IPv4 as well."""
    sockets, hooks = fact("listening_socket"), fact("firewall_hook")
    for needed in (sockets, hooks):
        if not needed.is_decided:
            return missing(needed.status, needed.reason)
    filters = {str(hook["family"]): hook for hook in hooks.records if hook["hook"] == "input"}
    found: dict[tuple[object, ...], Record] = {}
    for socket in sockets.records:
        for record in _through(socket, filters):
            found.setdefault((record["protocol"], record["port"], record["family"]), record)
    return Fact(sockets.status, tuple(found.values()), sockets.reason)


def _through(socket: Record, filters: dict[str, Record]) -> Iterator[Record]:
    address = str(socket["address"])
    families = ("ip", "ip6") if address == "::" else ("ip6",) if ":" in address else ("ip",)
    for family in families:
        hook = filters.get(family)
        if socket.get("loopback") is not False or not hook or not hook["in_use"]:
            continue
        protocol, port = str(socket["protocol"]), int(str(socket["port"]))
        is_open = hook["default"] == "accept" or _has(hook["open"], protocol, port)
        yield {
            "protocol": protocol,
            "port": port,
            "family": family,
            "process": socket.get("process"),
            "open": is_open,
            "named": _has(hook["named"], protocol, port),
        }


def _has(ports: object, protocol: str, port: int) -> bool:
    texts = ports if isinstance(ports, Sequence) else ()
    pairs = (str(text).split("/", 1) for text in texts)
    ranges = (port_range(text) for name, text in pairs if name == protocol)
    return any(found[0] <= port <= found[1] for found in ranges if found)
