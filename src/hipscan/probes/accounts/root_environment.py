r"""Where root looks for programs, and which rights new files get: PATH and umask in files.

Conditions around a statement are taken as true, as in a login shell that nobody knows better.
Variables are not followed but for $HOME, which is root's; `$PATH` adds nothing new.

    P/root/.profile:3:.            a folder of PATH; nothing behind the colon: the current folder
    L30                            where /etc/profile reads the files of profile.d
    U/etc/profile:9:027            a umask
    T41ed:0:0:root:root:/usr/sbin  modes and owners of the folders, and of those above
    N50                            this group has members
"""

import sys
from collections.abc import Iterator
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
from hipscan.probes.changers import changers, path_status

SCRIPT: Final = r"""
home=$(awk -F: '$1 == "root" { print $6; exit }' /etc/passwd)
home=${home:-/root}
chosen=''
for path in /etc/environment /etc/login.defs /etc/profile /etc/bash.bashrc \
  /usr/etc/profile.d/*.sh /etc/profile.d/*.sh /etc/bashrc /etc/crontab \
  /etc/sudoers /etc/sudoers.d/* "$home/.profile" "$home/.bash_profile" \
  "$home/.bash_login" "$home/.bashrc" /var/spool/cron/crontabs/root /var/spool/cron/root; do
  case $path in *\** | *"$NL"* | /etc/sudoers.d/*[.~]*) continue ;; esac
  # SUSE keeps the vendor's file below /usr until somebody writes one.
  if [ ! -e "$path" ] && [ -e "/usr$path" ]; then path=/usr$path; fi
  if [ ! -e "$path" ]; then
    case $path in "$home"/*) [ -x "$home" ] || note denied "$path" ;; esac
    continue
  fi
  [ -f "$path" ] || continue
  if [ -r "$path" ]; then chosen=$chosen$path$NL; else note denied "$path"; fi
done
set -f
IFS=$NL
# shellcheck disable=SC2086 # one path a line
set -- $chosen
found=''
[ $# -eq 0 ] || found=$(awk -v home="$home" '
/^[ \t]*#/ { next }
FILENAME ~ /\/etc\/profile$/ && /profile\.d/ { print "L" FNR }
{
  line = $0
  sub(/[ \t]#.*/, "", line)
  sudo = FILENAME ~ /\/etc\/sudoers(\.d\/|$)/
  # What the files of RHEL add a folder with.
  sub(/(^|[ \t;&(])pathmunge[ \t]+\//, " PATH=/", line)
  if (sudo) { if (!sub(/.*secure_path[ \t]*\+?=[ \t]*/, "PATH=", line)) next }
  else if (FILENAME ~ /login\.defs$/) {
    if (line !~ /^[ \t]*ENV_(SU|ROOT)PATH[ \t]/) next
    sub(/^[ \t]*ENV_(SU|ROOT)PATH[ \t]+(PATH=)?/, "PATH=", line)
  }
  if (match(line, /(^|[ \t;&(])PATH=[^ \t;&)]*/)) {
    value = substr(line, RSTART, RLENGTH)
    sub(/^.*PATH=/, "", value); gsub(/["\047]/, "", value)
    gsub(/\$HOME|\$\{HOME\}|~/, home, value)
    n = split(value, part, ":")
    for (i = 1; i <= n; i++) {
      if (part[i] ~ /\$/ || (part[i] == "" && n == 1)) continue
      print "P" FILENAME ":" FNR ":" part[i]
    }
  }
  # in the bashrc of RHEL 9, only for whom has none: [ `umask` -eq 0 ] && umask 022
  if (line ~ /umask[`)"]* +-eq +0+ /) next
  rest = line; gsub(/["\047]/, "", rest)
  while (match(rest, /(^|[ \t;&(])umask[ \t]+[0-7ugoa=rwx,+-]+/)) {
    word = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
    sub(/^.*umask[ \t]+/, "", word)
    print "U" FILENAME ":" FNR ":" word
  }
}' "$@")
printf '%s\nX%s\n' "$found" "$home"
set --
for path in $(printf '%s\n' "$found" | awk '/^P/ {
  sub(/^[^:]*:[^:]*:/, "")
  while (/^\//) { if (!seen[$0]++) print; if ($0 == "/") break; sub(/\/[^\/]*$/, "") }
} END { print "/" }'); do
  [ ! -e "$path" ] || set -- "$@" "$path"
done
stat -L -c 'T%f:%u:%g:%U:%G:%n' -- "$@" || note error stat
awk -F: 'FILENAME == "/etc/group" { if ($4 != "" && $4 != "root") print "N" $3; next }
  $3 > 0 && !seen[$4]++ { print "N" $4 }' /etc/group /etc/passwd
"""

FOLDER: Final = {
    "folder": Field(FieldType.TEXT, "the folder, as PATH names it; empty for the current one"),
    "file": Field(FieldType.TEXT, "the file that sets PATH"),
    "line": Field(FieldType.INTEGER, "the line of the file"),
    "absolute": Field(FieldType.BOOLEAN, "whether it starts with a slash"),
    "exists": Field(FieldType.BOOLEAN, "whether there is such a folder"),
    "changed_by": Field(
        FieldType.LIST,
        "who besides root can put programs there: `everybody: PATH`, `group NAME: PATH`,"
        " `user NAME: PATH`",
    ),
}
UMASK: Final = {
    "file": Field(FieldType.TEXT, "the file"),
    "line": Field(FieldType.INTEGER, "the line"),
    "of_root": Field(FieldType.BOOLEAN, "whether it is a file in the home of root"),
    "late": Field(FieldType.BOOLEAN, "whether it stands in /etc/profile behind its profile.d"),
    "mask": Field(FieldType.MODE, "the umask"),
    "leaves": Field(FieldType.MODE, "the rights that it leaves a new folder"),
}
_FULL: Final = 0o777
_BITS: Final = {"r": 0o4, "w": 0o2, "x": 0o1}
_SHIFTS: Final = {"u": (6,), "g": (3,), "o": (0,), "a": (6, 3, 0)}


def parse(text: str, _status: int) -> Facts:
    """Parse folders and umasks, and what stat says."""
    seen = listing(text)
    ends = seen.behind("X")
    if not ends:
        raise ValueError("the list of statements has no end")
    notes = [note for note in seen.notes if note.kind != "absent"]
    return {
        "root_path": judge_notes(notes, tuple(_folders(seen))),
        "umask_setting": judge_notes(notes, tuple(_umasks(seen, ends[0]))),
    }


def _folders(seen: Listing) -> Iterator[Record]:
    status = dict(path_status(line) for line in seen.plain if line.startswith("T"))
    peopled = {int(line[1:]) for line in seen.plain if line.startswith("N")}
    told = set[tuple[str, str]]()
    for line in seen.plain:
        if line.startswith("P"):
            file, number, folder = line[1:].split(":", 2)
            if (file, folder) in told:
                continue
            told.add((file, folder))
            absolute = folder.startswith("/")
            path = folder.rstrip("/") or "/"
            who: list[Value] = changers(path, path, status, peopled) if absolute else []
            yield {
                "folder": folder,
                "file": file,
                "line": int(number),
                "absolute": absolute,
                "exists": path in status and status[path].is_folder if absolute else None,
                "changed_by": who,
            }


def _umasks(seen: Listing, home: str) -> Iterator[Record]:
    loop = max(map(int, seen.behind("L")), default=sys.maxsize)
    for line in seen.plain:
        if line.startswith("U"):
            file, number, word = line[1:].split(":", 2)
            leaves = leaves_of(word)
            yield {
                "file": file,
                "line": int(number),
                "of_root": file.startswith(f"{home}/"),
                "late": file in ("/etc/profile", "/usr/etc/profile") and int(number) > loop,
                "mask": None if leaves is None else f"{_FULL & ~leaves:04o}",
                "leaves": None if leaves is None else f"{leaves:04o}",
            }


def leaves_of(word: str) -> int | None:
    """Return the rights that a umask leaves: `027`, or `u=rwx,g=rx,o=` (POSIX, umask).

    None where it only changes the umask that was there before, which nobody knows here.
    """
    if word.isdigit():
        return _FULL & ~int(word, 8)
    left, told = 0, set[int]()
    for part in word.split(","):
        who, sign, rights = part.partition("=")
        if not sign or not set(rights) <= _BITS.keys() or not set(who) <= _SHIFTS.keys():
            return None
        for shift in {shift for letter in who or "a" for shift in _SHIFTS[letter]}:
            left &= ~(0o7 << shift)
            left |= sum(_BITS[letter] for letter in set(rights)) << shift
            told.add(shift)
    return left if told == {0, 3, 6} else None


PROBE: Final = Probe(
    name="root_environment",
    facts=(
        FactSpec(
            "root_path", "A folder in which root looks for programs.", ("file", "folder"), FOLDER
        ),
        FactSpec("umask_setting", "A umask in a file of shells.", ("file", "line"), UMASK),
    ),
    script=SCRIPT,
    parse=parse,
    limit=256 * 1024,
    commands=("stat",),
)
