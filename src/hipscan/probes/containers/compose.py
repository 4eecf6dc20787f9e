r"""Docker compose: which services a host is told to run, with which images, ports and passwords.

Looked for are compose*.yml and docker-compose*.yml in a short list of folders and two levels
below, where Docker or Podman is installed; with the variables of .env and env_file beside them. A
file says what `up` would start, not what runs. `$X` in an image or a port stays as it is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import dirname, join, normpath
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, absent, missing
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Listing,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.containers.compose_files import MASK, Node, read_compose
from hipscan.probes.modes import CLOSED, MODE_FIELDS, MODES, read_modes

_FOLDERS: Final = "/opt /srv /root /home /docker /data /etc/docker /var/lib/docker-compose"

SCRIPT: Final = (
    MASK
    + MODES
    + CLOSED
    + rf"""
engine=''
for path in /usr/bin/docker /usr/local/bin/docker /usr/bin/podman /usr/bin/docker-compose \
    /snap/bin/docker; do
  [ ! -e "$path" ] || engine=$path
done
[ -n "$engine" ] || {{ printf 'none\n'; exit 0; }}
closed /home/* /opt/* /srv/*
set --
for top in {_FOLDERS}; do
  [ -d "$top" ] || continue
  if [ ! -r "$top" ] || [ ! -x "$top" ]; then note denied "$top"; continue; fi
  for path in "$top"/compose*.y*ml "$top"/docker-compose*.y*ml "$top"/*/compose*.y*ml \
      "$top"/*/docker-compose*.y*ml "$top"/*/*/compose*.y*ml "$top"/*/*/docker-compose*.y*ml; do
    [ -f "$path" ] || continue
    [ $# -lt 50 ] || {{ note cut "more than 50 compose files"; break 2; }}
    set -- "$@" "$path"
  done
done
if [ $# -gt 0 ]; then
  for path in "$@"; do
    folder=${{path%/*}}
    [ ! -f "$folder/.env" ] || set -- "$@" "$folder/.env"
    IFS=$NL
    # shellcheck disable=SC2013 # lines are words here
    for named in $(awk '
      /^ *env_file:/ {{
        sub(/^ *env_file:[ \t]*/, ""); on = $0 == ""
        gsub(/[]["\047, \t]+/, "\n"); print; next
      }}
      on && /^ *- / {{ sub(/^ *- +(path:[ \t]*)?/, ""); gsub(/["\047]/, ""); print; next }}
      {{ on = 0 }}' "$path"); do
      case $named in /*) ;; *) named=$folder/$named ;; esac
      [ ! -f "$named" ] || set -- "$@" "$named"
    done
    unset IFS
  done
  files "$@" | mask
  modes "$@"
fi
printf 'E\n'
"""
)

FIELDS: Final = {
    "file": Field(FieldType.TEXT, "the compose file"),
    "service": Field(FieldType.TEXT, "name of the service"),
    "image": Field(FieldType.TEXT, "the image as the file names it"),
    "repository": Field(FieldType.TEXT, "the image without registry and tag: dcm4che/slapd"),
    "tag": Field(FieldType.TEXT, "its tag; empty: none, so the newest of the day"),
    "published": Field(FieldType.LIST, "ports as published: 8080:8080"),
    "open_ports": Field(FieldType.LIST, "ports of the container that other hosts reach"),
    "host_network": Field(FieldType.BOOLEAN, "whether it lives in the network of the host"),
    "privileged": Field(FieldType.BOOLEAN, "whether it may do what root of the host may"),
    "variables": Field(FieldType.LIST, "NAME=value of variables that hold no secret"),
    "names": Field(FieldType.LIST, "names of all variables"),
    "default_secrets": Field(
        FieldType.LIST,
        "variables with a published password, or left to one that the image brings along",
    ),
    "empty_secrets": Field(FieldType.LIST, "variables of passwords that are empty"),
    "secrets": Field(FieldType.LIST, "variables whose password stands in a file"),
    **MODE_FIELDS,
}

# Passwords that an image takes when nobody sets its variable (its README or start script).
_IMPLIED: Final = {
    r"dcm4che/slapd(-dcm4chee)?": ("LDAP_ROOTPASS", "LDAP_CONFIGPASS"),
    r"dcm4che/dcm4chee-arc(-[a-z]+)?": ("LDAP_ROOTPASS", "KEYSTORE_PASSWORD"),
    r"openemr/openemr": ("OE_PASS", "MYSQL_PASS"),
    r"openmrs/openmrs-[a-z0-9-]+": ("OMRS_ADMIN_USER_PASSWORD", "OMRS_DB_PASSWORD"),
}
_NO_SECRETS: Final = {
    r"openmrs/openmrs-[a-z0-9-]*(frontend|gateway|spa)[a-z0-9-]*": (),
}
_SECRET: Final = re.compile(r"PASS|SECRET|TOKEN|CREDENTIAL", re.IGNORECASE)
_FALLBACK: Final = re.compile(r"\$\{[A-Za-z0-9_]+(?::?-([^{}]*))?\}")
_LOCAL: Final = re.compile(r"^(127\.[0-9.]+|localhost|\[?::1\]?)$")


def parse(text: str, _status: int) -> Facts:
    """Parse the masked files; hipscan.probes.containers.compose_files shows them.

    F/opt/pacs/.env
    :LDAP_ROOTPASS=set
    S81a4:0:0:root:root:/opt/pacs/docker-compose.yml
    E
    """
    seen = listing(text)
    if "none" in seen.plain:
        return {"compose_service": absent("neither Docker nor Podman is installed")}
    if "E" not in seen.plain:
        raise ValueError("the answer has no end")
    if not seen.files and not seen.notes:
        return {"compose_service": absent("there is no compose file where hipscan looks")}
    return {"compose_service": _fact(seen)}


def _fact(seen: Listing) -> Fact:
    variables = {path: _variables(lines) for path, lines in seen.files.items()}
    modes = read_modes(seen.plain)
    records: list[Record] = []
    odd = [note.text for note in seen.of_kind("odd")]
    notes = [note for note in seen.notes if note.kind != "odd"]
    for path, lines in seen.files.items():
        if not path.endswith((".yml", ".yaml")):
            continue
        try:
            services = read_compose(lines)
        except ValueError as error:
            odd.append(f"{path}: {error}")
            continue
        for name, body in services.items():
            if isinstance(body, dict):
                records.append(_service(path, name, body, variables) | modes.get(path, {}))
    if odd:
        return Fact(FactStatus.PARTIAL, tuple(records), "; ".join(odd[:5]))
    if not records and all(note.kind != "absent" for note in notes) and notes:
        return missing(FactStatus.DENIED, judge_notes(notes, ()).reason)
    return judge_notes(notes, records)


def _variables(lines: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def _service(
    path: str, name: str, body: Mapping[str, Node], files: Mapping[str, Mapping[str, str]]
) -> dict[str, Value]:
    image = str(body.get("image", ""))
    repository, tag = _image(image)
    shell = files.get(join(dirname(path), ".env"), {})
    found: dict[str, str] = {}
    for file in _names(body.get("env_file")):
        found |= files.get(normpath(join(dirname(path), file)), {})
    found |= dict(_environment(body.get("environment")))
    states = {key: _state(value, shell) for key, value in found.items()}
    ports = [_port(port) for port in _items(body.get("ports"))]
    return {
        "file": path,
        "service": name,
        "image": image,
        "repository": repository,
        "tag": tag,
        "published": [f"{host}:{port}" if host else port for host, port in ports],
        "open_ports": sorted({port for host, port in ports if not _LOCAL.match(host)}),
        "host_network": body.get("network_mode") == "host",
        "privileged": body.get("privileged") == "true",
        "variables": sorted(f"{k}={v}" for k, v in states.items() if not _SECRET.search(k)),
        "names": sorted(states),
        "default_secrets": sorted({*_with(states, "known-default"), *_left(repository, states)}),
        "empty_secrets": _with(states, "empty"),
        "secrets": _with(states, "set", "known-default"),
    }


def _with(states: Mapping[str, str], *wanted: str) -> list[str]:
    return sorted(k for k, state in states.items() if state in wanted and _SECRET.search(k))


def _left(repository: str, states: Mapping[str, str]) -> Iterator[str]:
    """Yield the variables that an image fills with a published password by itself."""
    if any(re.fullmatch(pattern, repository) for pattern in _NO_SECRETS):
        return
    for pattern, names in _IMPLIED.items():
        if re.fullmatch(pattern, repository):
            yield from (n for n in names if n not in states and f"{n}_FILE" not in states)


def _state(value: str, shell: Mapping[str, str]) -> str:
    """Return what a variable holds; a fallback counts where .env is there to set nothing else."""
    if value != "fallback-default":
        return value
    return "variable" if shell else "known-default"


def _environment(node: Node | None) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        yield from (
            (key, str(value) if isinstance(value, str) else "set") for key, value in node.items()
        )
    elif isinstance(node, list):
        for item in node:
            name, sign, value = str(item).partition("=")
            yield name, value if sign else "variable"


def _items(node: Node | None) -> Sequence[Node]:
    return node if isinstance(node, list) else []


def _names(node: Node | None) -> Iterator[str]:
    for item in node if isinstance(node, list) else [node]:
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield str(item.get("path", ""))


def _image(image: str) -> tuple[str, str]:
    name = _FALLBACK.sub(lambda found: found[1] or "", image).partition("@")[0]
    path, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        path, tag = name, ""
    first, slash, rest = path.partition("/")
    is_registry = slash and ("." in first or ":" in first or first == "localhost")
    return (rest if is_registry else path), tag


def _port(node: Node) -> tuple[str, str]:
    """Return (address on the host, port of the container) of a published port."""
    if isinstance(node, dict):
        return str(node.get("host_ip", "")), str(node.get("target", ""))
    text = str(node).partition("/")[0]
    address, _, port = text.rpartition(":")
    if address.startswith("["):
        return address.partition("]")[0] + "]", port
    host, colon, _ = address.rpartition(":")
    return (host if colon else ""), port


PROBE: Final = Probe(
    name="compose",
    facts=(
        FactSpec(
            "compose_service",
            "A service that a Docker compose file of the host describes.",
            ("file", "service"),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("stat",),
)
