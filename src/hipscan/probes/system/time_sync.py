"""Time: which daemons keep the clock, whom they ask, and whether the kernel's clock is true.

The daemons are not asked. The kernel says by adjtimex(2), called without anything to change, how
large its error can be; systemd's own test (timedatectl) is the same: below 16 seconds. Where no
program is at hand that could make the call, only the mark of systemd-timesyncd is looked at.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, missing, ok
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
from hipscan.probes.files.config_syntax import ini_section, spaced
from hipscan.probes.gathering import GATHER, by_precedence

_TIMESYNCD: Final = tuple(f"{top}/systemd/timesyncd.conf" for top in ("/etc", "/usr/lib"))
_PIECES: Final = tuple(
    f"{top}/systemd/timesyncd.conf.d" for top in ("/etc", "/run", "/usr/local/lib", "/usr/lib")
)
_CHRONY: Final = ("/etc/chrony/chrony.conf", "/etc/chrony.conf")
_NTP: Final = ("/etc/ntpsec/ntp.conf", "/etc/ntp.conf", "/etc/openntpd/ntpd.conf")
_UNITS: Final = {
    "systemd-timesyncd": "timesyncd",
    "chrony": "chrony",
    "chronyd": "chrony",
    "ntp": "ntp",
    "ntpd": "ntp",
    "ntpsec": "ntp",
    "openntpd": "ntp",
    "ntpd-rs": "ntpd-rs",
}

SCRIPT: Final = (
    GATHER
    + rf"""
for name in {" ".join(_UNITS)}; do
  [ ! -c "/etc/systemd/system/$name.service" ] || continue
  for link in /etc/systemd/system/*.wants/"$name.service" \
    /usr/lib/systemd/system/*.wants/"$name.service" /etc/runlevels/*/"$name" \
    /etc/rc[2-5].d/S[0-9][0-9]"$name"; do
    [ ! -e "$link" ] && [ ! -L "$link" ] || {{ printf 'starts %s\n' "$name"; break; }}
  done
done
for file in /run/chrony/chronyd.pid /run/chronyd.pid /run/ntpd.pid; do
  [ -r "$file" ] && read -r pid <"$file" && [ -r "/proc/$pid/status" ] || continue
  awk '/^Name:/ {{ name = $2 }} /^Uid:/ {{ print "runs", name, $2; exit }}' "/proc/$pid/status"
done
set --
for path in {" ".join((*_TIMESYNCD, *_CHRONY, *_NTP))}; do
  [ ! -e "$path" ] || set -- "$@" "$path"
done
[ $# -eq 0 ] || files "$@"
set --
for path in {" ".join(_PIECES)}; do [ ! -d "$path" ] || set -- "$@" "$path"; done
[ $# -eq 0 ] || gather .conf "$@"
set --
for path in {" ".join(_CHRONY)}; do [ ! -r "$path" ] || set -- "$@" "$path"; done
if [ $# -gt 0 ]; then
  more=$(awk '$1 == "confdir" {{ for (i = 2; i <= NF; i++) print $i "/*.conf" }}
    $1 == "sourcedir" {{ for (i = 2; i <= NF; i++) print $i "/*.sources" }}
    $1 == "include" {{ print $2 }}' "$@")
  IFS=$NL
  # shellcheck disable=SC2086  # patterns are meant
  set -- $more
  unset IFS
  for path; do [ ! -e "$path" ] || files "$path"; done
fi
if [ -e /run/systemd/timesync/synchronized ]; then
  printf 'mark %s\n' "$(stat -c %Y /run/systemd/timesync/synchronized)"
fi
case $(uname -m) in
  x86_64) number=159 ;;
  aarch64 | riscv64) number=171 ;;
  ppc64le | s390x) number=124 ;;
  *) number='' ;;
esac
if [ -n "$number" ] && command -v perl >/dev/null; then
  # struct timex: modes at 0, all zero: read only; maxerror in microseconds at 24.
  # shellcheck disable=SC2016  # perl's variables
  perl -e '$t = "\0" x 256; $r = syscall($ARGV[0], $t);
    print "adjtimex $r ", unpack("x24 q", $t), "\n"' "$number"
elif [ -x /usr/libexec/platform-python ]; then # RHEL has it for dnf, and no perl
  /usr/libexec/platform-python -I -S -B -c 'import ctypes, sys
t = ctypes.create_string_buffer(256)
r = ctypes.CDLL(None).adjtimex(t)
print("adjtimex", r, int.from_bytes(t[24:32], sys.byteorder))'
elif command -v busybox >/dev/null; then
  busybox adjtimex | awk '/maxerror:/ {{ error = $2 }}
    /return value:/ {{ print "adjtimex", $3, error }}'
fi
printf 'read end\n'
"""
)

SOURCE: Final = {
    "daemon": Field(FieldType.TEXT, "timesyncd, chrony or ntp"),
    "kind": Field(FieldType.TEXT, "server, pool, peer, refclock, or fallback"),
    "address": Field(FieldType.TEXT, "whom it asks, as the file names it"),
    "authenticated": Field(FieldType.BOOLEAN, "whether answers are proven, by NTS or a key"),
    "file": Field(FieldType.TEXT, "the file that says so"),
    "line": Field(FieldType.INTEGER, "its line"),
}
DAEMON: Final = {
    "name": Field(FieldType.TEXT, "timesyncd, chrony, ntp or ntpd-rs"),
    "starts": Field(FieldType.BOOLEAN, "whether it starts with the host"),
    "rivals": Field(FieldType.LIST, "others that start as well"),
    "user": Field(FieldType.TEXT, "account that its files name (chrony); left out for its own"),
    "uid": Field(FieldType.INTEGER, "user that it runs as; left out where it does not run"),
}
CLOCK: Final = {
    "synchronised": Field(FieldType.BOOLEAN, "whether the kernel's clock is known to be true now"),
    "error": Field(FieldType.INTEGER, "how far off it can be, in milliseconds; at most 16000"),
    "marked": Field(FieldType.TIME, "when systemd-timesyncd last set it"),
}
_LIMIT: Final = 16_000_000  # microseconds: the kernel's NTP_PHASE_LIMIT


def parse(text: str, _status: int) -> Facts:
    """Parse what starts, what runs, the files and the kernel's answer.

    starts chrony
    runs chronyd 104
    F/etc/chrony/chrony.conf
    :pool 2.debian.pool.ntp.org iburst
    mark 1700000000
    adjtimex 0 31250
    read end
    """
    seen = listing(text)
    if "read end" not in seen.plain:
        raise ValueError("the answer has no end")
    words = [line.split() for line in seen.plain]
    sources = [*_timesyncd(seen.files), *_chrony(seen.files), *_ntp(seen.files)]
    return {
        "time_source": judge_notes(seen.notes, sources),
        "time_daemon": ok(*_daemons(words, seen)),
        "clock": _clock(words),
    }


def _clock(words: Sequence[Sequence[str]]) -> Fact:
    record: dict[str, int | bool | None] = {}
    for line in words:
        match line:
            case ["mark", seconds] if seconds.isdecimal():
                record["marked"] = int(seconds)
            case ["adjtimex", state, error] if state != "-1" and error.isdecimal():
                record["synchronised"] = int(error) < _LIMIT
                record["error"] = min(int(error), _LIMIT) // 1000
    if not record:
        return missing(FactStatus.UNSUPPORTED, "no program that could ask the kernel")
    return ok({"synchronised": None, **record})


def _daemons(words: Sequence[Sequence[str]], seen: Listing) -> Iterator[Record]:
    starting = {_UNITS[line[1]] for line in words if line[0] == "starts" and line[1] in _UNITS}
    running = {
        line[1]: int(line[2])
        for line in words
        if line[0] == "runs" and len(line) > 2 and line[2].isdecimal()  # noqa: PLR2004  # name, uid
    }
    present = {"timesyncd": _TIMESYNCD, "chrony": _CHRONY, "ntp": _NTP}
    uids = {"chrony": running.get("chronyd"), "ntp": running.get("ntpd")}
    for name in dict.fromkeys((*_UNITS.values(),)):
        if name in starting or any(path in seen.files for path in present.get(name, ())):
            record: Record = {
                "name": name,
                "starts": name in starting,
                "rivals": sorted(starting - {name}),
            }
            uid, user = uids.get(name), _chrony_user(seen.files) if name == "chrony" else ""
            if user:
                record = {**record, "user": user}
            yield record if uid is None else {**record, "uid": uid}


def _timesyncd(files: Mapping[str, Sequence[str]]) -> Iterator[Record]:
    """Yield the servers of timesyncd.conf(5): lists add up, an empty one starts anew."""
    made: dict[str, list[Record]] = {"NTP": [], "FallbackNTP": []}
    main = [path for path in _TIMESYNCD if path in files][:1]
    for path in (*main, *by_precedence(files, _PIECES)):
        for setting in ini_section(files[path], "Time"):
            if setting.key not in made:
                continue
            kind = "server" if setting.key == "NTP" else "fallback"
            if not setting.value:
                made[setting.key].clear()
            for address in setting.value.split():
                made[setting.key].append(
                    _source("timesyncd", kind, address, path, setting.line, proven=False)
                )
    yield from (*made["NTP"], *made["FallbackNTP"])


def _chrony_files(files: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    main = next((path for path in _CHRONY if path in files), None)
    if main is None:
        return ()
    others = {*_TIMESYNCD, *_NTP, *by_precedence(files, _PIECES), main}
    return (main, *sorted(path for path in files if path not in others))


def _chrony_user(files: Mapping[str, Sequence[str]]) -> str:
    """Return the account that chrony.conf(5) names, the last where there are several."""
    lines = (line for path in _chrony_files(files) for line in spaced(files[path]))
    named = [line.value for line in lines if line.key.lower() == "user"]
    return named[-1] if named else ""


def _chrony(files: Mapping[str, Sequence[str]]) -> Iterator[Record]:
    for path in _chrony_files(files):
        for setting in spaced(files[path]):
            kind, words = setting.key.lower(), setting.value.split()
            if kind in {"server", "pool", "peer", "refclock"} and words:
                proven = bool({"nts", "key"} & {word.lower() for word in words[1:]})
                yield _source("chrony", kind, words[0], path, setting.line, proven=proven)


def _ntp(files: Mapping[str, Sequence[str]]) -> Iterator[Record]:
    for path in _NTP:
        for setting in spaced(files.get(path, ())):
            kind, words = setting.key.lower(), setting.value.split()
            kind = re.sub(r"^servers$", "pool", kind)
            if kind in {"server", "pool", "peer"} and words:
                proven = bool({"nts", "key"} & {word.lower() for word in words[1:]})
                yield _source("ntp", kind, words[0], path, setting.line, proven=proven)


def _source(  # the fields of one record
    daemon: str, kind: str, address: str, file: str, line: int, *, proven: bool
) -> Record:
    return {
        "daemon": daemon,
        "kind": kind,
        "address": address,
        "authenticated": proven,
        "file": file,
        "line": line,
    }


PROBE: Final = Probe(
    name="time_sync",
    facts=(
        FactSpec(
            "time_source",
            "One place that a time daemon asks for the time.",
            ("daemon", "address"),
            SOURCE,
        ),
        FactSpec("time_daemon", "One daemon that keeps the clock.", ("name",), DAEMON),
        FactSpec("clock", "What the kernel knows of its clock.", (), CLOCK),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("stat", "perl", "platform-python", "busybox adjtimex"),
)
