r"""Who may run what as whom by sudo, and sudo's settings.

The files are read, with everything they include, in sudo's order; comments stay on the target, as
do values of arguments that look like a password. Rules of a directory (LDAP, SSSD) are not read;
where sudo asks one, the facts are partial. Grants of doas stand among those of sudo.
"""

from collections.abc import Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, absent, ok
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Listing,
    Note,
    Probe,
    all_missing,
    judge_notes,
    listing,
)
from hipscan.probes.sudo.doas import SCRIPT as DOAS
from hipscan.probes.sudo.doas import doas_records
from hipscan.probes.sudo.sudoers_grammar import MAIN, parse_files
from hipscan.probes.sudo.sudoers_records import default_records, grant_records, setting_record

SCRIPT: Final = (
    DOAS
    + r"""
set -f
IFS=$NL
host=''
read -r host </proc/sys/kernel/hostname
printf 'H%s\n' "$host"
version=''
if command -v sudo >/dev/null; then
  version=$(sudo -V)
  printf 'V%s\n' "${version%%"$NL"*}"
fi
[ ! -r /etc/nsswitch.conf ] || awk '/^[ \t]*sudoers[ \t]*:/ { print "W" $0 }' /etc/nsswitch.conf
[ ! -e /etc/sssd/sssd.conf ] || printf 'D\n'
# sudo-rs has a file of its own where there is one; SUSE's sudo falls back to the vendor's.
queue=/etc/sudoers known=$NL depth=0
case $version in sudo-rs*) [ ! -e "$queue-rs" ] || queue=$queue-rs ;; esac
if [ ! -e "$queue" ] && [ -e "/usr$queue" ]; then queue=/usr$queue; fi
while [ -n "$queue" ]; do
  depth=$((depth + 1))
  [ "$depth" -lt 10 ] || { note cut "includes nest too deep"; break; }
  set --
  for path in $queue; do
    case $known in *"$NL$path$NL"*) continue ;; esac
    known=$known$path$NL
    if [ ! -e "$path" ]; then note_missing "$path"
    elif [ ! -f "$path" ]; then note special "$path"
    elif [ ! -r "$path" ]; then note denied "$path"
    else set -- "$@" "$path"
    fi
  done
  queue=''
  [ $# -gt 0 ] || break
  text=$(awk -v host="${host%%.*}" '
  function target(line, here) {
    sub(/^[ \t]*[@#]include(dir)?[ \t]+/, "", line)
    sub(/[ \t]+$/, "", line)
    if (line ~ /^".*"$/) line = substr(line, 2, length(line) - 2)
    gsub(/\\ /, " ", line)
    gsub(/%h/, host, line)
    if (line ~ /^\//) return line
    sub(/\/[^\/]*$/, "", here)
    return here "/" line
  }
  function bare(line,  i, c, quoted) {
    for (i = 1; i <= length(line); i++) {
      c = substr(line, i, 1)
      if (c == "\\") i++
      else if (c == "\"") quoted = !quoted
      else if (c == "#" && !quoted && substr(line, i + 1, 1) !~ /[0-9]/)
        return substr(line, 1, i - 1)
    }
    return line
  }
  BEGIN {
    name = "[A-Za-z_-]*([Pp][Aa][Ss][Ss]|[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn])[A-Za-z]*"
    secret = "[ \t](-" name "([ \t]+|[\\\\]?=)|" name "[\\\\]=)[^ \t,]+"
  }
  FNR == 1 { print "F" FILENAME }
  /^[ \t]*[@#]includedir[ \t]/ { print ":" $0; print "J" target($0, FILENAME); next }
  /^[ \t]*[@#]include[ \t]/ { print ":" $0; print "I" target($0, FILENAME); next }
  /^[ \t]*#([^0-9]|$)/ { print ":"; next }
  {
    line = $0
    if (line ~ /#/) line = bare(line)
    shown = ""
    while (match(line, secret)) {
      word = substr(line, RSTART, RLENGTH)
      sub(/[^= \t]+$/, "*", word)
      shown = shown substr(line, 1, RSTART - 1) word
      line = substr(line, RSTART + RLENGTH)
    }
    line = shown line
    print ":" line
  }' "$@") || note error "reading sudoers"
  printf '%s\n' "$text"
  for line in $text; do
    case $line in
      I*) queue=$queue${line#I}$NL ;;
      J*)
        folder=${line#J}
        if [ ! -d "$folder" ]; then note_missing "$folder"; continue; fi
        if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then note denied "$folder"; continue; fi
        set +f
        for path in "$folder"/*; do
          [ ! -d "$path" ] || continue
          case ${path##*/} in *.* | *~ | '*') ;; *) queue=$queue$path$NL ;; esac
        done
        set -f ;;
    esac
  done
done
"""
)

GRANT: Final = {
    "grant": Field(FieldType.TEXT, "the permission in sudo's notation, aliases expanded"),
    "principal": Field(FieldType.TEXT, "who: a name, %group, #uid, %#gid, +netgroup or ALL"),
    "kind": Field(FieldType.TEXT, "user, group, uid, gid, netgroup, domain-group or all"),
    "except": Field(FieldType.LIST, "principals that the same line leaves out"),
    "hosts": Field(FieldType.LIST, "hosts it counts on"),
    "here": Field(FieldType.BOOLEAN, "whether this host is one, as far as names tell"),
    "run_as": Field(FieldType.LIST, "users the commands may run as"),
    "as_root": Field(FieldType.BOOLEAN, "whether root is one of these users"),
    "run_as_groups": Field(FieldType.LIST, "groups the commands may run as"),
    "commands": Field(FieldType.LIST, "commands, aliases expanded"),
    "denied_commands": Field(FieldType.LIST, "commands that the same line forbids"),
    "all_commands": Field(FieldType.BOOLEAN, "whether it allows everything, or a shell"),
    "escapes": Field(
        FieldType.LIST,
        "those of the commands that start others or write any file: editors, pagers, interpreters",
    ),
    "wildcards": Field(FieldType.LIST, "those of the commands in which a wildcard stands"),
    "nopasswd": Field(FieldType.BOOLEAN, "no password asked, by tag or by !authenticate"),
    "shadowed": Field(FieldType.BOOLEAN, "a later line about the same principal takes its place"),
    "tags": Field(FieldType.LIST, "tags in force, such as NOPASSWD or NOEXEC"),
    "file": Field(FieldType.TEXT, "file"),
    "line": Field(FieldType.INTEGER, "first line of it"),
}
DEFAULT: Final = {
    "key": Field(FieldType.TEXT, "name of the setting"),
    "value": Field(FieldType.TEXT, "its value; on or off for a switch"),
    "timestamp_seconds": Field(
        FieldType.INTEGER, "of timestamp_timeout alone: the value in seconds; -1 for ever"
    ),
    "operator": Field(FieldType.TEXT, "=, += or -=; empty for a switch"),
    "scope": Field(FieldType.TEXT, "all, host, user, command or runas"),
    "names": Field(FieldType.LIST, "what the scope is limited to"),
    "effective": Field(FieldType.BOOLEAN, "whether no later line of the same scope overrides it"),
    "file": Field(FieldType.TEXT, "file"),
    "line": Field(FieldType.INTEGER, "first line of it"),
}
SETTING: Final = {
    "version": Field(FieldType.TEXT, "version of sudo"),
    "use_pty": Field(FieldType.BOOLEAN, "commands get a terminal of their own; on since 1.9.14"),
    "logfile": Field(FieldType.TEXT, "log file beside syslog; empty: none"),
    "syslog": Field(FieldType.TEXT, "syslog facility; off: none; authpriv unless set"),
    "logged": Field(FieldType.BOOLEAN, "whether allowed commands are logged in syslog or a file"),
    "log_output": Field(FieldType.BOOLEAN, "whether sessions are recorded"),
    "authenticate": Field(FieldType.BOOLEAN, "whether a password is asked at all"),
    "timestamp_seconds": Field(
        FieldType.INTEGER, "time without a second password; -1 for ever; 15 minutes unless set"
    ),
    "timestamp_type": Field(FieldType.TEXT, "what shares that time: tty, global, ppid or kernel"),
    "env_reset": Field(FieldType.BOOLEAN, "whether commands start in a clean environment"),
    "secure_path": Field(FieldType.TEXT, "PATH of commands; empty: the user's own"),
    "visiblepw": Field(FieldType.BOOLEAN, "whether a password may be typed in the clear"),
    "requiretty": Field(FieldType.BOOLEAN, "whether sudo wants a terminal"),
    "askpass_target": Field(FieldType.TEXT, "whose password: user, root, target or runas"),
}


def parse(text: str, _status: int) -> Facts:
    """Parse the files and what stands around them.

    Hdb1
    VSudo version 1.9.13p3
    F/etc/sudoers
    :Defaults	env_reset
    :%sudo	ALL=(ALL:ALL) ALL
    :@includedir /etc/sudoers.d
    J/etc/sudoers.d
    F/etc/sudoers.d/ops
    :bob ALL = NOPASSWD: /usr/bin/systemctl restart nginx
    """
    seen = listing(text)
    words = {line[:1]: line[1:] for line in seen.plain}
    others = doas_records(seen.behind("G"))
    if seen.files.keys().isdisjoint(MAIN):
        return _without(seen, "V" in words, others)
    rules = parse_files(seen, words.get("H", ""))
    notes = [*_gaps(seen, words), *(Note("unread", place) for place in rules.mistakes)]
    setting = setting_record(rules, words.get("V", ""))
    return {
        "sudo_grant": judge_notes(notes, [*grant_records(rules, words.get("H", "")), *others]),
        "sudo_default": judge_notes(notes, default_records(rules)),
        "sudo_setting": _setting(notes, setting),
    }


def _gaps(seen: Listing, words: dict[str, str]) -> list[Note]:
    """Return what was not read; a directory counts where it is set up."""
    notes = list(seen.notes)
    sources = words.get("W", "").partition(":")[2].split()
    if "ldap" in sources or ("sss" in sources and "D" in words):
        notes.append(Note("special", "sudo also asks a directory"))
    return notes


def _setting(notes: list[Note], record: Record) -> Fact:
    whole = judge_notes(notes, (record,))
    return whole if whole.status is not FactStatus.OK else ok(record)


def _without(seen: Listing, installed: bool, others: Sequence[Record]) -> Facts:  # noqa: FBT001  # read at its only call
    notes = [note for note in seen.notes if note.text in MAIN]
    if notes and notes[0].kind == "absent" and not installed:
        nothing = {spec.name: absent("sudo is not installed") for spec in PROBE.facts}
        closed = seen.of_kind("denied")
        return nothing | ({"sudo_grant": judge_notes(closed, others)} if others or closed else {})
    if notes and notes[0].kind == "denied":
        return all_missing(PROBE, FactStatus.DENIED, f"denied: {notes[0].text}")
    return all_missing(PROBE, FactStatus.PARTIAL, "/etc/sudoers could not be read")


PROBE: Final = Probe(
    name="sudoers",
    facts=(
        FactSpec(
            "sudo_grant", "One permission of sudo or doas for one principal.", ("grant",), GRANT
        ),
        FactSpec(
            "sudo_default", "One setting in a Defaults line.", ("key", "scope", "names"), DEFAULT
        ),
        FactSpec("sudo_setting", "sudo's settings for everybody, with defaults.", (), SETTING),
    ),
    script=SCRIPT,
    parse=parse,
    limit=512 * 1024,
    commands=("sudo",),
)
