r"""Programs that root runs on somebody's word: cron jobs, local units of systemd, sudo rules.

Whoever can change such a program, or a folder above it, is root. The script takes absolute paths
(and relative ones behind `cd`) out of the commands, and asks for modes and owners of each path, of
what it links to, and of every folder above both. Commands without a path (found by PATH) and
programs behind variables are not followed; neither are units that packages brought, whose
programs packages brought as well.

    C1:/etc/cron.d/ward:3:/opt/ward/export.sh     a job of root; 1: the first word of a command
    S1:/etc/systemd/system/ward.service:7:/opt/ward/server
    U1:/etc/sudoers.d/ward:2:/usr/local/bin/restart-ward
    E/opt/ward/export.sh                          it exists, and
    L/srv/ward/export.sh                          this is where its links end
    M/opt/gone                                    it does not exist
    T81ed:1000:1000:ann:ann:/srv/ward/export.sh   modes and owners
    N50                                           this group has members
"""

from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Record, Value
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
from hipscan.probes.changers import PathStatus, changers, path_status

SCRIPT: Final = r"""
keep() {
  for path; do
    case $path in *\** | *"$NL"*) continue ;; esac
    [ -f "$path" ] || continue
    if [ -r "$path" ]; then chosen=$chosen$path$NL; else note denied "$path"; fi
  done
}
for folder in /etc/cron.d /var/spool/cron /etc/sudoers.d /etc/systemd/system; do
  [ ! -d "$folder" ] || { [ -r "$folder" ] && [ -x "$folder" ]; } || note denied "$folder"
done
chosen=''
keep /etc/crontab /etc/anacrontab /etc/cron.d/* /var/spool/cron/crontabs/root \
  /var/spool/cron/tabs/root /var/spool/cron/root
keep /etc/systemd/system/*.service /etc/systemd/system/*.service.d/*.conf \
  /usr/local/lib/systemd/system/*.service
keep /etc/sudoers /etc/sudoers.d/*
[ -e /etc/sudoers ] || keep /usr/etc/sudoers
set -f
IFS=$NL
# shellcheck disable=SC2086 # one path a line
set -- $chosen
found=''
[ $# -eq 0 ] || found=$(awk '
BEGIN {
  word = "([Pp][Aa][Ss][Ss]|[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn])"
  secret = "(^|[ \t])(-[A-Za-z-]*" word "[A-Za-z-]*[ =]|[A-Za-z_]*" word "[A-Za-z_]*=)[^ \t]+"
}
function words(text, kind, place,   n, part, i, first, word, moves, runs, here) {
  gsub(/[0-9]*>>?[ \t]*[^ \t;&|)]+/, " ", text)
  gsub(/\\,/, " ", text)
  gsub(secret, " ", text)
  gsub(/[;&|(){}`]|(^|[ \t])(then|do|else)[ \t]/, " \001 ", text)
  gsub(/["\047=]/, " ", text)
  n = split(text, part, /[ \t]+/)
  first = 1
  for (i = 1; i <= n; i++) {
    word = part[i]
    if (word == "") continue
    if (word == "\001") { first = 1; moves = runs = 0; continue }
    if (moves) { if (word ~ /^\//) here = (word == "/" ? "" : word); moves = 0; continue }
    if (word == "cd") { moves = 1; first = 0; continue }
    if (here != "" && word ~ /^\.\//) word = here substr(word, 2)
    else if (here != "" && word ~ /^[A-Za-z0-9_.\/-]+\.(sh|py|pl|php|rb)$/ && word !~ /^[\/-]/)
      word = here "/" word
    if (word ~ /^\/[^*?$%\[]+$/ && word !~ /^\/(dev|proc|sys)\//) {
      sub(/[:,]+$/, "", word)
      print kind (first || runs ? 1 : 0) ":" place ":" word
    }
    if (word ~ /(^|\/)run-parts$/) runs = 1  # all that lies in the folder behind it runs
    first = 0
  }
}
FNR == 1 {
  finish()
  unit = FILENAME ~ /^\/(etc|usr\/local\/lib)\/systemd\//
  sudo = FILENAME ~ /^(\/usr)?\/etc\/sudoers/
  own = FILENAME ~ /^\/var\/spool\//
}
function finish(  i) {
  if (unit && !(user != "" && user != "root" && user != "0"))
    for (i = 1; i <= count; i++) words(command[i], "S", place[i])
  count = 0; user = ""; unit = 0
}
/^[ \t]*(#[^0-9]|#$|;|$)/ { next }
unit {
  if (sub(/^[ \t]*User[ \t]*=[ \t]*/, "")) user = $0
  else if (/^[ \t]*DynamicUser[ \t]*=[ \t]*(yes|true|on|1)[ \t]*$/ && user == "") user = "nobody"
  else if (sub(/^[ \t]*Exec[A-Za-z]+[ \t]*=[ \t]*[-@:+!|]*/, "")) {
    count++; command[count] = $0; place[count] = FILENAME ":" FNR
  }
  next
}
sudo {
  line = $0
  while (sub(/\\$/, "", line) && (getline next_line) > 0) line = line next_line
  if (line ~ /^[ \t]*(Defaults|@|#|User_Alias|Host_Alias|Runas_Alias)/) next
  if (match(line, /\([^)]*\)/)) {
    as = substr(line, RSTART + 1, RLENGTH - 2); sub(/:.*/, "", as)
    if (as !~ /(^|[ ,])(root|ALL|#0)([ ,]|$)/ && as != "") next
  }
  gsub(/[,!]/, " ; ", line); gsub(/\([^)]*\)|[A-Z_]+:/, " ; ", line); sub(/^[^=]*=/, "", line)
  words(line, "U", FILENAME ":" FNR)
  next
}
/^[ \t]*[A-Za-z_][A-Za-z0-9_]*[ \t]*=/ { next }
{
  line = $0; sub(/^[ \t]+/, "", line)
  if (FILENAME == "/etc/anacrontab") skip = 3
  else if (line ~ /^@/) skip = own ? 1 : 2
  else skip = own ? 5 : 6
  who = ""
  for (i = 1; i <= skip; i++) {
    match(line, /^[^ \t]+[ \t]*/); who = substr(line, 1, RLENGTH); line = substr(line, RLENGTH + 1)
  }
  sub(/[ \t]+$/, "", who)
  if (own || FILENAME == "/etc/anacrontab" || who == "root") words(line, "C", FILENAME ":" FNR)
}
END { finish() }' "$@" | head -n 2000)
printf '%s\nX\n' "$found"
[ -n "$found" ] || exit 0
command -v stat >/dev/null || { note unsupported stat; exit 0; }
set --
for path in $(printf '%s\n' "$found" | awk -F: '{ sub(/^[^:]*:[^:]*:[0-9]+:/, "") } !seen[$0]++')
do
  if [ -e "$path" ]; then set -- "$@" "$path"; else printf 'M%s\n' "$path"; fi
done
ends=''
if [ $# -gt 0 ]; then
  ends=$(readlink -f -- "$@")
  # busybox follows one path at a time
  if [ $# -gt 1 ] && [ "${ends#*"$NL"}" = "$ends" ]; then
    ends=$(for path; do readlink -f -- "$path"; done)
  fi
  printf '%s\n' "$@" | sed 's/^/E/'
  printf '%s\n' "$ends" | sed 's/^/L/'
fi
every=$(printf '%s\n' "$found" | awk -v ends="$ends" '
function up(path) {
  while (path != "") { if (!seen[path]++) print path; sub(/\/[^\/]*$/, "", path) }
}
{ sub(/^[^:]*:[^:]*:[0-9]+:/, ""); up($0) }
END { n = split(ends, end, "\n"); for (i = 1; i <= n; i++) up(end[i]); print "/" }')
set --
for path in $every; do [ ! -e "$path" ] || set -- "$@" "$path"; done
stat -L -c 'T%f:%u:%g:%U:%G:%n' -- "$@" || note error stat
awk -F: 'FILENAME == "/etc/group" { if ($4 != "" && $4 != "root") print "N" $3; next }
  $3 > 0 && !seen[$4]++ { print "N" $4 }' /etc/group /etc/passwd
"""

FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the program, as the task, the unit or the rule names it"),
    "by": Field(FieldType.TEXT, "cron, unit or sudo"),
    "file": Field(FieldType.TEXT, "the file that names it"),
    "line": Field(FieldType.INTEGER, "the line of the file"),
    "program": Field(
        FieldType.BOOLEAN,
        "whether it is what runs, or a script: the first word of a command, or an executable file",
    ),
    "exists": Field(FieldType.BOOLEAN, "whether it is there"),
    "changed_by": Field(
        FieldType.LIST,
        "who besides root can change it: `everybody: PATH`, `group NAME: PATH`, `user NAME: PATH`,"
        " where PATH is the program, what it links to, or a folder above",
    ),
}

_KINDS: Final = {"C": "cron", "S": "unit", "U": "sudo"}
_SCRIPTS: Final = (".sh", ".bash", ".py", ".pl", ".php", ".rb", ".js", ".ksh")


@dataclass(slots=True)
class _Seen:
    """The answer, by path."""

    status: dict[str, PathStatus] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    peopled: set[int] = field(default_factory=set)


def parse(text: str, _status: int) -> Facts:
    """Parse the paths, what is known of them, and the groups that have members."""
    seen = listing(text)
    if "X" not in seen.plain:
        raise ValueError("the list of programs has no end")
    known = _known(seen)
    records: dict[tuple[Value, Value], Record] = {}
    for line in seen.plain:
        if line[:1] in _KINDS:
            record = _record(line, known)
            held = records.setdefault((record["by"], record["path"]), record)
            if record["program"] and not held["program"]:
                records[record["by"], record["path"]] = record
    return {"root_program": judge_notes(seen.notes, tuple(records.values()))}


def _known(seen: Listing) -> _Seen:
    known = _Seen()
    exist = seen.behind("E")
    ends = seen.behind("L")
    if len(exist) != len(ends):
        raise ValueError("paths and the ends of their links do not match")
    known.ends = dict(zip(exist, ends, strict=True))
    for line in seen.plain:
        if line.startswith("T"):
            path, about = path_status(line)
            known.status[path] = about
        elif line.startswith("N"):
            known.peopled.add(int(line[1:]))
    return known


def _record(line: str, known: _Seen) -> Record:
    kind, file, number, path = line.split(":", 3)
    about = known.status.get(path)
    runs = kind.endswith("1") or path.endswith(_SCRIPTS)
    executable = bool(about and not about.is_folder and about.mode & 0o111)
    return {
        "path": path,
        "by": _KINDS[kind[0]],
        "file": file,
        "line": int(number),
        "program": runs or executable,
        "exists": about is not None,
        "changed_by": changers(path, known.ends.get(path, path), known.status, known.peopled),
    }


PROBE: Final = Probe(
    name="root_programs",
    facts=(
        FactSpec(
            "root_program",
            "A program that root runs by cron or systemd, or that sudo lets people run as root.",
            ("by", "path"),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    limit=512 * 1024,
    commands=("stat", "readlink"),
)
