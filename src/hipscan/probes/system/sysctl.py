"""Kernel settings: what runs now, and what the files say for the next start.

Files are read as systemd-sysctl does (sysctl.d(5)): the strongest folder hides files of the same
name, names decide the order, the last value wins, a pattern yields to a key that is named. On a
host without systemd /etc/sysctl.conf comes last, as `sysctl --system` reads it; under systemd it
counts only where a link in sysctl.d leads to it, which Debian 13 no longer ships. Where ufw starts
with the host, it loads a file of its own after all others (IPT_SYSCTL in /etc/default/ufw).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from hipscan.model.fact import FactStatus, Record, missing
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
from hipscan.probes.gathering import GATHER, by_precedence

# What the kernel starts with, as its documentation says (Documentation/admin-guide/sysctl and
# networking/ip-sysctl); None where the build or the distribution decides.
KEYS: Final[Mapping[str, str | None]] = {
    "crypto.fips_enabled": None,
    "fs.protected_fifos": "0",
    "fs.protected_hardlinks": "0",
    "fs.protected_regular": "0",
    "fs.protected_symlinks": "0",
    "fs.suid_dumpable": "0",
    "kernel.core_pattern": None,
    "kernel.core_uses_pid": None,
    "kernel.dmesg_restrict": None,
    "kernel.kexec_load_disabled": "0",
    "kernel.kptr_restrict": None,
    "kernel.modules_disabled": "0",
    "kernel.perf_event_paranoid": None,
    "kernel.randomize_va_space": "2",
    "kernel.sysrq": None,
    "kernel.unprivileged_bpf_disabled": None,
    "kernel.unprivileged_userns_clone": None,
    "kernel.yama.ptrace_scope": None,
    "net.core.bpf_jit_harden": "0",
    "net.ipv4.conf.all.accept_redirects": "1",
    "net.ipv4.conf.all.accept_source_route": "0",
    "net.ipv4.conf.all.log_martians": "0",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.all.secure_redirects": "1",
    "net.ipv4.conf.all.send_redirects": "1",
    "net.ipv4.conf.default.accept_redirects": "1",
    "net.ipv4.conf.default.accept_source_route": "1",
    "net.ipv4.conf.default.log_martians": "0",
    "net.ipv4.conf.default.rp_filter": "0",
    "net.ipv4.conf.default.secure_redirects": "1",
    "net.ipv4.conf.default.send_redirects": "1",
    "net.ipv4.icmp_echo_ignore_broadcasts": "1",
    "net.ipv4.icmp_ignore_bogus_error_responses": "1",
    "net.ipv4.ip_forward": "0",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv6.conf.all.accept_ra": "1",
    "net.ipv6.conf.all.accept_redirects": "1",
    "net.ipv6.conf.all.accept_source_route": "0",
    "net.ipv6.conf.all.disable_ipv6": "0",
    "net.ipv6.conf.all.forwarding": "0",
    "net.ipv6.conf.default.accept_ra": "1",
    "net.ipv6.conf.default.accept_redirects": "1",
    "net.ipv6.conf.default.accept_source_route": "0",
}

FOLDERS: Final = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")

_LAST: Final = "|".join(sorted({key.rpartition(".")[2] for key in KEYS}))

SCRIPT: Final = (
    GATHER
    + rf"""
[ ! -d /run/systemd/system ] || printf 'systemd yes\n'
set --
for key in {" ".join(key.replace(".", "/") for key in KEYS)}; do
  if [ ! -e "/proc/sys/$key" ]; then printf 'none %s\n' "$key"
  elif [ ! -r "/proc/sys/$key" ]; then printf 'denied %s\n' "$key"
  else set -- "$@" "/proc/sys/$key"
  fi
done
# Not with the shell's read: dash reads byte by byte, and the kernel answers only the first.
[ $# -eq 0 ] || awk '{{ sub(/^.proc.sys./, "", FILENAME); print "runs", FILENAME, $0 }}' "$@"
ufw=
if [ ! -e /usr/sbin/ufw ] || [ ! -e /etc/ufw/ufw.conf ]; then :
elif [ ! -r /etc/ufw/ufw.conf ] || [ ! -r /etc/default/ufw ]; then note denied /etc/ufw/ufw.conf
else
  ufw=$(awk -F= '
  {{ gsub(/["\047]/, "") }}
  $1 == "ENABLED" {{ on = tolower($2) == "yes" }}
  $1 == "IPT_SYSCTL" {{ path = $2 }}
  END {{ if (on && path ~ /^\//) print path }}' /etc/default/ufw /etc/ufw/ufw.conf)
  [ -z "$ufw" ] || printf 'ufw %s\n' "$ufw"
  [ "$ufw" != /etc/sysctl.conf ] || ufw=
fi
{{
gather .conf {" ".join(FOLDERS)} /lib/sysctl.d
files /etc/sysctl.conf ${{ufw:+"$ufw"}}
}} | awk '
!/^:/ || /^:[ \t]*-?[a-z][^ \t=]*([.\/]({_LAST})|[*?\[])[^ \t=]*[ \t]*(=|$)/ {{
  sub(/[ \t]#.*/, " #"); print; next
}}
{{ print ":" }}'
"""
)

FIELDS: Final = {
    "key": Field(FieldType.TEXT, "the setting, with dots: kernel.randomize_va_space"),
    "running": Field(FieldType.TEXT, "the value now; a setting the kernel lacks has no record"),
    "configured": Field(FieldType.TEXT, "the value of the files; left out where none names it"),
    "at_boot": Field(
        FieldType.TEXT,
        "the value after the next start: the files' one, else the kernel's documented default, "
        "else (where the distribution decides) the running one",
    ),
    "file": Field(FieldType.TEXT, "the file that sets it; nothing where none does"),
    "line": Field(FieldType.INTEGER, "the line of the file"),
    "matters": Field(
        FieldType.BOOLEAN, "no for a setting of IPv6 where IPv6 is off, now and at the next start"
    ),
}

# Another name for the same setting of the kernel.
_ALIASES: Final = {"net/ipv4/conf/all/forwarding": "net/ipv4/ip_forward"}
_SWITCH: Final = "net.ipv6.conf.all.disable_ipv6"
_NUMBER: Final = re.compile(r"^(-?\d+) #.*")  # the kernel takes the number, whatever follows
_LINE: Final = re.compile(r"^\s*(-?)\s*([^\s=]+)\s*(?:(=)\s*(.*?)\s*)?$")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a file: `key` with slashes; `value` is None where it only excludes the key."""

    key: str
    value: str | None
    file: str
    line: int


def parse(text: str, _status: int) -> Facts:
    """Parse the running values and the files.

    systemd yes
    runs kernel/sysrq 438
    none kernel/yama/ptrace_scope
    denied fs/protected_fifos
    ufw /etc/ufw/sysctl.conf
    F/etc/sysctl.d/local.conf
    :kernel.sysrq = 0
    """
    read = listing(text)
    states = [line.split(" ", 2) for line in read.plain if line.count(" ")]
    running = {state[1]: state[2] if state[2:] else "" for state in states if state[0] == "runs"}
    denied = {state[1] for state in states if state[0] == "denied"}
    if not running:
        return {"sysctl": missing(FactStatus.DENIED, "no setting of the kernel can be read")}
    lines = list(_lines(read, systemd="systemd yes" in read.plain))
    names = [key for key in KEYS if key.replace(".", "/") in running.keys() | denied]
    notes = [note for note in read.notes if note.text.endswith((".conf", "sysctl.d"))]
    whole = all(note.kind == "absent" for note in notes)
    pairs = ((key, running.get(key.replace(".", "/"))) for key in names)
    records = [_record(key, value, lines, whole=whole) for key, value in pairs]
    return {"sysctl": judge_notes(notes, list(_with_meaning(records)))}


def _with_meaning(records: list[Record]) -> Iterator[Record]:
    """Yield the records with `matters`: what is set for IPv6 does nothing while IPv6 is off."""
    off = any(
        record["key"] == _SWITCH and record["running"] == record["at_boot"] == "1"
        for record in records
    )
    for record in records:
        idle = off and str(record["key"]).startswith("net.ipv6.") and record["key"] != _SWITCH
        yield {**record, "matters": not idle}


def _lines(read: Listing, *, systemd: bool) -> Iterator[_Line]:
    paths = by_precedence(read.files, (*FOLDERS, "/lib/sysctl.d"))
    later = [] if systemd else ["/etc/sysctl.conf"]
    later += [line.removeprefix("ufw ") for line in read.plain if line.startswith("ufw ")]
    for path in (*paths, *later):
        for number, text in enumerate(read.files.get(path, ()), 1):
            match = _LINE.match(text)
            if match and not text.lstrip().startswith(("#", ";")) and (match[1] or match[3]):
                key = slashes(match[2])
                yield _Line(_ALIASES.get(key, key), match[4] if match[3] else None, path, number)


def slashes(key: str) -> str:
    """Return a key as a path below /proc/sys: with the first separator `.`, dots and slashes swap.

    net.ipv4.conf.eth0/1.rp_filter -> net/ipv4/conf/eth0.1/rp_filter
    """
    first = next((char for char in key if char in "./"), "/")
    return key if first == "/" else key.translate(str.maketrans("./", "/."))


def _matches(key: str, pattern: str) -> bool:
    names, shapes = key.split("/"), pattern.split("/")
    pairs = zip(names, shapes, strict=False)
    return len(names) == len(shapes) and all(fnmatchcase(name, shape) for name, shape in pairs)


def _deciding(key: str, lines: list[_Line]) -> _Line | None:
    named = [line for line in lines if line.key == key]
    if named:
        return named[-1] if named[-1].value is not None else None
    found = [line for line in lines if line.value is not None and _matches(key, line.key)]
    return found[-1] if found else None


def _record(key: str, running: str | None, lines: list[_Line], *, whole: bool) -> Record:
    """Return the record of a key; `whole` says that no file is hidden, which might set it."""
    line = _deciding(key.replace(".", "/"), lines)
    value = None if running is None else " ".join(running.split())
    record: dict[str, str | int | None] = {"key": key, "running": value}
    if line is None or line.value is None:
        default = KEYS[key]
        boots = value if default is None else default
        return record | {"at_boot": boots if whole else None, "file": "", "line": 0}
    made = _NUMBER.sub(r"\1", " ".join(line.value.split()))
    return record | {"configured": made, "at_boot": made, "file": line.file, "line": line.line}


PROBE: Final = Probe(
    name="sysctl",
    facts=(
        FactSpec(
            "sysctl", "Kernel settings, running and as the files have them.", ("key",), FIELDS
        ),
    ),
    script=SCRIPT,
    parse=parse,
)
