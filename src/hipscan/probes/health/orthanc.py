r"""Orthanc, the DICOM server: what its configuration files make it do.

Its unit says which files it reads, else /etc/orthanc is taken (Debian, RPMs, the images). What no
file sets has the default of the version, some of them implied: the login is asked for where other
hosts may come in (1.5.8), and where then nobody is registered there is one user, orthanc with
the password orthanc (since 1.12.9 only where no file has RegisteredUsers).
Sources: NEWS, OrthancServer/Sources/main.cpp and Resources/Configuration.json.
Whether other hosts reach it follows from the sockets (hipscan.probes.health.orthanc_reach).
"""

import re
from collections.abc import Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, absent, missing
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Listing,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.health.orthanc_fields import CONFIG_FIELDS, FILE_FIELDS
from hipscan.probes.health.orthanc_files import TAKE_APART, Environment, Merged, merge
from hipscan.probes.health.orthanc_meaning import make_record
from hipscan.probes.modes import MODES, read_modes

_UNITS: Final = "/etc /run /usr/local/lib /usr/lib /lib"
_PROGRAMS: Final = (
    "/usr/sbin/Orthanc /usr/local/sbin/Orthanc /usr/local/bin/Orthanc /usr/bin/Orthanc"
)

SCRIPT: Final = (
    TAKE_APART
    + MODES
    + rf"""
program=''
for path in {_PROGRAMS}; do [ ! -x "$path" ] || {{ program=$path; break; }}; done
if [ -z "$program" ] && [ ! -e /etc/orthanc ]; then note_missing /etc/orthanc; exit 0; fi
[ -z "$program" ] || printf 'version %s\n' "$("$program" --version | head -n 1)"

set --
for top in {_UNITS}; do
  top=$top/systemd/system
  [ $# -gt 0 ] || [ ! -e "$top/orthanc.service" ] || set -- "$top/orthanc.service"
done
for top in /usr/lib /run /etc; do
  for path in "$top"/systemd/system/orthanc.service.d/*.conf; do
    [ ! -e "$path" ] || set -- "$@" "$path"
  done
done
config=/etc/orthanc
if [ $# -gt 0 ]; then
  unit=$(files "$@" | awk '
    /^!/ {{ print; next }}
    {{ line = more substr($0, 2); more = "" }}
    line ~ /\\$/ {{ more = substr(line, 1, length(line) - 1) " "; next }}
    line ~ /^[ \t]*ExecStart[ \t]*=[ \t]*[^ \t]/ {{
      sub(/^[ \t]*ExecStart[ \t]*=[ \t]*/, "", line); sub(/^[-@:+!]+/, "", line); start = line
    }}
    line ~ /^[ \t]*EnvironmentFile[ \t]*=[ \t]*[^ \t]/ {{ print "env *" }}
    line ~ /^[ \t]*(Pass)?Environment[ \t]*=/ {{
      sub(/^[^=]*=/, " ", line)
      while (match(line, /[ \t"\047][A-Za-z_][A-Za-z0-9_]*/)) {{
        print "env " substr(line, RSTART + 1, RLENGTH - 1); line = substr(line, RSTART + RLENGTH)
      }}
    }}
    END {{ print "start " start }}')
  printf 'unit\n%s\n' "$unit"
  start=${{unit##*start }}
  for word in $start; do
    case $word in
      "${{start%% *}}" | -*) ;;
      *) word=${{word#\"}}; config=${{word%\"}} ;;
    esac
  done
fi
printf 'config %s\n' "$config"

if [ -d "$config" ]; then
  if [ ! -r "$config" ] || [ ! -x "$config" ]; then note denied "$config"; exit 0; fi
  set --
  for path in "$config"/*.[jJ][sS][oO][nN] "$config"/.*.[jJ][sS][oO][nN]; do
    {{ [ -e "$path" ] || [ -L "$path" ]; }} && [ ! -d "$path" ] && set -- "$@" "$path"
  done
else set -- "$config"
fi
if [ $# -gt 0 ]; then
  files "$@" | take_apart
  modes "$@"
fi
printf 'E\n'
"""
)

_TELLING: Final = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|credential|api_?key", re.IGNORECASE
)


def parse(text: str, _status: int) -> Facts:
    """Parse the version, the unit, the taken-apart files and their modes.

    version /usr/sbin/Orthanc 1.10.1
    unit
    env LANG
    start /usr/sbin/Orthanc --logdir=/var/log/orthanc /etc/orthanc
    config /etc/orthanc
    F/etc/orthanc/orthanc.json
    :"RemoteAccessAllowed"	=true
    S81a0:0:105:root:orthanc:/etc/orthanc/credentials.json
    E
    """
    seen = listing(text)
    names = ("orthanc_config", "orthanc_file")
    config = _line(seen.plain, "config ")
    if config is None:
        if seen.of_kind("absent"):
            return dict.fromkeys(names, absent("Orthanc is not installed"))
        if seen.of_kind("denied"):
            return dict.fromkeys(names, missing(FactStatus.DENIED, "denied: /etc/orthanc"))
        raise ValueError("no configuration is named")
    lost = seen.of_kind("denied", "special", "error", "cut")
    if "E" not in seen.plain and not lost:
        raise ValueError("the answer has no end")
    broken = [note.text for note in seen.of_kind("broken")]
    broken += [f"{note.text} is not there" for note in seen.of_kind("absent")]
    merged = merge(seen.files, broken, _environment(seen.plain))
    program, _, stated = (_line(seen.plain, "version ") or "").rpartition(" ")
    start = (_line(seen.plain, "start ") or "").split()
    record = make_record(
        merged, config=config, version=stated, start=start, is_package="/local/" not in program
    )
    if lost:  # a file that was not read may say anything
        keep = ("config", "version", "verbose")
        record = {key: value if key in keep else None for key, value in record.items()}
    return {
        "orthanc_config": judge_notes(lost, [record]),
        "orthanc_file": _files(seen, merged),
    }


def _line(lines: Sequence[str], start: str) -> str | None:
    return next((line.removeprefix(start) for line in lines if line.startswith(start)), None)


def _environment(lines: Sequence[str]) -> Environment:
    if "unit" not in lines:
        return Environment()
    names = {line.removeprefix("env ") for line in lines if line.startswith("env ")}
    return Environment(None if "*" in names else names)


def _files(seen: Listing, merged: Merged) -> Fact:
    secrets: dict[str, list[str]] = {}
    published: dict[str, list[str]] = {}
    for entry in merged.entries:
        name = _secret(entry.path, entry.text)
        if name:
            secrets.setdefault(entry.file, []).append(name)
            if entry.text == "known-default":
                published.setdefault(entry.file, []).append(name)
    records: list[Record] = []
    for path, modes in read_modes(seen.plain).items():
        unread = path not in seen.files
        records.append(
            {
                "path": path,
                "secrets": None if unread else secrets.get(path, []),
                "known_defaults": None if unread else published.get(path, []),
                **modes,
            }
        )
    lost = seen.of_kind("error", "special", "cut")
    return judge_notes(lost if "E" in seen.plain else seen.notes, records)


def _secret(path: tuple[str, ...], text: str) -> str:
    """Return the name of a setting that holds a secret which stands in the file, else nothing."""
    if text not in ("set", "known-default"):
        return ""
    name = path[-1]
    is_user = path[0] == "RegisteredUsers"
    is_peer = path[0] in ("OrthancPeers", "DicomWeb") and path[-1] == "[2]"
    return ".".join(path) if is_user or is_peer or _TELLING.search(name) else ""


PROBE: Final = Probe(
    name="orthanc",
    facts=(
        FactSpec("orthanc_config", "What the files make Orthanc do.", ("config",), CONFIG_FIELDS),
        FactSpec("orthanc_file", "A file that Orthanc reads.", ("path",), FILE_FIELDS),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("Orthanc --version", "stat"),
)
