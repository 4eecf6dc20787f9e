r"""Mode, owner and kind of the files that rules name, by path or by glob.

The paths come as data of the target (`stat_path`, collected from the rules), so one probe serves
every rule about a file. A path that is not there gives no record. One that could not be looked
at gives a record whose other fields are None, under its own path or pattern, so that only the
rules that ask for it lose their answer. Symbolic links are followed, and the record says so: what
counts is who can read the file that a program gets when it opens the path.
"""

import stat
from itertools import pairwise
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, missing, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing

SCRIPT: Final = r"""
command -v stat >/dev/null || { note unsupported stat; exit 0; }

# A glob passes over folders that may not be listed or searched: name them. For each wildcard,
# the folders before it must be readable; below the first one, all must be searchable.
hidden() {
  before='' after=${1#/} wild=''
  while [ -n "$after" ]; do
    part=${after%%/*}
    case $after in */*) after=${after#*/} ;; *) after='' ;; esac
    case $part in *[*?[]*) wild=yes need=r ;; *) need=x ;; esac
    if [ -n "$wild" ]; then
      for folder in ${before:-/}; do
        [ -d "$folder" ] || continue
        { [ -x "$folder" ] && { [ "$need" = x ] || [ -r "$folder" ]; }; } || {
          note denied "$1"; return
        }
      done
    fi
    before=$before/$part
  done
}

IFS=$NL
data=$HIPSCAN_DATA
set -f
for pattern in $data; do
  set +f
  case $pattern in
    /*[*?[]*) hidden "$pattern" ;;
    /*) ;;
    *) continue ;;
  esac
  for path in $pattern; do
    case $path in *"$NL"*) note special "a name with a newline"; continue ;; esac
    if [ ! -e "$path" ]; then
      case $pattern in *[*?[]*) ;; *) note_missing "$path" ;; esac
      continue
    fi
    [ $# -lt 5000 ] || { note cut "more than 5000 paths"; break 2; }
    set -- "$@" "$path"
    [ -L "$path" ] || continue
    end=$(readlink -f -- "$path")
    case $end in *"$NL"*) note special "a name with a newline"; continue ;; esac
    printf 'L%s\nT%s\n' "$path" "$end"
  done
done
[ $# -eq 0 ] || stat -L -c 'S%f:%u:%g:%s:%Y:%h:%U:%G:%n' -- "$@" || note error "a file vanished"
printf 'E\n'
"""

FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the path, as the rule names it or as its glob finds it"),
    "type": Field(FieldType.TEXT, "file, dir, fifo, socket, char or block; links are followed"),
    "mode": Field(FieldType.MODE, "permission bits with set-uid, set-gid and sticky"),
    "owner": Field(FieldType.TEXT, "name of the owner, or the number where it has no name"),
    "group": Field(FieldType.TEXT, "name of the group, or the number where it has no name"),
    "uid": Field(FieldType.INTEGER, "number of the owner"),
    "gid": Field(FieldType.INTEGER, "number of the group"),
    "size": Field(FieldType.INTEGER, "bytes"),
    "links": Field(FieldType.INTEGER, "number of hard links"),
    "modified": Field(FieldType.TIME, "last change of the content"),
    "link_to": Field(FieldType.TEXT, "only for a symbolic link: the file it ends at"),
    "world_readable": Field(FieldType.BOOLEAN, "whether others may read it"),
    "world_writable": Field(FieldType.BOOLEAN, "whether others may write it"),
    "group_writable": Field(FieldType.BOOLEAN, "whether its group may write it"),
}

_UNKNOWN: Final[Record] = dict.fromkeys((*FIELDS,), None)
_TYPES: Final = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
}


def parse(text: str, _status: int) -> Facts:
    """Parse the lines of stat, the links and the notes.

    L/etc/alternatives/editor
    T/bin/nano
    S81a4:0:0:283328:1673889200:1:root:root:/etc/alternatives/editor
    !denied /root/.ssh/id_*
    E
    """
    seen = listing(text)
    for note in seen.of_kind("unsupported"):
        return {"file": missing(FactStatus.UNSUPPORTED, f"no {note.text}")}
    if "E" not in seen.plain:
        raise ValueError("the list of files has no end")
    return {"file": _fact(seen)}


def _fact(seen: Listing) -> Fact:
    links = _links(seen.plain)
    found = {r["path"]: r for line in seen.plain if (r := _record(line, links))}
    denied = {note.text: {**_UNKNOWN, "path": note.text} for note in seen.of_kind("denied")}
    records = (*found.values(), *denied.values())
    lost = seen.of_kind("cut", "error", "special")
    if lost:
        reason = "; ".join(dict.fromkeys(note.text for note in lost))
        return Fact(FactStatus.PARTIAL, records, reason)
    if denied and not found:
        return missing(FactStatus.DENIED, f"denied: {', '.join(denied)}")
    return ok(*records)


def _links(lines: tuple[str, ...]) -> dict[str, str]:
    return {a[1:]: b[1:] for a, b in pairwise(lines) if a[:1] == "L" and b[:1] == "T"}


def _record(line: str, links: dict[str, str]) -> dict[str, Value]:
    if not line.startswith("S"):
        return {}
    raw, uid, gid, size, modified, count, user, group, path = line[1:].split(":", 8)
    bits = int(raw, 16)
    record: dict[str, Value] = {
        "path": path,
        "type": _TYPES.get(stat.S_IFMT(bits), "other"),
        **permissions(stat.S_IMODE(bits)),
        "owner": owner_name(user, uid),
        "group": owner_name(group, gid),
        "uid": int(uid),
        "gid": int(gid),
        "size": int(size),
        "links": int(count),
        "modified": int(modified),
    }
    return {**record, "link_to": links[path]} if path in links else record


def owner_name(name: str, number: str) -> str:
    """Return the name stat found; root by its number, the number where there is no name."""
    if name != "UNKNOWN":
        return name
    return "root" if number == "0" else number


def permissions(mode: int) -> dict[str, Value]:
    """Return the fields that permission bits make: the mode, and who else can do what."""
    return {
        "mode": f"{mode:04o}",
        "world_readable": bool(mode & stat.S_IROTH),
        "world_writable": bool(mode & stat.S_IWOTH),
        "group_writable": bool(mode & stat.S_IWGRP),
    }


PROBE: Final = Probe(
    name="file_status",
    facts=(FactSpec("file", "A file that a rule names.", ("path",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    data="stat_path",
    commands=("stat", "readlink"),
)
