"""memcached: the options it is started with, from its file, its unit, or both.

Debian's /etc/memcached.conf has one option a line; RHEL and Alpine have a line of shell with
variables. Without -l it listens on every address; without -U there is no UDP since release 1.5.6
(memcached(1) and its release notes).
"""

import shlex
from collections.abc import Sequence
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_remote, words
from hipscan.probes.allow_list import command_words
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member

_PLAIN: Final = "/etc/memcached.conf"
_SHELL: Final = ("/etc/sysconfig/memcached", "/etc/conf.d/memcached")
_VALUED: Final = {
    "-l": "listen",
    "--listen": "listen",
    "-p": "port",
    "--port": "port",
    "-U": "udp",
    "--udp-port": "udp",
    "-s": "socket",
    "--unix-socket": "socket",
    "-Y": "login",
    "--auth-file": "login",
}
_FLAGS: Final = {
    "-S": "login",
    "--enable-sasl": "login",
    "-Z": "tls",
    "--enable-ssl": "tls",
    "-d": "",
    "--daemon": "",
    "-v": "",
    "-vv": "",
    "-vvv": "",
    "-k": "",
    "-M": "",
}

SCRIPT: Final = rf"""
set --
for path in {_PLAIN} {" ".join(_SHELL)} /etc/memcached_*.conf; do
  if [ -e "$path" ]; then set -- "$@" "$path"; fi
done
files "$@" |
  awk '!/^:/ || /^:[ \t]*(-[lpUsSZY]|--[a-z]|(PORT|OPTIONS|LISTENON|MISC_OPTS|UDPPORT)=)/ {{
    gsub(/(-o|--extended)[ \t=]*[^ \t"\047]*/, ""); sub(/[ \t]#.*/, ""); print
  }}'
unit memcached.service '-[lpUsSZY]|--(listen|port|udp-port|unix-socket|enable-s(as|s)l)'
"""

FIELDS: Final = {
    "listen": Field(FieldType.LIST, "addresses it listens on; * for all, none for a socket only"),
    "remote": Field(FieldType.BOOLEAN, "whether it listens beyond this host"),
    "port": Field(FieldType.TEXT, "the TCP port"),
    "udp": Field(FieldType.BOOLEAN, "whether it answers UDP as well"),
    "open": Field(FieldType.BOOLEAN, "whether other hosts may use it without a login"),
    "login": Field(FieldType.BOOLEAN, "whether clients have to log in (SASL or a file of users)"),
    "tls": Field(FieldType.BOOLEAN, "whether it speaks TLS"),
    "file": Field(FieldType.TEXT, "its configuration"),
}


def parse(read: Listing) -> Facts:
    """Parse the files of options and the unit.

    F/etc/memcached.conf
    :-l 127.0.0.1
    """
    if not read.files:
        raise ValueError("no file of memcached")
    unit = command_words(read, "memcached.service")
    own = unit[1:] if unit[:1] and unit[0].endswith("/memcached") else []
    mains = [path for path in read.files if path.startswith("/etc/memcached")]
    shells = [path for path in _SHELL if path in read.files]
    records = [_record(path, [*_plain(read.files[path]), *own]) for path in mains]
    records += [_record(path, [*_shell(read.files[path]), *own]) for path in shells]
    return {"memcached_server": ok(*records)}


def _plain(lines: Sequence[str]) -> list[str]:
    return [word for line in lines for word in line.split("#")[0].split(None, 1)]


def _shell(lines: Sequence[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        name, _, text = line.strip().partition("=")
        try:
            value = " ".join(shlex.split(text))
        except ValueError as error:
            raise ValueError(f"a line of {name} has no end") from error
        match name:
            case "PORT":
                found += ["-p", value]
            case "UDPPORT":
                found += ["-U", value]
            case "LISTENON":
                found += ["-l", value]
            case _:
                found += value.split()
    return found


def _record(path: str, options: Sequence[str]) -> Record:
    held = _options(options)
    listens = [] if held["socket"] else words(held["listen"]) or ["*"]
    remote = is_remote(listens) and held["port"] != "0"
    record: dict[str, Value] = {
        "listen": listens,
        "remote": remote,
        "open": remote and not held["login"],
        "port": held["port"] or "11211",
        "udp": bool(held["udp"]) and held["udp"] != "0",
        "login": bool(held["login"]),
        "tls": bool(held["tls"]),
        "file": path,
    }
    return record


def _options(options: Sequence[str]) -> dict[str, str]:
    """Return what the options say; several -l add up, `-l127.0.0.1` and `--listen=X` work too."""
    held = dict.fromkeys(("listen", "port", "udp", "socket", "login", "tls"), "")
    rest = list(options)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in _VALUED:
            name, value = word, rest.pop(0) if rest else ""
        elif not equals and word[:2] in _VALUED and not word.startswith("--"):
            name, value = word[:2], word[2:]
        elif word in _FLAGS:
            held |= {_FLAGS[word]: "yes"} if _FLAGS[word] else {}
            continue
        key = _VALUED.get(name, "")
        if key == "listen" and held["listen"]:
            value = f"{held['listen']},{value}"
        if key:
            held[key] = value
    return held


MEMBER: Final = Member(
    name="memcached",
    title="memcached",
    paths=(_PLAIN, *_SHELL),
    facts=(FactSpec("memcached_server", "memcached's options.", ("file",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    programs="memcached",
    packages="memcached",
    whole=frozenset({"memcached_server"}),
)
