r"""Which ports the host listens on, on which addresses, and which process does it.

Read from /proc/net and the descriptors of the processes, so it needs no tool that may be missing.
Only the network namespace of the login is seen: containers with their own are not, the ports
that they publish on the host are. Without privilege the processes of others are not known.
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, missing, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Probe, listing

SCRIPT: Final = r"""
set --
for table in tcp tcp6 udp udp6; do
  if [ -r "/proc/net/$table" ]; then set -- "$@" "/proc/net/$table"
  elif [ -e "/proc/net/$table" ]; then note denied "/proc/net/$table"
  fi
done
[ $# -gt 0 ] || { note unsupported "no /proc/net/tcp"; exit 0; }
printf 'M%s\n' "$(uname -m)"
sockets=$(awk '
FNR == 1 { table = FILENAME; sub(/.*\//, "", table); next }
(table ~ /^tcp/ && $4 == "0A") || (table ~ /^udp/ && $4 == "07") {
  print "S" table " " $2 " " $8 " " $10
}' "$@") || note error "reading /proc/net"
printf '%s\n' "$sockets"
inodes=$(printf '%s\n' "$sockets" | awk '{ print $4 }')
[ -n "$inodes" ] || { printf 'E\n'; exit 0; }
# shellcheck disable=SC2012  # one process for all descriptors; a socket is never named oddly
owners=$(ls -l /proc/[0-9]*/fd | awk -v list="$inodes" '
BEGIN { n = split(list, each, "\n"); for (i = 1; i <= n; i++) wanted[each[i]] }
/^\/proc\// { split($0, part, "/"); pid = part[3]; next }
/ -> \047?socket:\[[0-9]+\]\047?$/ {  # quoted by the ls of uutils
  sub(/.*\[/, ""); sub(/\].*/, "")
  if ($0 in wanted && !((pid, $0) in seen)) { seen[pid, $0]; print pid " " $0 }
}')
last=''
printf '%s\n' "$owners" | while read -r pid inode; do
  [ -n "$pid" ] || continue
  [ "$pid" = "$last" ] || { name=''; read -r name <"/proc/$pid/comm"; last=$pid; }
  printf 'P%s %s\n' "$inode" "$name"
done
printf 'E\n'
"""

FIELDS: Final = {
    "protocol": Field(FieldType.TEXT, "tcp or udp"),
    "address": Field(FieldType.TEXT, "address it listens on; 0.0.0.0 and :: mean all of them"),
    "port": Field(FieldType.INTEGER, "port"),
    "loopback": Field(FieldType.BOOLEAN, "whether only this host itself can reach it"),
    "everywhere": Field(FieldType.BOOLEAN, "whether it listens on all addresses"),
    "process": Field(FieldType.TEXT, "name of the process that listens"),
    "processes": Field(FieldType.LIST, "names of all processes that hold the socket"),
    "uid": Field(FieldType.INTEGER, "user that opened it"),
}
_BIG_ENDIAN: Final = ("s390", "ppc64", "ppc", "sparc", "mips64", "mips", "armeb", "m68k", "hppa")
_LITTLE: Final = ("ppc64le", "mipsel", "mips64el")


def parse(text: str, _status: int) -> Facts:
    """Parse rows of /proc/net (table, address:port in hex, uid, inode) and the holders of inodes.

    Mx86_64
    Stcp 0100007F:1538 112 24011
    P24011 postgres
    E
    """
    seen = listing(text)
    for note in seen.of_kind("unsupported"):
        return {"listening_socket": missing(FactStatus.UNSUPPORTED, note.text)}
    if "E" not in seen.plain:
        raise ValueError("the list of sockets has no end")
    machine = next(iter(seen.behind("M")), "")
    big = machine.startswith(_BIG_ENDIAN) and not machine.startswith(_LITTLE)
    rows = [line[1:].split() for line in seen.plain if line.startswith("S")]
    names = _names(iter(seen.behind("P")))
    found: dict[tuple[str, ...], Record] = {}
    for table, place, uid, inode in rows:
        record = _record(table, place, big=big)
        key = (str(record["protocol"]), str(record["address"]), str(record["port"]))
        found.setdefault(key, {**record, **_holders(names, inode), "uid": int(uid)})
    lost = seen.of_kind("denied", "error")
    if lost:
        reason = "; ".join(f"{note.kind}: {note.text}" for note in lost)
        return {"listening_socket": Fact(FactStatus.PARTIAL, tuple(found.values()), reason)}
    return {"listening_socket": ok(*found.values())}


def _names(lines: Iterator[str]) -> dict[str, dict[str, None]]:
    """Return the names of processes by inode, each once, in order."""
    names: dict[str, dict[str, None]] = {}
    for line in lines:
        inode, _, name = line.partition(" ")
        names.setdefault(inode, {})[name] = None
    return names


def _holders(names: Mapping[str, Iterable[str]], inode: str) -> Record:
    """Return who holds a socket; None where nobody could be found."""
    held = list(names.get(inode, ()))
    return {"process": held[0] if held else None, "processes": held or None}


def _record(table: str, place: str, *, big: bool) -> Record:
    address, _, port = place.partition(":")
    where = decode(address, big=big)
    return {
        "protocol": table[:3],
        "address": str(where),
        "port": int(port, 16),
        "loopback": where.is_loopback,
        "everywhere": where.is_unspecified,
    }


def decode(text: str, *, big: bool) -> IPv4Address | IPv6Address:
    """Read an address of /proc/net: words of 32 bits in the host's own byte order."""
    raw = bytes.fromhex(text)
    words = (raw[at : at + 4] for at in range(0, len(raw), 4))
    packed = raw if big else b"".join(word[::-1] for word in words)
    if len(packed) == 4:  # noqa: PLR2004  # bytes of IPv4
        return IPv4Address(packed)
    address = IPv6Address(packed)
    return address.ipv4_mapped or address


PROBE: Final = Probe(
    name="sockets",
    facts=(
        FactSpec(
            "listening_socket",
            "A port that something listens on.",
            ("protocol", "address", "port"),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
)
