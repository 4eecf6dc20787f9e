r"""Who else can reach patient data and password files: rights of others, and access control lists.

Mode bits are read by find and stat; a list shows as `+` behind the bits in `ls -l`, and getfacl
says, where it is installed, whom it names. Folders that others may not enter are not searched:
what is below them is out of reach. The search has a limit of time and of entries.

    Q/srv/phi                                  this path was searched
    B/srv/phi                                  a folder above keeps others out
    W81a4:0:0:root:root:/srv/phi/scans/a.dcm   others may read or write it
    Z0                                         how the search for rights of others ended
    z0                                         how the search for lists ended
    A/etc/shadow                               it has a list
    Guser:ann:r--                              an entry of that list
    O                                          an ls that shows no lists, BusyBox's for one
"""

import stat
from collections.abc import Iterator
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, absent, missing, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing
from hipscan.probes.changers import above
from hipscan.probes.file_status import owner_name

SCRIPT: Final = r"""
IFS=$NL
set -f
limit=''
command -v timeout >/dev/null && limit="timeout${NL}15"
marked=''
case $(ls --version) in *coreutils*) ;; *) printf 'O\n' ;; esac
# shellcheck disable=SC2086 # no word, or two
for path in $HIPSCAN_DATA; do
  case $path in /*) ;; *) continue ;; esac
  if [ ! -e "$path" ]; then note_missing "$path"; continue; fi
  path=$(readlink -f -- "$path")
  case $path in '' | *"$NL"*) note special "a name with a newline"; continue ;; esac
  [ -r "$path" ] || { note denied "$path"; continue; }
  printf 'Q%s\n' "$path"
  above=$path
  set -- /
  while [ "${above%/*}" ]; do above=${above%/*}; set -- "$@" "$above"; done
  if [ "$(find "$@" -prune ! -perm -0001)" ]; then printf 'B%s\n' "$path"
  else
    {
      $limit find "$path" -xdev ! -type l \( -perm -0004 -o -perm -0002 \) \
        -exec stat -c 'W%f:%u:%g:%U:%G:%n' '{}' + -o -type d ! -perm -0001 -prune
      printf 'Z%s\n' $?
    } | head -n 301
  fi
  more=$({ $limit find "$path" -xdev ! -type l -exec ls -ld '{}' +; printf 'z%s\n' $?; } |
    awk '/^z/ { print; next } substr($1, 11, 1) == "+" {
      for (i = 1; i <= 8; i++) sub(/^[^ ]+ +/, "")
      if (++n <= 100) print "+" $0
    }')
  printf '%s\n' "$more" | sed -n '/^z/p'
  marked=$marked$(printf '%s\n' "$more" | sed -n 's/^+//p')$NL
done
marked=$marked$(ls -ld /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/sudoers /etc/sudoers.d \
  /etc/ssh/sshd_config /etc/ssh /root /etc/crontab /var/log/audit |
  awk 'substr($1, 11, 1) == "+" { print $NF }')
for path in $marked; do
  printf 'A%s\n' "$path"
  [ ! -e "$path" ] || ! command -v getfacl >/dev/null ||
    getfacl -cp -- "$path" | awk '/^(default:)?(user|group):[^:]+:/ { print "G" $1 }'
done
printf 'E\n'
"""

OPEN: Final = {
    "path": Field(FieldType.TEXT, "a path of patient data, as the inventory names it, or below it"),
    "of": Field(FieldType.TEXT, "the path of the inventory that it belongs to"),
    "mode": Field(FieldType.MODE, "permission bits"),
    "owner": Field(FieldType.TEXT, "owner"),
    "group": Field(FieldType.TEXT, "group"),
    "world_readable": Field(FieldType.BOOLEAN, "whether others may read it"),
    "world_writable": Field(FieldType.BOOLEAN, "whether others may write it"),
}
ACL: Final = {
    "path": Field(FieldType.TEXT, "a path that has an access control list"),
    "phi": Field(FieldType.BOOLEAN, "whether it is patient data, or else a file of the system"),
    "grants": Field(
        FieldType.LIST, "accounts and groups that the list names, where getfacl is there to say"
    ),
}


def parse(text: str, _status: int) -> Facts:
    """Parse what others can reach, and the lists."""
    seen = listing(text)
    if "E" not in seen.plain:
        raise ValueError("the search has no end")
    paths = [line[1:] for line in seen.plain if line.startswith("Q")]
    lists = tuple(_lists(seen, paths))
    lost = [f"{note.kind}: {note.text}" for note in seen.of_kind("denied", "special")]
    if not paths and not lost:
        nothing = absent("the inventory names no path of patient data that exists")
        return {"phi_reachable": nothing, "access_list": _listed(seen, lists, [])}
    records = tuple(_reachable(seen, paths))
    ends = [line for line in seen.plain if line[:1] in ("Z", "B")]
    rights = [*lost, *_unfinished(ends, len(paths))]
    marks = [*lost, *_unfinished([x for x in seen.plain if x[:1] == "z"], len(paths))]
    return {"phi_reachable": _fact(records, rights), "access_list": _listed(seen, lists, marks)}


def _listed(seen: Listing, lists: tuple[Record, ...], lost: list[str]) -> Fact:
    if "O" in seen.plain:
        return missing(FactStatus.UNSUPPORTED, "ls of this host does not show lists")
    return _fact(lists, lost)


def _unfinished(ends: list[str], wanted: int) -> list[str]:
    """Say why a search is not whole: it was cut, ran out of time, or folders refused it."""
    if len(ends) < wanted:
        return ["the search was cut"]
    return [
        f"the search ended with {line[1:]}" for line in ends if line[0] != "B" and line[1:] != "0"
    ]


def _fact(records: tuple[Record, ...], lost: list[str]) -> Fact:
    return Fact(FactStatus.PARTIAL, records, "; ".join(lost)) if lost else ok(*records)


def _reachable(seen: Listing, paths: list[str]) -> Iterator[Record]:
    for line in seen.plain:
        if line.startswith("W"):
            raw, uid, gid, user, group, path = line[1:].split(":", 5)
            mode = stat.S_IMODE(int(raw, 16))
            yield {
                "path": path,
                "of": _top(path, paths),
                "mode": f"{mode:04o}",
                "owner": owner_name(user, uid),
                "group": owner_name(group, gid),
                "world_readable": bool(mode & stat.S_IROTH),
                "world_writable": bool(mode & stat.S_IWOTH),
            }


def _top(path: str, paths: list[str]) -> str:
    return next((step for step in above(path) if step in paths), "")


def _lists(seen: Listing, paths: list[str]) -> Iterator[Record]:
    found: dict[str, list[Value]] = {}
    current: list[Value] = []
    for line in seen.plain:
        if line.startswith("A"):
            current = found.setdefault(line[1:], [])
        elif line.startswith("G"):
            current.append(line[1:])
    for path, grants in found.items():
        yield {"path": path, "phi": _top(path, paths) in paths, "grants": grants}


PROBE: Final = Probe(
    name="data_access",
    facts=(
        FactSpec(
            "phi_reachable",
            "A file or folder of patient data that every account can read or write.",
            ("path",),
            OPEN,
        ),
        FactSpec(
            "access_list",
            "An access control list on patient data or on files that accounts depend on.",
            ("path",),
            ACL,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    data="phi_path",
    seconds=40,
    limit=512 * 1024,
    commands=("find", "stat", "ls", "getfacl"),
)
