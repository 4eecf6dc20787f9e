r"""Who else can reach patient data and password files: rights of others, and access control lists.

Names of files below a path of patient data stay on the target, since they may be names of
patients; what leaves it are numbers. Mode bits are read by find and stat; a list shows as `+`
behind the bits in `ls -l`, and getfacl says, where it is installed, whom it names. Folders that
others may not enter are not searched: what is below them is out of reach.

    Q41e8:0:33:root:www-data:/srv/phi    this path was searched
    B                                    a folder above keeps others out
    R12:3                                others can read 12 files and folders, and write 3
    Z0                                   how that search ended
    M2                                   two files or folders have a list
    z0                                   how the search for lists ended
    A/etc/shadow                         this file of the system has a list
    Guser:ann:r--                        an entry of the lists of the path or file above
    O                                    an ls that shows no lists, BusyBox's for one
"""

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, absent, missing, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Probe, listing
from hipscan.probes.files.file_status import owner_name

SCRIPT: Final = r"""
IFS=$NL
set -f
limit=''
command -v timeout >/dev/null && limit="timeout${NL}15"
case $(ls --version) in *coreutils*) ;; *) printf 'O\n' ;; esac
grants() {
  ! command -v getfacl >/dev/null || getfacl -cp -- "$@" |
    awk '/^(default:)?(user|group):[^:]+:/ && !seen[$1]++ { print "G" $1 }'
}
# shellcheck disable=SC2086 # no word, or two
for path in $HIPSCAN_DATA; do
  case $path in /*) ;; *) continue ;; esac
  if [ ! -e "$path" ]; then note_missing "$path"; continue; fi
  path=$(readlink -f -- "$path")
  case $path in '' | *"$NL"*) note special "a name with a newline"; continue ;; esac
  [ -r "$path" ] || { note denied "$path"; continue; }
  stat -c 'Q%f:%u:%g:%U:%G:%n' -- "$path"
  above=$path
  set -- /
  while [ "${above%/*}" ]; do above=${above%/*}; set -- "$@" "$above"; done
  if [ "$(find "$@" -prune ! -perm -0001)" ]; then printf 'B\n'
  else
    {
      $limit find "$path" -xdev ! -type l \( -perm -0004 -o -perm -0002 \) \
        -exec stat -c '%a' '{}' + -o -type d ! -perm -0001 -prune
      printf 'Z%s\n' $?
    } | awk '/^Z/ { end = $0; next } /[4567]$/ { reads++ } /[2367]$/ { writes++ }
      END { print "R" reads + 0 ":" writes + 0; print end }'
  fi
  found=$({ $limit find "$path" -xdev ! -type l -exec ls -ld '{}' +; printf 'z%s\n' $?; } |
    awk '/^z/ { print "M" n + 0; print; next } substr($1, 11, 1) == "+" {
      for (i = 1; i <= 8; i++) sub(/^[^ ]+ +/, "")
      if (++n <= 200) print "+" $0
    }')
  printf '%s\n' "$found" | sed -n '/^[zM]/p'
  # shellcheck disable=SC2046 # one path a line
  set -- $(printf '%s\n' "$found" | sed -n 's/^+//p')
  [ $# -eq 0 ] || grants "$@"
done
for path in $(ls -ld /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/sudoers /etc/sudoers.d \
  /etc/ssh/sshd_config /etc/ssh /root /etc/crontab |
  awk 'substr($1, 11, 1) == "+" { print $NF }'); do
  printf 'A%s\n' "$path"
  grants "$path"
done
printf 'E\n'
"""

REACH: Final = {
    "path": Field(FieldType.TEXT, "a path of patient data, its links resolved"),
    "mode": Field(FieldType.MODE, "its permission bits"),
    "owner": Field(FieldType.TEXT, "its owner"),
    "group": Field(FieldType.TEXT, "its group"),
    "kept_out": Field(FieldType.BOOLEAN, "whether a folder above keeps other accounts out"),
    "readable": Field(
        FieldType.INTEGER, "how many files and folders every account can read, itself included"
    ),
    "writable": Field(FieldType.INTEGER, "how many of them every account can write"),
}
ACL: Final = {
    "path": Field(FieldType.TEXT, "a path of patient data, or a file that accounts depend on"),
    "phi": Field(FieldType.BOOLEAN, "whether it is patient data"),
    "count": Field(FieldType.INTEGER, "how many files and folders have a list, itself included"),
    "grants": Field(
        FieldType.LIST, "accounts and groups that the lists name, where getfacl is there to say"
    ),
}


@dataclass(slots=True)
class _Path:
    """What was found at and below one path."""

    record: dict[str, Value]
    ends: list[str] = field(default_factory=list)
    marks: int = 0
    mark_ends: list[str] = field(default_factory=list)
    grants: list[Value] = field(default_factory=list)


def parse(text: str, _status: int) -> Facts:
    """Parse what others can reach, and the lists."""
    seen = listing(text)
    if "E" not in seen.plain:
        raise ValueError("the search has no end")
    paths, files = _take(seen.plain)
    lost = [f"{note.kind}: {note.text}" for note in seen.of_kind("denied", "special")]
    records = tuple(each.record for each in paths)
    cut = lost + [why for each in paths for why in _unfinished(each.ends)]
    reach = absent("the inventory names no path of patient data that exists")
    if paths or lost:
        reach = Fact(FactStatus.PARTIAL, records, "; ".join(cut)) if cut else ok(*records)
    marks = lost + [why for each in paths for why in _unfinished(each.mark_ends)]
    found = tuple(_lists(paths, files))
    lists = Fact(FactStatus.PARTIAL, found, "; ".join(marks)) if marks else ok(*found)
    if "O" in seen.plain:
        lists = missing(FactStatus.UNSUPPORTED, "ls of this host does not show lists")
    return {"phi_reach": reach, "access_list": lists}


def _take(lines: Sequence[str]) -> tuple[list[_Path], dict[str, list[Value]]]:
    paths: list[_Path] = []
    files: dict[str, list[Value]] = {}
    grants: list[Value] = []
    for line in lines:
        rest = line[1:]
        match line[:1]:
            case "Q":
                paths.append(_Path(_path(rest)))
                grants = paths[-1].grants
            case "B" if paths:
                paths[-1].record |= {"kept_out": True, "readable": 0, "writable": 0}
                paths[-1].ends.append("0")
            case "R" if paths:
                reads, writes = rest.split(":")
                paths[-1].record |= {"readable": int(reads), "writable": int(writes)}
            case "Z" if paths:
                paths[-1].ends.append(rest)
            case "M" if paths:
                paths[-1].marks = int(rest)
            case "z" if paths:
                paths[-1].mark_ends.append(rest)
            case "A":
                grants = files.setdefault(rest, [])
            case "G":
                grants.append(rest)
            case _:
                pass
    return paths, files


def _path(rest: str) -> dict[str, Value]:
    raw, uid, gid, user, group, path = rest.split(":", 5)
    return {
        "path": path,
        "mode": f"{stat.S_IMODE(int(raw, 16)):04o}",
        "owner": owner_name(user, uid),
        "group": owner_name(group, gid),
        "kept_out": False,
        "readable": None,
        "writable": None,
    }


def _unfinished(ends: Sequence[str]) -> Iterator[str]:
    """Say why a search is not whole: it was cut, ran out of time, or folders refused it."""
    if not ends:
        yield "a search was cut"
    yield from (f"a search ended with {end}" for end in ends if end != "0")


def _lists(paths: Sequence[_Path], files: dict[str, list[Value]]) -> Iterator[Record]:
    for each in paths:
        path = each.record["path"]
        yield {"path": path, "phi": True, "count": each.marks, "grants": each.grants}
    for name, grants in files.items():
        yield {"path": name, "phi": False, "count": 1, "grants": grants}


PROBE: Final = Probe(
    name="data_access",
    facts=(
        FactSpec(
            "phi_reach", "How much of a path of patient data everybody can reach.", ("path",), REACH
        ),
        FactSpec(
            "access_list",
            "Access control lists on patient data or on files that accounts depend on.",
            ("path",),
            ACL,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    data="phi_path",
    seconds=40,
    limit=64 * 1024,
    commands=("find", "stat", "ls", "getfacl", "readlink"),
)
