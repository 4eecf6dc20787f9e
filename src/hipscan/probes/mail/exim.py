r"""Exim: where it listens, whether it offers TLS, and for whom it relays.

Debian makes its configuration from answers (update-exim4.conf.conf), and TLS there is a macro.
Elsewhere the plain configuration is read; where macros or conditions decide, what they decide is
not known. `tls_advertise_hosts` is `*` by default since 4.87 (its change log).
"""

import re
from collections.abc import Sequence
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_remote
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member

_ANSWERS: Final = "/etc/exim4/update-exim4.conf.conf"
_MACROS: Final = "/etc/exim4/exim4.conf.localmacros"
_PLAIN: Final = ("/etc/exim4/exim4.conf", "/etc/exim/exim.conf", "/etc/exim.conf")

SCRIPT: Final = rf"""
set --
for path in {_ANSWERS} {_MACROS} {" ".join(_PLAIN)} /etc/exim4/conf.d/main/*local*; do
  if [ -e "$path" ]; then set -- "$@" "$path"; fi
done
files "$@" | only backslash '=' \
  'dc_(local_interfaces|relay_nets|eximconfig_configtype)|main_tls_enable|local_interfaces|tls_advertise_hosts|hostlistrelay_from_hosts'
"""

FIELDS: Final = {
    "listen": Field(FieldType.LIST, "addresses it listens on"),
    "remote": Field(FieldType.BOOLEAN, "whether other hosts reach it"),
    "tls": Field(FieldType.BOOLEAN, "whether it offers TLS; null where macros decide"),
    "relay_networks": Field(FieldType.LIST, "for whom it takes mail to strangers"),
    "relays_for_all": Field(FieldType.BOOLEAN, "whether that is everybody"),
    "file": Field(FieldType.TEXT, "its configuration"),
}


def parse(read: Listing) -> Facts:
    """Parse Debian's answers and macros, or the plain configuration.

    F/etc/exim4/update-exim4.conf.conf
    :dc_local_interfaces='127.0.0.1 ; ::1'
    """
    plain = next((path for path in _PLAIN if path in read.files), None)
    if plain is not None:
        return {"exim_server": ok(_plain(plain, read.files[plain]))}
    if _ANSWERS not in read.files:
        if not read.notes:
            raise ValueError("no configuration of Exim")
        return {"exim_server": ok()}
    return {"exim_server": ok(_debian(read))}


def _pairs(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        key, equals, value = line.partition("=")
        if equals:
            found[re.sub(r"\s+", " ", key.strip().lower())] = value.strip().strip("'\"")
    return found


def _list(text: str) -> list[str]:
    """Split a list of Exim: the separator is a colon, or what stands behind `<`."""
    match = re.match(r"^<(.)\s*(.*)$", text)
    mark, rest = (match[1], match[2]) if match else (";" if ";" in text else ":", text)
    return [part.strip() for part in rest.split(mark) if part.strip()]


def _debian(read: Listing) -> Record:
    held = _pairs(read.files[_ANSWERS])
    others = {
        key for path, lines in read.files.items() if path != _ANSWERS for key in _pairs(lines)
    }
    local = held.get("dc_eximconfig_configtype", "local") == "none"
    listen = _list(held.get("dc_local_interfaces", ""))
    return _record(
        _ANSWERS,
        [] if local else listen or ["*"],
        tls="main_tls_enable" in others,
        relay=_list(held.get("dc_relay_nets", "")),
    )


def _plain(path: str, lines: Sequence[str]) -> Record:
    held = _pairs(lines)
    hosts = held.get("tls_advertise_hosts", "*")
    unclear = bool(re.search(r"[$\\]|[A-Z]{3}", hosts))
    return _record(
        path,
        _list(held.get("local_interfaces", "")) or ["*"],
        tls=None if unclear else bool(hosts),
        relay=_list(held.get("hostlist relay_from_hosts", "")),
    )


def _record(path: str, listen: list[str], *, tls: bool | None, relay: list[str]) -> Record:
    record: dict[str, Value] = {
        "listen": listen,
        "remote": is_remote(listen),
        "tls": tls,
        "relay_networks": relay,
        "relays_for_all": any(net == "*" or net.endswith("/0") for net in relay),
        "file": path,
    }
    return record


MEMBER: Final = Member(
    name="exim",
    title="Exim",
    paths=(_ANSWERS, *_PLAIN),
    facts=(FactSpec("exim_server", "Exim as a whole.", ("file",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    programs="exim4 exim",
    packages="exim4-base exim4-config",
    whole=frozenset({"exim_server"}),
)
