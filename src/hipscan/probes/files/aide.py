r"""AIDE: whether it has a database, what runs it and when it last did, and what it looks at.

aide.conf(5) names the database, with macros (`@@define DBDIR /var/lib/aide`); Debian adds the
pieces of /etc/aide/aide.conf.d. A run leaves its log, or the stamp of its timer.

    conf /etc/aide/aide.conf
    by dailyaidecheck.timer
    database 1790000000 /var/lib/aide/aide.db
    ran 1790000000 /var/log/aide/aide.log
    L/usr/sbin/auditctl p+i+n+u+g+s+b+acl+xattrs+sha512
    LFull = p+i+sha512
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Value, absent, missing, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing

# What must not be changed unnoticed, since it decides what the audit log shows.
AUDIT_TOOLS: Final = ("auditctl", "auditd", "augenrules", "aureport", "ausearch", "autrace")

SCRIPT: Final = r"""
conf=''
for path in /etc/aide/aide.conf /etc/aide.conf; do
  if [ -e "$path" ]; then conf=$path; break; else note_missing "$path"; fi
done
[ -n "$conf" ] || { printf 'end\n'; exit 0; }
[ -r "$conf" ] || { note denied "$conf"; exit 0; }
printf 'conf %s\n' "$conf"
set -- "$conf"
for path in /etc/aide/aide.conf.d/* /etc/aide.conf.d/*; do
  if [ -f "$path" ] && [ ! -x "$path" ]; then
    if [ -r "$path" ]; then set -- "$@" "$path"; else note denied "$path"; fi
  fi
done
awk '/^[ \t]*(#|$|@@if|@@end|report_|gzip|log_)/ { next } { print "L" $0 }' "$@"
db=$(awk '
  $1 == "@@define" { set[$2] = $3 }
  /^[ \t]*database(_in)?[ \t]*=/ { sub(/^[^=]*=[ \t]*/, ""); db = $0 }
  END {
    sub(/^file:/, "", db)
    while (match(db, /@@\{[A-Za-z0-9_]+\}/)) {
      name = substr(db, RSTART + 3, RLENGTH - 4)
      db = substr(db, 1, RSTART - 1) set[name] substr(db, RSTART + RLENGTH)
    }
    print db
  }' "$@")
set --
for path in "$db" /var/log/aide/aide.log /var/log/aide.log /var/log/aide/aide-report.log \
  /var/lib/systemd/timers/stamp-*aide*.timer; do
  case $path in
    '' | *"$NL"* | *[*]*) continue ;;
    /*) if [ -f "$path" ]; then set -- "$@" "$path"; else note_missing "$path"; fi ;;
  esac
done
[ $# -eq 0 ] || stat -c 'time %Y %n' -- "$@"
printf 'file %s\n' "$db"
if [ -d /run/systemd/system ]; then
  printf 'systemd\n'
  for path in /etc/systemd/system/*.wants/*aide*.timer \
    /usr/lib/systemd/system/*.wants/*aide*.timer; do
    [ ! -L "$path" ] || [ -c "/etc/systemd/system/${path##*/}" ] ||
      printf 'by %s\n' "${path##*/}"
  done
fi
set --
for path in /etc/crontab /etc/anacrontab /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* \
  /etc/cron.weekly/* /etc/periodic/*/* /var/spool/cron/root /var/spool/cron/crontabs/root \
  /var/spool/cron/tabs/root; do
  if [ -f "$path" ] && [ -r "$path" ]; then set -- "$@" "$path"
  elif [ -f "$path" ]; then note denied "$path"
  fi
done
[ $# -eq 0 ] || awk '
  FNR == 1 { if (hit != "" && !yields) print "by", hit; hit = ""; yields = 0 }
  /^[ \t]*#/ { next }
  /\/run\/systemd\/system/ { yields = 1 }
  /dailyaidecheck|aide(\.wrapper)?[ \t].*(--check|--update|-C|-u)/ { hit = FILENAME }
  /[*0-9@][^#]*([ \t]|bin\/)aide(\.wrapper)?[ \t]*([>|&;]|$)/ { hit = FILENAME }
  END { if (hit != "" && !yields) print "by", hit }
' "$@"
printf 'end\n'
"""

FIELDS: Final = {
    "config": Field(FieldType.TEXT, "the configuration that was read"),
    "database": Field(FieldType.TEXT, "where it keeps what it knows"),
    "built": Field(FieldType.BOOLEAN, "whether the database is there"),
    "built_at": Field(FieldType.TIME, "when it was last written"),
    "scheduled": Field(FieldType.BOOLEAN, "whether a timer or cron runs it"),
    "scheduled_by": Field(FieldType.LIST, "timers and files of cron that run it"),
    "last_run": Field(FieldType.TIME, "newest log or stamp of a timer; left out where none is"),
    "unwatched_audit_tools": Field(
        FieldType.LIST, "programs of audit whose content it does not compare, by plain paths"
    ),
}

_SUMS: Final = re.compile(
    r"\b(sha256|sha512|sha512_256|sha3_256|sha3_512|stribog256|stribog512|H|R)\b"
)


def parse(text: str, _status: int) -> Facts:
    """Parse the lines that the module's docstring shows."""
    seen = listing(text)
    denied = seen.of_kind("denied")
    if "end" not in seen.plain and not denied:
        raise ValueError("the answer has no end")
    config = _value(seen, "conf ")
    if denied and not config:
        return {"aide": missing(FactStatus.DENIED, f"denied: {denied[0].text}")}
    if not config:
        return {"aide": absent("AIDE is not configured")}
    return {"aide": _fact(config, seen)}


def _value(seen: Listing, head: str) -> str:
    return next((line[len(head) :] for line in seen.plain if line.startswith(head)), "")


def _fact(config: str, seen: Listing) -> Fact:
    denied = {note.text for note in seen.of_kind("denied")}
    times = dict(_times(seen.plain))
    database = _value(seen, "file ")
    runs = [time for path, time in times.items() if path != database]
    lines = seen.behind("L")
    by = list(dict.fromkeys(line[3:] for line in seen.plain if line.startswith("by ")))
    record: dict[str, Value] = {
        "config": config,
        "database": database,
        "built": None if database in denied else database in times,
        "scheduled": bool(by) or (None if denied else False),
        "scheduled_by": by,
        "unwatched_audit_tools": list(_unwatched(lines)),
    }
    if database in times:
        record["built_at"] = times[database]
    if runs:
        record["last_run"] = max(runs)
    elif denied:
        record["last_run"] = None
    return ok(record)


def _times(lines: Sequence[str]) -> Iterator[tuple[str, int]]:
    for line in lines:
        match line.split(" ", 2):
            case ["time", seconds, path]:
                yield path, int(seconds)
            case _:
                pass


def _unwatched(lines: Sequence[str]) -> Iterator[str]:
    """Yield the audit tools that no line watches by its content; `!` takes a path out again."""
    groups = {name.strip(): words for name, equals, words in map(_split, lines) if equals}
    choices = [line.strip().partition(" ")[::2] for line in lines if line[:1] in "/=!"]
    for tool in AUDIT_TOOLS:
        path = f"/usr/sbin/{tool}"
        about = [(pattern, words) for pattern, words in choices if _covers(pattern, path)]
        left_out = any(pattern.startswith("!") for pattern, _ in about)
        if left_out or not any(_compares(words, groups) for _, words in about):
            yield path


def _split(line: str) -> tuple[str, str, str]:
    return line.partition("=") if line[:1] not in "/!=@" else ("", "", "")


def _covers(pattern: str, path: str) -> bool:
    """Say whether a pattern without wildcards names `path` or a folder above it."""
    plain = pattern.lstrip("!=").rstrip("$").replace("\\", "")
    paths = (path, path.removeprefix("/usr"))
    return plain.startswith("/") and any(
        each == plain or each.startswith(plain.rstrip("/") + "/") for each in paths
    )


def _compares(words: str, groups: Mapping[str, str]) -> bool:
    """Say whether an expression has a digest in it, or a group that has one."""
    waiting, seen = [words], set[str]()
    while waiting:
        expression = waiting.pop()
        if _SUMS.search(expression):
            return True
        names = {name for name in re.split(r"[+\s]", expression) if name in groups} - seen
        seen |= names
        waiting += [groups[name] for name in names]
    return False


PROBE: Final = Probe(
    name="aide",
    facts=(FactSpec("aide", "AIDE, which notices changed files.", ("config",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    commands=("stat",),
)
