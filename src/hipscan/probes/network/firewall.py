"""Packet filters: what the kernel does with a stranger's connection, and what will be at boot.

The kernel's rules come from nft and, for tables that iptables made, from iptables-save: both
only ask. Neither runs where it would make the kernel load a module first. Files say which tool
brings a filter at the next start.
"""

from collections.abc import Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, missing, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing
from hipscan.probes.network.firewall_files import NFT_FILES, SAVED
from hipscan.probes.network.firewall_host import Host
from hipscan.probes.network.firewall_records import Tool, policies, tools

_SAVED: Final = " ".join(path for paths in SAVED.values() for path in paths)

SCRIPT: Final = rf"""
# The first of several folders has a link to a unit or script of this name: it starts at boot.
starts() {{
  [ ! -c "/etc/systemd/system/$1.service" ] || return 1
  for link in /etc/systemd/system/*.wants/"$1.service" \
    /usr/lib/systemd/system/*.wants/"$1.service" /etc/runlevels/*/"$1"; do
    [ ! -L "$link" ] || return 0
  done
  [ ! -d /run/systemd/system ] || return 1
  for link in /etc/rc[2-5].d/S[0-9][0-9]"$1"; do [ ! -e "$link" ] || return 0; done
  return 1
}}
for name in ufw firewalld nftables netfilter-persistent iptables ip6tables shorewall ferm csf \
  firehol; do ! starts "$name" || printf 'starts %s\n' "$name"; done
for name in ufw firewalld nft iptables; do
  for folder in /usr/sbin /sbin /usr/bin; do
    [ ! -x "$folder/$name" ] || {{ printf 'installed %s\n' "$name"; break; }}
  done
done
uncommented() {{ sed 's/^:[[:blank:]]*#.*/:/'; }}
set --
for path in /etc/ufw/ufw.conf /etc/default/ufw {" ".join(NFT_FILES)} {_SAVED} \
  /etc/firewalld/firewalld.conf; do
  [ ! -e "$path" ] || set -- "$@" "$path"
done
[ $# -eq 0 ] || files "$@" | uncommented
set --
for path in {" ".join(NFT_FILES)}; do
  [ -f "$path" ] && [ -r "$path" ] || continue
  while read -r word more; do # no program is started for the file that names no other
    [ "$word" = include ] || continue
    more=${{more#*\"}}
    for more in ${{more%%\"*}}; do [ ! -e "$more" ] || set -- "$@" "$more"; done
  done <"$path"
done
[ $# -eq 0 ] || files "$@" | uncommented
if [ -r /etc/firewalld/firewalld.conf ]; then
  zone=$(sed -n 's/^[[:blank:]]*DefaultZone[[:blank:]]*=[[:blank:]]*//p' \
    /etc/firewalld/firewalld.conf)
  for path in /etc/firewalld/zones /usr/lib/firewalld/zones; do
    path=$path/${{zone:-public}}.xml
    [ ! -e "$path" ] || {{ files "$path"; break; }}
  done
fi
set --
for path in /proc/net/route /proc/net/ipv6_route /proc/net/if_inet6 /proc/net/dev; do
  [ ! -r "$path" ] || set -- "$@" "$path"
done
awk '
FILENAME ~ /\/route$/ && $2 == "00000000" {{ print "route", $1 }}
FILENAME ~ /ipv6_route$/ && $2 == "00" && $1 ~ /^0+$/ && $10 != "lo" {{ print "route", $10 }}
FILENAME ~ /if_inet6$/ && $6 != "lo" {{ six = 1 }}
FILENAME ~ /dev$/ && /:/ {{ sub(/:.*/, ""); print "link", $1 }}
END {{ if (six) print "ipv6 yes" }}' "$@"

if [ "$(id -u)" -ne 0 ]; then note denied "the kernel's rules, which only root may list"; exit 0; fi
# Asking for a subsystem that is a module not yet loaded would load it; then there are no rules.
idle() {{
  [ ! -d "/sys/module/$1" ] && [ -d /lib/modules ] &&
    grep -qs "/$1\.ko" "/lib/modules/$(uname -r)/modules.dep"
}}
rules=''
if idle nf_tables; then printf 'read nft\n'
elif command -v nft >/dev/null; then
  rules=$(nft -s -t -j list ruleset || nft -j list ruleset) || note unsupported "nft ended with $?"
  case $rules in
    *'"inet_service"'*) rules=$(nft -j list ruleset) || note error "nft ended with $?" ;;
  esac
  [ -z "$rules" ] || printf 'F=nft\n:%s\nread nft\n' "$rules"
  case $rules in *'"xt"'*) xt=yes ;; *) xt='' ;; esac
else
  note unsupported "no nft"; xt=yes
fi
# Files of the administrator's own that call nft or iptables; asked only where something denies.
loaders() {{
  set --
  for path in /etc/systemd/system/*.service /etc/network/interfaces /etc/network/if-pre-up.d/* \
    /etc/network/if-up.d/* /etc/networkd-dispatcher/*/* /etc/NetworkManager/dispatcher.d/* \
    /etc/rc.local /etc/rc.d/rc.local; do
    [ ! -f "$path" ] || [ ! -r "$path" ] || set -- "$@" "$path"
  done
  if [ $# -gt 0 ]; then
    grep -lE '^[^#]*((^|[ /=])nft |ip6?tables(-nft|-legacy)?(-restore)? )' "$@" |
      while read -r path; do printf 'loader %s\n' "$path"; done
  fi
}}
dump() {{ # NAME PROGRAM...: the first program that there is
  name=$1; shift
  for program; do
    command -v "$program" >/dev/null || continue
    printf 'F=%s\n' "$name"
    "$program" | sed 's/^/:/'
    printf 'read %s\n' "$name"
    return
  done
}}
if [ -n "${{xt:-}}" ]; then
  dump ip iptables-nft-save iptables-save
  dump ip6 ip6tables-nft-save ip6tables-save
fi
legacy() {{ # FAMILY FILE PROGRAM...
  [ -e "$2" ] || return 0
  read -r any <"$2" || return 0
  [ -n "$any" ] || return 0
  loaders
  printf 'legacy %s\n' "$1"
  name=legacy-$1; shift 2
  dump "$name" "$@"
}}
case $rules in *drop* | *reject*) loaders ;; esac
legacy ip /proc/net/ip_tables_names iptables-legacy-save iptables-save
legacy ip6 /proc/net/ip6_tables_names ip6tables-legacy-save ip6tables-save
printf 'read end\n'
"""

TOOL: Final = {
    "name": Field(FieldType.TEXT, "ufw, firewalld, nftables, iptables, or another by its unit"),
    "starts": Field(FieldType.BOOLEAN, "whether it brings its rules at the next start"),
    "loaded": Field(FieldType.BOOLEAN, "whether the kernel has rules of its kind now"),
    "denies": Field(FieldType.BOOLEAN, "whether its files deny what no rule allows"),
    "rivals": Field(FieldType.LIST, "others of these tools that start as well"),
    "file": Field(FieldType.TEXT, "the file that says so"),
}
HOOK: Final = {
    "family": Field(FieldType.TEXT, "ip (IPv4) or ip6"),
    "hook": Field(FieldType.TEXT, "input, forward or output"),
    "default": Field(
        FieldType.TEXT,
        "accept, drop or reject: what becomes of a new connection from a stranger (output: to "
        "one) over the outer interfaces, to the ports of which there are most",
    ),
    "chains": Field(FieldType.LIST, "base chains that it passes: inet filter input"),
    "open": Field(FieldType.LIST, "ports open to everybody where the default denies: tcp/22"),
    "named": Field(FieldType.LIST, "ports that a rule on the way names, whatever it says of them"),
    "loopback": Field(FieldType.BOOLEAN, "whether the host's talk with itself passes"),
    "spoofed": Field(FieldType.BOOLEAN, "whether a loopback address may come in from outside"),
    "boot": Field(FieldType.TEXT, "the default after the next start, as the files have it"),
    "in_use": Field(FieldType.BOOLEAN, "whether an interface has an address of the family"),
}


def parse(text: str, _status: int) -> Facts:
    """Parse units, files, interfaces and the kernel's rules.

    starts nftables
    loader /etc/network/if-pre-up.d/filter
    route eth0
    link eth0
    ipv6 yes
    F/etc/nftables.conf
    :table inet filter { chain input { type filter hook input priority 0; policy drop; } }
    F=nft
    :{"nftables": [{"metainfo": ...}, {"chain": ...}, {"rule": ...}]}
    read nft
    F=ip
    ::INPUT DROP [0:0]
    read ip
    read end
    """
    seen = listing(text)
    if not any(line.startswith("link ") for line in seen.plain):
        raise ValueError("no interface, not even lo")
    host = Host.of(seen)
    there = tuple(tools(host))
    return {
        "firewall": ok(*(tool.record for tool in there)),
        "firewall_hook": _hooks(host, there, seen),
    }


def _hooks(host: Host, there: Sequence[Tool], seen: Listing) -> Fact:
    denied = seen.of_kind("denied")
    if denied and host.chains is None:
        return missing(FactStatus.DENIED, denied[0].text)
    if host.chains is None:
        notes = seen.of_kind("unsupported", "error")
        if not notes:
            raise ValueError("the kernel's rules are cut off")
        return missing(FactStatus.UNSUPPORTED, notes[0].text)
    records: list[Record] = list(policies(host, there))
    lost = seen.of_kind("error")
    return Fact(FactStatus.PARTIAL, tuple(records), lost[0].text) if lost else ok(*records)


PROBE: Final = Probe(
    name="firewall",
    facts=(
        FactSpec("firewall", "One tool that can bring packet filter rules.", ("name",), TOOL),
        FactSpec(
            "firewall_hook",
            "What the kernel's packet filter does with strangers, by family and direction.",
            ("family", "hook"),
            HOOK,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    limit=4 * 1024 * 1024,
    commands=(
        "nft",
        "iptables-save",
        "ip6tables-save",
        "iptables-nft-save",
        "ip6tables-nft-save",
        "iptables-legacy-save",
        "ip6tables-legacy-save",
    ),
)
