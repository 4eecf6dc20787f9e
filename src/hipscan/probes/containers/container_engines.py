r"""Container engines: on which addresses their API answers, and what they set for containers.

Whoever reaches the API of an engine is root. Docker takes addresses from daemon.json, from the
command line of its unit (dockerd refuses to start where both name some) and from docker.socket;
Podman from podman.socket and podman.service. A TCP address is safe only where clients need a
certificate (`tlsverify`; `tls` alone asks for none). Of daemon.json only settings on a list leave
the host: proxies and log options may hold passwords.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_loopback
from hipscan.probes.allow_list import UNIT, command_words, unit_values
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member, bundle

_JSON: Final = "/etc/docker/daemon.json"
_SHELL: Final = ("/etc/default/docker", "/etc/sysconfig/docker", "/etc/conf.d/docker")
_UNITS: Final = ("docker.service", "docker.socket", "podman.service", "podman.socket")
_SCALARS: Final = "tls|tlsverify|icc|userns-remap|live-restore|no-new-privileges"
_LISTS: Final = "hosts|insecure-registries"
_OPTIONS: Final = f"-H|-H[a-z0-9:].*|--(host|insecure-registry|{_SCALARS})"

SCRIPT: Final = rf"""
if [ -e {_JSON} ]; then
  files {_JSON} | awk '
  !/^:/ {{ print; next }}
  {{ text = text " " substr($0, 2) }}
  END {{
    if (text !~ /^[ \t]*\{{.*\}}[ \t]*$/ && text !~ /^[ \t]*$/) print ":unreadable"
    rest = text
    list = "\"({_LISTS})\"[ \t]*:[ \t]*[[]([ \t,]*\"[^\"]*\")*[ \t]*[]]"
    scalar = "\"({_SCALARS})\"[ \t]*:[ \t]*(true|false|\"[^\"]*\")"
    while (match(rest, list "|" scalar)) {{
      print ":" substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
    }}
  }}'
fi
for path in {" ".join(_SHELL)}; do
  [ -e "$path" ] || continue
  files "$path" | awk '
  !/^:/ {{ print; next }}
  /^:(DOCKER_OPTS|OPTIONS)=/ {{
    sub(/=/, " "); n = split($0, part, /[ \t"\047]+/); out = part[1]
    for (i = 2; i <= n; i++)
      if (part[i] ~ /^({_OPTIONS})(=.*)?$/ || part[i - 1] ~ /^(-H|--host)$/) out = out " " part[i]
    print out
  }}'
done
for name in {" ".join(_UNITS)}; do unit "$name" '{_OPTIONS}|tcp:.*'; done
"""

FIELDS: Final = {
    "engine": Field(FieldType.TEXT, "docker or podman"),
    "hosts": Field(FieldType.LIST, "addresses of its API"),
    "open": Field(FieldType.LIST, "those that other hosts reach without a certificate"),
    "open_here": Field(FieldType.LIST, "those that every account of this host reaches by TCP"),
    "clients_proven": Field(FieldType.BOOLEAN, "whether clients by TCP need a certificate"),
    "containers_talk": Field(FieldType.BOOLEAN, "whether containers of one network reach another"),
    "user_namespaces": Field(FieldType.BOOLEAN, "whether root of a container is nobody here"),
    "keeps_containers": Field(FieldType.BOOLEAN, "whether containers outlive a restart of it"),
    "blocks_new_privileges": Field(FieldType.BOOLEAN, "whether set-uid programs gain nothing"),
    "clear_registries": Field(FieldType.LIST, "registries that it believes without TLS"),
    "file": Field(FieldType.TEXT, "daemon.json, or the unit"),
}

_LOCAL: Final = ("localhost", "127.0.0.0/8", "127.0.0.1", "::1/128")


def parse(read: Listing) -> Facts:
    """Parse daemon.json and the units.

    F/etc/docker/daemon.json
    :"hosts": ["tcp://0.0.0.0:2375"]
    F/usr/lib/systemd/system/docker.service
    :[Service]
    :ExecStart=/usr/bin/dockerd -H fd://
    """
    records: list[Record] = []
    if _JSON in read.files or any("docker" in path for path in read.files):
        records.append(_docker(read))
    if any("podman" in path for path in read.files):
        records.append(_podman(read))
    if not records and not read.notes:
        raise ValueError("nothing about an engine")
    return {"container_engine": ok(*records)}


def _docker(read: Listing) -> Record:
    held = {**_options(_words(read)), **_daemon_json(read.files.get(_JSON, ()))}
    hosts = [*_options(_words(read)).get("hosts", []), *_json_hosts(read)]
    hosts = [host if "://" in host else f"tcp://{host}" for host in hosts if host]
    hosts += list(_sockets(read, "docker.socket"))
    proven = bool(held.get("tlsverify"))
    tcp = [] if proven else [_address(host) for host in hosts if host.startswith("tcp://")]
    registries = [str(each) for each in held.get("insecure-registries", [])]
    record: dict[str, Value] = {
        "engine": "docker",
        "hosts": hosts,
        "open": [host for host in tcp if not is_loopback(host)],
        "open_here": [host for host in tcp if is_loopback(host)],
        "clients_proven": proven,
        "containers_talk": bool(held.get("icc", True)),
        "user_namespaces": bool(held.get("userns-remap")),
        "keeps_containers": bool(held.get("live-restore")),
        "blocks_new_privileges": bool(held.get("no-new-privileges")),
        "clear_registries": [
            each for each in registries if each not in _LOCAL and not is_loopback(each)
        ],
        "file": _JSON if _JSON in read.files else "docker.service",
    }
    return record


def _podman(read: Listing) -> Record:
    words = command_words(read, "podman.service")
    hosts = [re.sub(r"^tcp:(?!//)", "tcp://", word) for word in words if word.startswith("tcp:")]
    hosts += list(_sockets(read, "podman.socket"))
    tcp = [_address(host) for host in hosts if host.startswith("tcp://")]
    record: dict[str, Value] = {
        "engine": "podman",
        "hosts": hosts,
        "open": [host for host in tcp if not is_loopback(host)],
        "open_here": [host for host in tcp if is_loopback(host)],
        "clients_proven": False,
        "file": "podman.service",
    }
    return record


def _daemon_json(lines: Sequence[str]) -> dict[str, Any]:
    if "unreadable" in lines:
        raise ValueError("daemon.json is no JSON object")
    found = json.loads("{" + ",".join(lines) + "}")
    return {**found, "hosts": [str(host) for host in found.get("hosts", [])]}


def _json_hosts(read: Listing) -> list[str]:
    hosts: list[str] = _daemon_json(read.files.get(_JSON, ()))["hosts"]
    return hosts


def _words(read: Listing) -> list[str]:
    """Return the command line, with $DOCKER_OPTS and $OPTIONS from their file.

    Without a unit, as with OpenRC, the file is all there is.
    """
    words = command_words(read, "docker.service") or ["dockerd", "$DOCKER_OPTS"]
    if any(word in ("$DOCKER_OPTS", "${DOCKER_OPTS}", "$OPTIONS", "${OPTIONS}") for word in words):
        lines = [line for path in _SHELL for line in read.files.get(path, ())]
        words += [word for line in lines for word in line.split()[1:]]
    return words


def _options(words: Sequence[str]) -> dict[str, Any]:
    """Return the options by the names of daemon.json."""
    found: dict[str, Any] = {"hosts": [], "insecure-registries": []}
    rest = list(words[1:])
    while rest:
        word = rest.pop(0)
        if re.match(r"-H[^=]", word):  # -Htcp://..., without a blank
            rest.insert(0, word[2:])
            word = "-H"
        name, equals, value = word.lstrip("-").partition("=")
        name = {"H": "hosts", "host": "hosts", "insecure-registry": "insecure-registries"}.get(
            name, name
        )
        if name in ("hosts", "insecure-registries", "userns-remap") and word.startswith("-"):
            value = value if equals else (rest.pop(0) if rest else "")
            found[name] = [*found[name], value] if isinstance(found.get(name), list) else value
        elif word.startswith("--"):
            found[name] = value.lower() != "false" if equals else True
    return found


def _sockets(read: Listing, unit: str) -> Iterator[str]:
    """Yield the addresses of a socket unit; a number alone is a port of every address."""
    for value in unit_values(read, unit, "ListenStream"):
        if re.fullmatch(r"\d{1,5}", value):
            yield f"tcp://0.0.0.0:{value}"
        elif value.startswith(("/", "@", "%")):
            yield f"unix://{value}"
        else:
            yield f"tcp://{value}"


def _address(host: str) -> str:
    """Return the address and port of tcp://...; without an address Docker takes localhost."""
    rest = host.removeprefix("tcp://").rstrip("/")
    return f"localhost{rest}" if rest.startswith(":") or not rest else rest


_PLACES: Final = tuple(
    f"{top}/systemd/system/{name}"
    for top in ("/etc", "/usr/lib", "/lib")
    for name in ("docker.service", "podman.socket")
)

MEMBER: Final = Member(
    name="engines",
    title="container engine",
    paths=(_JSON, *_PLACES, "/etc/conf.d/docker"),
    facts=(
        FactSpec(
            "container_engine", "Docker and Podman: their API and settings.", ("engine",), FIELDS
        ),
    ),
    script=SCRIPT,
    parse=parse,
    programs="dockerd podman",
    packages="docker.io docker-ce",
    whole=frozenset({"container_engine"}),
)

PROBE: Final = bundle("container_engines", (MEMBER,), shell=UNIT)
