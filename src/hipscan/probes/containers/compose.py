r"""Docker compose and quadlets of Podman: images, ports and passwords of services of the host.

Looked for are compose*.yml and docker-compose*.yml in a short list of folders and two levels
below, where Docker or Podman is installed, and what they include or extend; with the variables of
.env and env_file beside them. A file says what `up` would start, not what runs. `$X` in an image or
a port stays as it is where neither .env nor a fallback tells it.
"""

import re
from collections.abc import Mapping, Sequence
from posixpath import basename, dirname, join, normpath
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Value, absent, missing
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
from hipscan.probes.containers.compose_files import MASK, read_document, texts
from hipscan.probes.containers.compose_images import left_to_image, opened_by_image, split_image
from hipscan.probes.containers.compose_services import (
    Body,
    Services,
    environment,
    interpolate,
    items,
    reached,
    split_port,
    started,
    state,
)
from hipscan.probes.containers.quadlets import PLACES, UNITS, read_quadlet
from hipscan.probes.modes import CLOSED, MODE_FIELDS, MODES, read_modes

_FOLDERS: Final = "/opt /srv /root /home /docker /data /etc/docker /var/lib/docker-compose"

SCRIPT: Final = (
    MASK
    + UNITS
    + MODES
    + CLOSED
    + rf"""
engine=''
for path in /usr/bin/docker /usr/local/bin/docker /usr/bin/podman /usr/bin/docker-compose \
    /usr/local/bin/podman /usr/bin/nerdctl /usr/local/bin/nerdctl /usr/bin/podman-compose \
    /usr/local/bin/docker-compose /snap/bin/docker; do
  [ ! -e "$path" ] || engine=$path
done
[ -n "$engine" ] || {{ printf 'none\n'; exit 0; }}
closed /home/* /opt/* /srv/* /etc/containers
set --
for path in {PLACES}; do [ ! -f "$path" ] || set -- "$@" "$path"; done
if [ $# -gt 0 ]; then
  for path in "$@"; do
    [ ! -r "$path" ] || while IFS= read -r line || [ -n "$line" ]; do
      case $line in EnvironmentFile=*) line=${{line#*=}} ;; *) continue ;; esac
      case $line in /*) ;; *) line=${{path%/*}}/${{line#./}} ;; esac
      [ ! -f "$line" ] || set -- "$@" "$line"
    done <"$path"
  done
  files "$@" | units
  modes "$@"
fi
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
  read=$NL
  while [ $# -gt 0 ]; do
    path=$1; shift
    case $read in *"$NL$path$NL"*) continue ;; esac
    [ "${{#read}}" -lt 20000 ] || {{ note cut "more compose files"; break; }}
    read=$read$path$NL folder=${{path%/*}}
    case $path in *.yml | *.yaml) ;; *) continue ;; esac
    [ ! -f "$folder/.env" ] || set -- "$@" "$folder/.env"
    IFS=$NL
    # shellcheck disable=SC2013 # lines are words here
    for named in $(awk '
      /^ *(env_file|include):/ || /[ {{]file:/ {{
        sub(/^.*[ {{]file:[ \t]*/, ""); sub(/^ *[a-z_]+:[ \t]*/, ""); on = $0 == ""
        gsub(/[]["\047, \t}}]+/, "\n"); print; next
      }}
      on && /^ *- / {{ sub(/^ *- +(path:[ \t]*)?/, ""); gsub(/["\047]/, ""); print; next }}
      {{ on = 0 }}' "$path"); do
      case $named in /*) ;; *) named=$folder/$named ;; esac
      while :; do
        case $named in
          */./*) named=${{named%%/./*}}/${{named#*/./}} ;;
          /*/../*) up=${{named%%/../*}}; named=${{up%/*}}/${{named#*/../}} ;;
          *) break ;;
        esac
      done
      [ ! -f "$named" ] || set -- "$@" "$named"
    done
    unset IFS
  done
  IFS=$NL
  set -f
  # shellcheck disable=SC2086 # lines are words here
  set -- $read
  set +f
  unset IFS
  files "$@" | mask
  modes "$@"
fi
printf 'E\n'
"""
)

FIELDS: Final = {
    "file": Field(FieldType.TEXT, "the compose file or the quadlet"),
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

_SECRET: Final = re.compile(r"PASS|SECRET|TOKEN|CREDENTIAL|_PWD?$|REGISTERED_USERS$", re.IGNORECASE)
# Variables about passwords that hold none.
_CHOICES: Final = re.compile(r"_ALLOW_EMPTY_(ROOT_)?PASSWORD$|_RANDOM_ROOT_PASSWORD$")


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
    odd = [note.text for note in seen.of_kind("odd")]
    notes = [note for note in seen.notes if note.kind != "odd"]
    files: dict[str, Services] = {}
    included: set[str] = set()
    for path, lines in seen.files.items():
        if path.endswith(".container"):
            files[path] = {basename(path).removesuffix(".container"): read_quadlet(lines)}
            continue
        if not path.endswith((".yml", ".yaml")):
            continue
        try:
            files[path], more = read_document(lines)
        except ValueError as error:
            odd.append(f"{path}: {error}")
            continue
        included |= {normpath(join(dirname(path), name)) for name in more}
    odd += [f"{path} is included and was not read" for path in sorted(included - seen.files.keys())]
    records = [
        _service(path, name, body, variables, modes)
        for path, name, body in started(files, frozenset(included), odd)
    ]
    if odd:
        return Fact(FactStatus.PARTIAL, tuple(records), "; ".join(odd[:5]))
    if not records and all(note.kind != "absent" for note in notes) and notes:
        return missing(FactStatus.DENIED, judge_notes(notes, ()).reason)
    return judge_notes(notes, records)


def _variables(lines: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def _service(
    path: str,
    name: str,
    body: Body,
    files: Mapping[str, Mapping[str, str]],
    modes: Mapping[str, Mapping[str, Value]],
) -> dict[str, Value]:
    shell_file = join(dirname(path), ".env")
    shell = files.get(shell_file, {})
    image = str(body.get("image", ""))
    repository, tag = split_image(interpolate(image, shell))
    states: dict[str, str] = {}
    holders: dict[str, str] = {}  # which file each variable's value stands in
    named = [normpath(join(dirname(path), each)) for each in texts(body.get("env_file"))]
    for file in named:
        states |= files.get(file, {})
        holders |= dict.fromkeys(files.get(file, {}), file)
    for key, value in environment(body.get("environment")).items():
        states[key] = state(value, shell)
        source = value.rpartition(":")[2]
        holders[key] = shell_file if ":" in value and source in shell else path
    ports = [split_port(port, shell) for port in items(body.get("ports"))]
    host_network = body.get("network_mode") == "host"
    opened = opened_by_image(repository, body) if host_network else reached(ports)
    is_vague = any("$" in port for port in opened)  # a variable that nobody here knows
    secrets = _with(states, "set", "known-default")
    is_whole = files.keys() >= set(named) and not isinstance(body.get("environment"), str)
    left = left_to_image(repository, states, body) if is_whole else ()
    return {
        "file": path,
        "service": name,
        "image": image,
        "repository": repository,
        "tag": tag,
        "published": [f"{host}:{port}" if host else port for host, port in ports],
        "open_ports": None if is_vague else sorted(opened),
        "host_network": host_network,
        "privileged": body.get("privileged") == "true",
        "variables": sorted(
            f"{k}={'set' if v == 'known-default' else v}"
            for k, v in states.items()
            if not _is_secret(k)
        ),
        "names": sorted(states),
        "default_secrets": sorted({*_with(states, "known-default"), *left}),
        "empty_secrets": _with(states, "empty"),
        "secrets": secrets,
        **_modes(path, {holders[key] for key in secrets}, modes),
    }


def _modes(
    path: str, holders: set[str], modes: Mapping[str, Mapping[str, Value]]
) -> dict[str, Value]:
    """Return the modes of the file; whether others read and write, of those with its secrets."""
    found = [modes[each] for each in sorted(holders or {path}) if each in modes]
    wide = ("world_readable", "world_writable")
    return {
        **modes.get(path, {}),
        **{name: any(each[name] for each in found) for name in wide if found},
    }


def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) and not _CHOICES.search(name)


def _with(states: Mapping[str, str], *wanted: str) -> list[str]:
    return sorted(k for k, state in states.items() if state in wanted and _is_secret(k))


PROBE: Final = Probe(
    name="compose",
    facts=(
        FactSpec(
            "compose_service",
            "A service that a Docker compose file or a quadlet of the host describes.",
            ("file", "service"),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("stat",),
)
