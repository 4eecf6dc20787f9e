"""What the target is: distribution, kernel, architecture, container or not, init system."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Final

from hipscan.model.fact import FactStatus, Record, missing, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Probe, listing

SCRIPT: Final = r"""
words=$(uname -srvm)
[ "${words%% *}" = Linux ] || { note unsupported "not Linux: ${words%% *}"; exit 0; }
words=${words#* }
if [ -e /etc/os-release ]; then files /etc/os-release; else files /usr/lib/os-release; fi
printf 'kernel %s\n' "${words%% *}"
words=${words#* }
printf 'build %s\narch %s\n' "${words% *}" "${words##* }"
printf 'host %s\n' "$(uname -n)"
read -r init </proc/1/comm && printf 'init %s\n' "$init"
[ -d /run/systemd/system ] && printf 'systemd yes\n'
container=no
[ -e /.dockerenv ] && container=docker
[ -e /run/.containerenv ] && container=podman
[ -r /run/systemd/container ] && read -r container </run/systemd/container
printf 'container %s\n' "$container"
printf 'uid %s\n' "$(id -u)"
"""

FIELDS: Final = {
    "id": Field(FieldType.TEXT, "ID of os-release: debian, ubuntu, almalinux, ..."),
    "version": Field(FieldType.TEXT, "VERSION_ID of os-release, for example 12 or 9.4"),
    "codename": Field(FieldType.TEXT, "VERSION_CODENAME, for example bookworm"),
    "like": Field(FieldType.LIST, "ID_LIKE, the families it belongs to, itself included"),
    "name": Field(FieldType.TEXT, "PRETTY_NAME"),
    "kernel": Field(FieldType.TEXT, "the running kernel's release, uname -r"),
    "build": Field(FieldType.TEXT, "the running kernel's build, uname -v"),
    "arch": Field(FieldType.TEXT, "uname -m"),
    "host": Field(FieldType.TEXT, "what the host calls itself; never used as a key"),
    "init": Field(FieldType.TEXT, "the name of process 1"),
    "systemd": Field(FieldType.BOOLEAN, "whether systemd runs the services"),
    "container": Field(FieldType.TEXT, "no, or the kind of container"),
    "root": Field(FieldType.BOOLEAN, "whether the script ran as root"),
}


def parse(text: str, _status: int) -> Facts:
    """Parse os-release and the lines behind it.

    F/etc/os-release
    :ID=debian
    :VERSION_ID="12"
    kernel 6.1.0-28-amd64
    container no
    uid 0
    """
    seen = listing(text)
    wrong = seen.of_kind("unsupported")
    if wrong:
        return {"platform": missing(FactStatus.UNSUPPORTED, wrong[0].text)}
    release = os_release(line for lines in seen.files.values() for line in lines)
    words = dict(line.partition(" ")[::2] for line in seen.plain)
    return {"platform": ok(_record(release, words))}


def os_release(lines: Iterable[str]) -> dict[str, str]:
    """Return the assignments of os-release(5), unquoted as a shell would."""
    values: dict[str, str] = {}
    for line in lines:
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            values[key] = "".join(shlex.split(value)[:1])
    return values


def _record(release: Mapping[str, str], words: Mapping[str, str]) -> Record:
    system = release.get("ID", "linux")
    return {
        "id": system,
        "version": release.get("VERSION_ID", ""),
        "codename": release.get("VERSION_CODENAME", ""),
        "like": [system, *release.get("ID_LIKE", "").split()],
        "name": release.get("PRETTY_NAME", system),
        "kernel": words["kernel"],
        "build": words["build"],
        "arch": words["arch"],
        "host": words["host"],
        "init": words.get("init", ""),
        "systemd": words.get("systemd") == "yes",
        "container": words["container"],
        "root": words["uid"] == "0",
    }


PROBE: Final = Probe(
    name="platform",
    facts=(FactSpec("platform", "What the target is.", ("id",), FIELDS),),
    script=SCRIPT,
    parse=parse,
)
