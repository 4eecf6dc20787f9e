"""Services, sockets and timers of systemd or OpenRC: what runs now, and what starts at boot.

systemd tells from memory which units it has loaded. What starts at boot is read from the links
in the folders of targets: `systemctl list-unit-files` would know as well, but makes process 1
read every unit file, at seven times the cost. OpenRC keeps links to what it has started below
/run/openrc, and to what it starts at boot below /etc/runlevels; its services get the names that
systemd would give them, `sshd.service`. One whose process is gone does not run.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from hipscan.model.fact import FactStatus, Record, missing
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Probe,
    judge_notes,
    listing,
)

# Some versions put a dot or a star before a unit that failed; it is a word of its own.
SCRIPT: Final = r"""
if [ ! -d /run/systemd/system ] && [ -d /run/openrc/started ]; then
  for path in /etc/init.d/*; do
    name=${path##*/}
    [ -f "$path" ] && [ -x "$path" ] || continue
    case $name in *.* | *[!A-Za-z0-9_-]*) continue ;; esac
    state='inactive dead'
    if [ -e "/run/openrc/started/$name" ]; then state='active running'; fi
    for file in /run/openrc/daemons/"$name"/*; do
      [ -r "$file" ] || continue
      while IFS='=' read -r key value; do
        [ "$key" = pidfile ] && [ -n "$value" ] || continue
        pid=none
        [ ! -r "$value" ] || read -r pid <"$value" || :
        [ -d "/proc/$pid" ] || state='failed crashed'
      done <"$file"
    done
    printf 'unit %s.service loaded %s\n' "$name" "$state"
  done
  for link in /etc/runlevels/*/*; do
    case $link in */shutdown/* | *'*') continue ;; esac
    [ ! -e "$link" ] || printf 'link %s.service\n' "${link##*/}"
  done
elif [ ! -d /run/systemd/system ]; then note unsupported "neither systemd nor OpenRC runs here"
elif ! command -v systemctl >/dev/null; then note unsupported systemctl
else
  {
    systemctl list-units --all --full --plain --no-legend --no-pager \
      --type=service,socket,timer || note error "systemctl ended with $?"
  } | awk '
    /^!/ { print; next }
    { first = $1 ~ /\.(service|socket|timer)$/ ? 1 : 2 }
    { print "unit", $first, $(first + 1), $(first + 2), $(first + 3) }'
  for folder in /etc /run /usr/lib /lib; do
    folder=$folder/systemd/system
    [ -d "$folder" ] || continue
    { [ -r "$folder" ] && [ -x "$folder" ]; } || { note denied "$folder"; continue; }
    for link in "$folder"/*.wants/* "$folder"/*.requires/* ; do
      [ ! -L "$link" ] || printf 'link %s\n' "${link##*/}"
    done
  done
  for link in /run/systemd/generator*/*.wants/*; do
    [ ! -L "$link" ] || printf 'link %s\n' "${link##*/}"
  done
fi
"""

FIELDS: Final = {
    "name": Field(FieldType.TEXT, "the unit with its type: ssh.service, telnet.socket"),
    "type": Field(FieldType.TEXT, "service, socket or timer"),
    "running": Field(FieldType.BOOLEAN, "whether it is active or starting now"),
    "starts": Field(FieldType.BOOLEAN, "whether a target wants it, so that it starts at boot"),
    "active": Field(FieldType.TEXT, "ActiveState: active, inactive, failed, activating, ..."),
    "sub": Field(FieldType.TEXT, "SubState: running, exited, waiting, listening, dead, ..."),
    "load": Field(FieldType.TEXT, "loaded, masked, error, ...; none: not loaded, only wanted"),
}

_TYPES: Final = ("service", "socket", "timer")
_RUNNING: Final = ("active", "activating", "reloading", "refreshing")


def parse(text: str, _status: int) -> Facts:
    """Parse the units that are loaded and the names that targets want.

    unit ssh.service loaded active running
    unit auditd.service not-found inactive dead
    link ssh.service
    """
    seen = listing(text)
    units: dict[str, tuple[str, str, str]] = {}
    wanted: set[str] = set()
    for line in seen.plain:
        match line.split(" "):
            case ["unit", name, load, active, sub]:
                units[name] = (load, active, sub)
            case ["link", *names]:
                wanted.add(" ".join(names))
            case _:
                raise ValueError(line[:80])
    if not units and not seen.notes:
        return {"service": missing(FactStatus.GARBLED, "systemd names no unit")}
    if seen.of_kind("error"):
        wanted &= units.keys()  # of the others nothing is known, not even that they do not run
    is_whole = not seen.of_kind("denied")
    records = tuple(_records(units, wanted, all_wanted=is_whole))
    return {"service": judge_notes(seen.notes, records)}


def _records(
    units: Mapping[str, tuple[str, str, str]], wanted: AbstractSet[str], *, all_wanted: bool
) -> Iterable[Record]:
    """Return the units that are loaded or wanted; `all_wanted` says that `wanted` is complete."""
    wanted = {name for name in wanted if name.rpartition(".")[2] in _TYPES}
    for name in sorted(units.keys() | wanted):
        load, active, sub = units.get(name, ("none", "inactive", "dead"))
        if load != "not-found":
            yield {
                "name": name,
                "type": name.rpartition(".")[2],
                "running": active in _RUNNING,
                "starts": _starts(load, is_wanted=name in wanted, all_wanted=all_wanted),
                "active": active,
                "sub": sub,
                "load": load,
            }


def _starts(load: str, *, is_wanted: bool, all_wanted: bool) -> bool | None:
    if load == "masked":
        return False
    return is_wanted if is_wanted or all_wanted else None


PROBE: Final = Probe(
    name="services",
    facts=(
        FactSpec(
            "service", "One service, socket or timer of systemd or OpenRC.", ("name",), FIELDS
        ),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("systemctl",),
)
