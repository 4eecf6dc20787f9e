"""What systemd's rescue and emergency shells ask for before they let somebody in.

Both units start systemd-sulogin-shell, which asks for root's password (sulogin(8)). A unit or
drop-in that starts something else, or sets SYSTEMD_SULOGIN_FORCE, opens a root shell to whoever
stands before the console. An empty `ExecStart=` forgets those before it (systemd.service(5)).
"""

import re
from collections.abc import Iterator
from posixpath import basename, dirname
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, missing
from hipscan.probes.base import FactSpec, Field, FieldType, Listing, judge_notes
from hipscan.probes.files.config_syntax import ini_section
from hipscan.probes.gathering import by_precedence

FOLDERS: Final = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
UNITS: Final = ("rescue", "emergency")

SCRIPT: Final = rf"""
if [ -d /run/systemd/system ]; then
  set --
  for unit in {" ".join(UNITS)}; do
    for folder in {" ".join(FOLDERS)}; do
      for path in "$folder/$unit.service" "$folder/$unit.service.d"/*.conf; do
        if [ -c "$path" ]; then printf 'masked %s\n' "$path"
        elif [ ! -f "$path" ]; then continue
        elif [ -r "$path" ]; then set -- "$@" "$path"
        else note denied "$path"
        fi
      done
    done
  done
  [ $# -eq 0 ] || awk '
    FNR == 1 {{ print "F" FILENAME }}
    /^[ \t]*(\[|ExecStart|Environment[ \t]*=)/ {{ print ":" $0; next }}
    {{ print ":" }}' "$@"
else note unsupported "systemd does not run here"
fi
"""

SPEC: Final = FactSpec(
    "rescue_shell",
    "The shells that systemd opens on the console when something is wrong.",
    ("unit",),
    {
        "unit": Field(FieldType.TEXT, "rescue.service or emergency.service"),
        "command": Field(FieldType.TEXT, "what it starts"),
        "asks_password": Field(FieldType.BOOLEAN, "whether root's password is asked for"),
        "file": Field(FieldType.TEXT, "the file that says what to start"),
    },
)

_SULOGIN: Final = re.compile(
    r"^[-@:+!|]*((/usr)?/bin/sh -c [\"']?)?"
    r"(/usr)?(/lib/systemd/systemd-sulogin-shell|/s?bin/sulogin)(\s|;|$)"
)
_FORCE: Final = re.compile(r"SYSTEMD_SULOGIN_FORCE=[\"']?(1|y|yes|t|true|on)\b", re.IGNORECASE)


def rescue_shells(seen: Listing) -> Fact:
    """Return the fact `rescue_shell`.

    F/usr/lib/systemd/system/rescue.service
    :ExecStart=-/usr/lib/systemd/systemd-sulogin-shell rescue
    """
    notes = [note for note in seen.notes if "systemd" in note.text]
    records = [record for unit in UNITS for record in _shell(f"{unit}.service", seen)]
    if not records and not notes and not any("masked " in line for line in seen.plain):
        return missing(FactStatus.UNSUPPORTED, "neither unit is known")
    return judge_notes(notes, records)


def _shell(unit: str, seen: Listing) -> Iterator[Record]:
    masked = {line[7:] for line in seen.plain if line.startswith("masked ")}
    main = next((p for f in FOLDERS if (p := f"{f}/{unit}") in seen.files.keys() | masked), None)
    if main is None or main in masked:
        return
    drop_in = [path for path in seen.files if basename(dirname(path)) == f"{unit}.d"]
    pieces = by_precedence(drop_in, tuple(f"{folder}/{unit}.d" for folder in FOLDERS))
    commands, forced, file = list[str](), False, main
    for path in (main, *pieces):
        for setting in ini_section(seen.files[path], "Service"):
            if setting.key == "ExecStart":
                commands = [*commands, setting.value] if setting.value else []
                file = path
            elif setting.key == "Environment":
                forced = forced or bool(_FORCE.search(setting.value))
    asks = bool(commands) and all(map(_SULOGIN.match, commands)) and not forced
    yield {"unit": unit, "command": "; ".join(commands), "asks_password": asks, "file": file}
