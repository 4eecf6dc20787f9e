"""Processes that still run code which is no longer on the disk, by the service they belong to.

An update replaces a library; whatever had it loaded keeps the old one, hole included, until it is
started again. The kernel marks such mappings `(deleted)` in /proc/PID/maps (proc_pid_maps(5)).
Read with one grep and no other tool: those that look for this on the host itself run code paths
that other users control. Containers are left out: their libraries are not the host's to update.
A service that systemd gives a mount namespace of its own (PrivateTmp=) is none.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, absent, missing, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Probe, listing

# Libraries are mapped privately; what is mapped shared is memory that processes exchange. Errors
# of grep go through a pipe of their own, so that none can stand in the middle of a line.
SCRIPT: Final = r"""
[ -r /proc/self/maps ] || { note unsupported "no /proc/PID/maps"; exit 0; }
[ -e /proc/1/maps ] || note denied "the processes of others (hidepid)"
set -- /proc/[0-9]*/maps
hits=$({ grep -E '^[^ ]+ r.xp [^ ]+ [^ ]+ [1-9][0-9]* +/.* \(deleted\)$' "$@" /dev/null \
  2>&1 >&3 | grep -c 'Permission denied'; } 3>&1 | awk '
/^[0-9]+$/ { print "D" $0; next }
{ split($0, part, "/"); pid = part[3]; path = $0; sub(/^\/[^:]*:[^\/]*/, "", path)
  sub(/ \(deleted\)$/, "", path) }
!((pid, path) in seen) { seen[pid, path]; print "H" pid " " path }
!(pid in known) { known[pid]; list = list " " pid }
END { print "P" list }')
printf 'M%s\n%s\n' "$#" "$hits"
pids=${hits##*P}
if [ -n "$pids" ]; then
  set --
  for pid in $pids; do set -- "$@" "/proc/$pid/comm" "/proc/$pid/cgroup"; done
  grep -s '' "$@" /dev/null
  set --
  for pid in 1 $pids; do set -- "$@" "/proc/$pid/ns/pid" "/proc/$pid/ns/mnt"; done
  stat -L -c 'I%i %n' "$@"
fi
printf 'E\n'
"""

# Memory and pieces of code that programs make for themselves, not files of packages. Java's JNA
# unpacks its library into ~/.cache/JNA/temp and removes it once it is loaded.
_MADE: Final = re.compile(
    r"/(?:memfd:|SYSV|anon_hugepage|\[|dev/|run/|var/run/|tmp/|var/tmp/).*"
    r"|.*/\.cache/.*|.*\.tmp"
)
_UNIT: Final = re.compile(r".+\.(?:service|scope)")
# What cannot be restarted without taking the system down with it.
_REBOOT: Final = frozenset({"init.scope", "dbus.service", "dbus-broker.service"})

FIELDS: Final = {
    "service": Field(FieldType.TEXT, "the unit of systemd, else the name of the program"),
    "kind": Field(FieldType.TEXT, "service, init, session (of a user), process (of no unit)"),
    "needs": Field(FieldType.TEXT, "restart, reboot, or login (the user has to log in again)"),
    "processes": Field(FieldType.INTEGER, "how many of its processes run old code"),
    "programs": Field(FieldType.LIST, "their names"),
    "files": Field(FieldType.LIST, "the files that they run and that were replaced or removed"),
}


@dataclass(slots=True)
class _Process:
    """One process that runs old code."""

    files: list[str] = field(default_factory=list)
    name: str = ""
    cgroups: list[str] = field(default_factory=list)
    spaces: dict[str, str] = field(default_factory=dict)  # pid, mnt: inode of the namespace


def parse(text: str, _status: int) -> Facts:
    """Parse hits, names, control groups and namespaces of processes.

    M212
    H812 /usr/lib/x86_64-linux-gnu/libssl.so.3
    D0
    P 812
    /proc/812/comm:nginx
    /proc/812/cgroup:0::/system.slice/nginx.service
    I4026531836 /proc/1/ns/pid
    E
    """
    seen = listing(text)
    for note in seen.of_kind("unsupported"):
        return {"stale_process": missing(FactStatus.UNSUPPORTED, note.text)}
    if "E" not in seen.plain:
        raise ValueError("the list of processes has no end")
    total, denied = _number("M", seen.plain), _number("D", seen.plain)
    if not total:
        return {"stale_process": absent("no process is to be seen")}
    records = tuple(_records(_processes(seen.plain)))
    why = [note.text for note in seen.of_kind("denied")]
    if denied:
        why.append(f"{total - denied} of {total} processes readable")
    if why:
        fact = Fact(FactStatus.PARTIAL, records, "; ".join(why))
        return {"stale_process": fact}
    return {"stale_process": ok(*records)}


def _number(letter: str, lines: Iterable[str]) -> int:
    found = next((line[1:] for line in lines if re.fullmatch(rf"{letter}\d+", line)), None)
    if found is None:
        raise ValueError(f"no number of processes ({letter})")
    return int(found)


def _processes(lines: Iterable[str]) -> Mapping[str, _Process]:
    found: defaultdict[str, _Process] = defaultdict(_Process)
    for line in lines:
        if line.startswith("H"):
            pid, _, path = line[1:].partition(" ")
            found[pid].files.append(path)
        elif match := re.fullmatch(r"I(\d+) /proc/(\d+)/ns/(pid|mnt)", line):
            found[match[2]].spaces[match[3]] = match[1]
        elif match := re.fullmatch(r"/proc/(\d+)/(comm|cgroup):(.*)", line):
            process = found[match[1]]
            if match[2] == "cgroup":
                process.cgroups.append(match[3])
            else:
                process.name = process.name or match[3]
    return found


def _records(processes: Mapping[str, _Process]) -> Iterator[Record]:
    """Yield a record for each service, without those that are gone meanwhile."""
    first = processes.get("1", _Process()).spaces
    groups: defaultdict[tuple[str, str, str], list[_Process]] = defaultdict(list)
    for pid, process in processes.items():
        process.files = [path for path in process.files if not _MADE.fullmatch(path)]
        if process.files and process.name and not _is_foreign(process, first):
            groups[_belongs(pid, process)].append(process)
    for (service, kind, needs), members in sorted(groups.items()):
        yield {
            "service": service,
            "kind": kind,
            "needs": needs,
            "processes": len(members),
            "programs": sorted({process.name for process in members}),
            "files": sorted({path for process in members for path in process.files}),
        }


def _is_foreign(process: _Process, first: Mapping[str, str]) -> bool:
    """Say whether a process lives in a container: processes apart, or files and no service."""
    known = process.spaces.keys() & first.keys()
    apart = {kind for kind in known if process.spaces[kind] != first[kind]}
    return "pid" in apart or ("mnt" in apart and not _is_service(process))


def _is_service(process: _Process) -> bool:
    return _unit(process.cgroups).endswith(".service")


def _belongs(pid: str, process: _Process) -> tuple[str, str, str]:
    """Return (service, kind, needs)."""
    unit = _unit(process.cgroups)
    if pid == "1":
        return unit or process.name, "init", "reboot"
    if any("/user.slice/" in group for group in process.cgroups):
        return unit or process.name, "session", "login"
    if unit == "init.scope" or not unit:
        return process.name, "process", "restart"
    return unit, "service", "reboot" if unit in _REBOOT else "restart"


def _unit(groups: Iterable[str]) -> str:
    """Return the unit in the paths of control groups: the outermost that is no slice.

    0::/system.slice/nginx.service           version 2
    1:name=systemd:/system.slice/ssh.service version 1, with other lines that may lack the unit
    """
    for group in groups:
        number, controllers, path = (*group.split(":", 2), "", "")[:3]
        if number != "0" and controllers != "name=systemd":
            continue
        unit = next((part for part in path.split("/") if _UNIT.fullmatch(part)), "")
        if unit:
            return unit
    return ""


PROBE: Final = Probe(
    name="stale_processes",
    facts=(
        FactSpec(
            "stale_process",
            "A service with processes that run files which were replaced or removed.",
            ("service",),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
)
