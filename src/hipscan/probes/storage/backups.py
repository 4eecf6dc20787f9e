"""Backups, as far as files tell: what timers, cron and services run, and when it last did.

Only names of tools leave the target, never a line of a crontab, which may hold a password. That
nothing is seen does not prove that there is no backup: a hypervisor or a storage may make one.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from hipscan.model.fact import FactStatus, Record, Value, missing
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

# What a line of cron or the name of a timer has in it when it makes a backup.
_WORDS: Final = (
    *("restic", "borgmatic", "borg", "duplicity", "duply", "rsnapshot", "rdiff-backup", "kopia"),
    *("pgbackrest", "pg_basebackup", "pg_dumpall", "pg_dump", "barman", "wal-g", "mariabackup"),
    *("xtrabackup", "mysqldump", "mariadb-dump", "mongodump", "automysqlbackup", "syncoid"),
    *("autopostgresqlbackup", "backupninja", "burp", "proxmox-backup-client", "backup"),
)

# Agents that wait for their server; the name of the unit without .service.
_AGENTS: Final = (
    *("bacula-fd", "bareos-fd", "bareos-filedaemon", "veeamservice", "veeamtransport"),
    *("urbackupclientbackend", "dsmcad", "networker", "netbackup", "vxpbx_exchanged"),
    *("commvault", "Galaxy", "rubrikagents", "cohesity-agent", "acronis_mms", "burp", "crashplan"),
)

# What is written when a tool runs, by tool.
_TRACES: Final = (
    "restic:/root/.cache/restic/*",
    "borg:/root/.cache/borg/*",
    "borg:/root/.config/borg/security/*",
    "duplicity:/root/.cache/duplicity/*",
    "kopia:/root/.cache/kopia/*",
    "rsnapshot:/var/log/rsnapshot*",
    "pgbackrest:/var/log/pgbackrest/*.log",
    "barman:/var/log/barman/barman.log",
    "bacula-fd:/var/lib/bacula/bacula-fd.*.state",
    "bareos-fd:/var/lib/bareos/bareos-fd.*.state",
    "veeamservice:/var/log/veeam/Backup/*",
    "automysqlbackup:/var/lib/automysqlbackup/daily/*",
    "burp:/var/log/burp-client*",
)

SCRIPT: Final = rf"""
words='{"|".join(_WORDS)}'
set --
for path in /etc/crontab /etc/anacrontab /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* \
  /etc/cron.weekly/* /etc/periodic/*/* /var/spool/cron/* /var/spool/cron/crontabs/* \
  /var/spool/cron/tabs/*; do
  case ${{path##*/}} in
    '*' | apt-compat | aptitude | dpkg | passwd | samba) continue ;;
    e2scrub_all | logrotate | man-db) continue ;;
  esac
  if [ -f "$path" ] && [ -r "$path" ]; then set -- "$@" "$path"
  elif [ -f "$path" ]; then note denied "$path"
  fi
done
for path in /root /var/spool/cron /var/spool/cron/crontabs /var/spool/cron/tabs; do
  [ ! -d "$path" ] || {{ [ -r "$path" ] && [ -x "$path" ]; }} || note denied "$path"
done
[ $# -eq 0 ] || awk -v words="$words" '
  /^[ \t]*(#|$|MAIL(TO|FROM)[ \t]*=)/ {{ next }}
  # what tidies a folder of backups makes none
  /(^|[ \t;&|\/])(find|rm|tmpwatch|tmpreaper|du|df|ls|chmod|chown|mkdir)[ \t]/ &&
    !/tar|rsync|cp|copy|dd|zip|dump|rclone|zfs|sh([ \t]|$)/ {{
    line = $0; gsub(/\/[^ \t]*/, "", line); if (!match(line, words)) next
  }}
  match($0, words) && !((FILENAME, w = substr($0, RSTART, RLENGTH)) in seen) {{
    seen[FILENAME, w]; print "cron", w, FILENAME
  }}' "$@"
for path in /etc/systemd/system/*.wants/*.timer /usr/lib/systemd/system/*.wants/*.timer; do
  name=${{path##*/}}
  case $name in dpkg-db-backup.timer | '*.timer') continue ;; esac
  case $name in
    *{"* | *".join(_WORDS)}*)
      printf 'timer %s\n' "$name"
      [ ! -e "/var/lib/systemd/timers/stamp-$name" ] ||
        printf 'at %s\n' "$(stat -c %Y "/var/lib/systemd/timers/stamp-$name")" ;;
  esac
done
# Timers of another name, by what the services run that somebody wrote here.
set --
for path in /etc/systemd/system/*.wants/*.timer; do
  name=${{path##*/}} name=${{name%.timer}}
  case $name in '*' | *{"* | *".join(_WORDS)}*) continue ;; esac
  path=/etc/systemd/system/$name.service
  [ ! -f "$path" ] || [ ! -r "$path" ] || set -- "$@" "$path"
done
[ $# -eq 0 ] || awk -v words="$words" '
  /^[ \t]*Exec/ && match($0, words) && !seen[FILENAME]++ {{
    name = FILENAME; sub(/.*\//, "", name); sub(/service$/, "timer", name)
    print substr($0, RSTART, RLENGTH), name
  }}' "$@" | while read -r tool name; do
  printf 'timer %s %s\n' "$name" "$tool"
  [ ! -e "/var/lib/systemd/timers/stamp-$name" ] ||
    printf 'at %s\n' "$(stat -c %Y "/var/lib/systemd/timers/stamp-$name")"
done
for name in {" ".join(_AGENTS)}; do
  for path in /etc/systemd/system/*.wants/"$name".service; do
    [ ! -L "$path" ] || printf 'agent %s\n' "$name"
  done
done
for trace in {" ".join(f"'{each}'" for each in _TRACES)}; do
  tool=${{trace%%:*}}
  set --
  for path in ${{trace#*:}}; do [ ! -e "$path" ] || set -- "$@" "$path"; done
  [ $# -eq 0 ] || stat -c "trace $tool %Y" -- "$@"
done
printf 'end\n'
"""

FIELDS: Final = {
    "tool": Field(FieldType.TEXT, "the tool, or `backup` for a script that is called so"),
    "started_by": Field(FieldType.TEXT, "cron, timer, agent, or nothing: only traces are left"),
    "where": Field(FieldType.TEXT, "the file of cron, the timer or the unit"),
    "last_run": Field(FieldType.TIME, "newest trace of a run; left out where the tool leaves none"),
}


def parse(text: str, _status: int) -> Facts:
    """Parse what starts backups and what they left.

    cron restic /etc/cron.d/nightly
    timer borgmatic.timer
    at 1795000000
    timer nightly.timer restic
    agent bacula-fd
    trace restic 1795000000
    end
    """
    seen = listing(text)
    if "end" not in seen.plain:
        if seen.notes:
            return {"backup": missing(FactStatus.DENIED, seen.notes[0].text)}
        raise ValueError("the answer has no end")
    return {"backup": judge_notes(seen.notes, list(_records(seen)))}


def _records(seen: Listing) -> Iterator[Record]:
    traces = _traces(seen)
    told = set[str]()
    for starter, tool, where, at in _starts(seen):
        times = [time for time in (at, traces.get(tool)) if time is not None]
        told.add(tool)
        record: dict[str, Value] = {"tool": tool, "started_by": starter, "where": where}
        yield {**record, "last_run": max(times)} if times else record
    for tool, time in traces.items():
        if tool not in told:
            yield {"tool": tool, "started_by": "", "where": "", "last_run": time}


def _traces(seen: Listing) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for line in seen.plain:
        match line.split(" "):
            case ["trace", tool, time]:
                found[tool] = max(int(time), found.get(tool, 0))
            case _:
                pass
    return found


def _starts(seen: Listing) -> Iterator[tuple[str, str, str, int | None]]:
    """Yield (how, tool, where, time of the last run) for everything that starts a backup."""
    for number, line in enumerate(seen.plain):
        match line.split(" ", 2):
            case ["cron", tool, where]:
                yield "cron", tool, where, None
            case ["agent", name]:
                yield "agent", name, f"{name}.service", None
            case ["timer", name, *named]:
                after = seen.plain[number + 1] if number + 1 < len(seen.plain) else ""
                time = int(after[3:]) if after.startswith("at ") else None
                where = named[0] if named else name
                tool = next((word for word in _WORDS if word in where), "backup")
                yield "timer", tool, name, time
            case _:
                pass


PROBE: Final = Probe(
    name="backups",
    facts=(FactSpec("backup", "Something that makes backups.", ("tool", "where"), FIELDS),),
    script=SCRIPT,
    parse=parse,
    commands=("stat",),
)
