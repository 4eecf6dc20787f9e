r"""The shared walk: one `find` over the local file systems, for every rule that looks for files.

It starts at each local mount (no network, no container layers, no snapshots, no pseudo file
systems) and stays on it, ends after a time and after a number of files, and says when it was cut.
Only names, modes, owners and sizes are read; of files that may hold a private key, whether the
line `PRIVATE KEY` is in them. Names can hold anything: the list is separated by NUL, and a
newline in a name travels as \001.

What a file costs is paid a hundred thousand times. So one regular expression holds for every name
that is looked for, another for the folders that are passed over, and the patterns themselves are
tried on what they let through; and GNU find, whose `-nouser` reads /etc/passwd again for each file,
is given the numbers that stand in it, root's before all others.
"""

import re
from collections.abc import Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, missing
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Probe, listing
from hipscan.probes.files.language_files import LANGUAGE_FILES, LANGUAGES, MOST, UNFIT
from hipscan.probes.files.language_records import SPEC, language_fact
from hipscan.probes.files.walk_records import (
    CREDENTIALS,
    DUMPS,
    KEYS,
    LEFT_BEHIND,
    PEM,
    PROGRAM_CREDENTIALS,
    RHOSTS,
    SHIPPED,
    WEB_ROOTS,
    Packages,
    file_records,
)
from hipscan.probes.unprivileged import AS_NOBODY

_LIMIT: Final = 5000
_SKIPPED: Final = (
    *("/proc", "/sys", "/run/user", "/run/credentials", "/snap", "/var/lib/snapd"),
    *("/var/lib/docker", "/var/lib/containerd", "/var/lib/containers", "/var/lib/kubelet"),
    *("/run/docker", "/run/containerd", "/run/containers", "/var/lib/lxc", "/var/lib/lxd"),
    *("/var/lib/incus", "/var/lib/machines", "/home/*/.local/share/containers"),
    *("*/.snapshots", "*/.zfs", "/timeshift"),
)

_LOOKED_FOR: Final = (
    *(*RHOSTS, *KEYS, *CREDENTIALS, *PROGRAM_CREDENTIALS, *LEFT_BEHIND, *PEM),
    *LANGUAGE_FILES,
)


def _any(test: str, patterns: Sequence[str]) -> str:
    """Return find's words for one of several names; a pattern with a slash is a path."""
    words = (f"{'-path' if '/' in each else test} '{each}'" for each in patterns)
    return r"\( " + " -o ".join(words) + r" \)"


def _gate(patterns: Sequence[str], star: str) -> str:
    """Return GNU find's words, one a line of sh, for paths that one of the patterns may match."""
    words = "|".join(sorted(re.escape(each) for each in set(patterns)))
    words = words.replace(r"\*", star).replace(r"\-", "-")
    return f"-regextype${{NL}}posix-extended${{NL}}-regex$NL.*/({words})"


_SCRIPT: Final = r"""
command -v find >/dev/null || { note unsupported find; exit 0; }
[ -r /proc/self/mountinfo ] || { note unsupported /proc/self/mountinfo; exit 0; }
IFS=$NL
set -f
roots=$(awk '
function skipped(at) {
  if (at ~ /^\/(proc|sys|snap|timeshift)(\/|$)/) return 1
  if (at ~ /^\/dev(\/|$)/) return at != "/dev/shm"
  if (at ~ /^\/run\/(user|credentials|docker|containerd|containers|netns)(\/|$)/) return 1
  if (at ~ /^\/var\/lib\/(docker|containerd|containers|kubelet|snapd|lx[cd]|incus|machines)(\/|$)/)
    return 1
  return at ~ /\/(\.snapshots|\.zfs)(\/|$)/
}
function inside(path, top) { return path == top || index(path, top == "/" ? "/" : top "/") == 1 }
{
  n = split($0, part, " ")
  for (i = 7; i < n && part[i] != "-"; i++);
  at = part[5]
  gsub(/\\040/, " ", at); gsub(/\\011/, "\t", at); gsub(/\\134/, "\\", at)
  kind[at] = part[i + 1]; device[at] = part[3]; root[at] = part[4]
}
END {
  for (at in kind) {
    type = kind[at]
    local = type ~ /^(ext[234]|xfs|btrfs|zfs|jfs|reiserfs|f2fs|bcachefs|nilfs2|hostfs|tmpfs)$/
    if (at == "/" && type ~ /^(overlay|ramfs|rootfs|aufs)$/) local = 1
    if (!local || skipped(at) || at ~ /\\012/) delete kind[at]
  }
  for (at in kind) {
    for (other in kind) {
      if (at == other || device[at] != device[other]) continue
      if (root[at] == root[other]) {
        if (length(other) < length(at)) twin[at] = 1
        if (length(other) == length(at) && other < at) twin[at] = 1
      } else if (kind[at] != "btrfs" && inside(root[at], root[other])) twin[at] = 1
    }
  }
  for (at in kind) if (!(at in twin)) print at
}' /proc/self/mountinfo | sort)
[ -n "$roots" ] || { note unsupported "no local file system"; exit 0; }
limit=''
command -v timeout >/dev/null && limit="timeout${NL}40"

# shellcheck disable=SC2086  # one root a word, split at newlines
search() {
  $limit find $roots $calm -xdev -type d $folders @SKIPPED@ -prune -o \( \
    -type f $named \( \
      @LANGUAGES@ ! -path "*$NL*" $listed -name / -o \
      @NAMES@ -o \
      @PROGRAMS@ -perm -0004 ! @SHIPPED@ -o \
      @DUMPS@ -size +0 -perm -0004 ! @SHIPPED@ -o \
      @WEB@ @LEFT@ -size +0 ! @SHIPPED@ -o \
      -size -128 @PEM@ ! @SHIPPED@ -exec grep -q 'PRIVATE KEY' '{}' \; \) -o \
    -type f \( -perm -4000 -o -perm -2000 -o -perm -0002 \) -o \
    -type d -perm -0002 ! -perm -1000 -o \
    \( $unowned \) \) "$@"
  printf 'e%s\0' $?
}
# The words for "owned by a number that passwd or group does not have", for find or GNU find.
unowned() {
  awk -F: -v gnu="$1" '
    $3 !~ /^[0-9]+$/ || (gnu && FNR > 500) { next }
    FILENAME == "/etc/passwd" { users = users "! " (gnu ? "-uid " : "-user ") $3 " " }
    FILENAME == "/etc/group" { groups = groups "! " (gnu ? "-gid " : "-group ") $3 " " }
    END {
      if (gnu) words = "! -uid 0 ( " users "-nouser ) -o ! -gid 0 ( " groups "-nogroup )"
      else if (users == "" || groups == "") words = "-name /"
      else words = "( " users ") -o ( " groups ")"
      gsub(/ /, "\n", words)
      print words
    }' /etc/passwd /etc/group
}
# What is kept of the list: so many paths of packages of languages, and so many other files.
keep() { awk '@UNFIT@  /^l/ { if (++paths <= @MOST@ + 1) print; next }
  /^e/ || ++files < 5002'; }

calm='' folders='' named='' listed=''
# shellcheck disable=SC2185  # no search, only its version
case $(find --version) in
  *GNU*)
    unowned=$(unowned yes)
    calm=-ignore_readdir_race
    folders="@FOLDERS@"
    named="@LOOKED_FOR@"
    listed="-printf${NL}l%p\0"
    found=$(search -printf 'w%m:%u:%g:%U:%G:%s:%T@:%y:%p\0' | tr '\n\0' '\001\n' | keep) ;;
  *)
    command -v stat >/dev/null || { note unsupported stat; exit 0; }
    unowned=$(unowned '')
    # The find of busybox forgets the last files of an -exec that stands in brackets.
    found=$(search ! -path "*$NL*" -exec stat -c 's%f:%U:%G:%u:%g:%s:%Y:%n' '{}' + -name / -o \
      -type f @LANGUAGES@ ! -path "*$NL*" -exec stat -c 'l%n' '{}' + |
      tr '\0' '\n' | keep) ;;
esac
langs=''
case $NL$found in *"${NL}l/"*)
  langs=$(printf '%s\n' "$found" | sed -n 's/^l//p')
  found=$(printf '%s\n' "$found" | grep -v '^l') ;;
esac
printf '%s\n' "$found"
[ -z "$langs" ] || languages
printf 'L\n'

# Which of the set-uid and set-gid programs belong to a package.
privileged=$(printf '%s\n' "$found" | awk -F: '
  /^w[2-7][0-7][0-7][0-7]:/ && $8 == "f" { sub(/^([^:]*:)+/, ""); print }
  /^s8[4-9a-f][0-9a-f][0-9a-f]:/ { sub(/^([^:]*:)+/, ""); print }')
[ -n "$privileged" ] || exit 0
set +f
set -- /var/lib/dpkg/info/*.list
set -f
if [ -e "$1" ]; then
  printf 'p\n'
  printf '%s\n' "$privileged" | awk '{ print } sub(/^\/usr\//, "/")' | grep -Fxh -f - "$@" |
    sed 's/^/d/'
elif [ -d /var/lib/rpm ] || [ -d /usr/lib/sysimage/rpm ]; then
  command -v rpm >/dev/null || exit 0
  # shellcheck disable=SC2086  # one path a word, split at newlines
  as_nobody rpm -qf --qf '[r%{FILEMODES:octal} %{FILENAMES}\n]' $privileged |
    awk -v list="$privileged" '
    BEGIN { n = split(list, path, "\n"); for (i = 1; i <= n; i++) wanted[path[i]] }
    /^r/ { name = $0; sub(/^[^ ]* /, "", name); if (name in wanted) print }
    /^file .* is not owned by any package$/ { print "n" substr($0, 6, length($0) - 33) }'
fi
"""

SCRIPT: Final = AS_NOBODY + (
    (LANGUAGES + _SCRIPT)
    .replace("@SKIPPED@", _any("-path", _SKIPPED))
    .replace("@SHIPPED@", _any("-path", SHIPPED))
    .replace("@LANGUAGES@", _any("-name", LANGUAGE_FILES))
    .replace("@UNFIT@", UNFIT)
    .replace("@MOST@", str(MOST))
    .replace("@NAMES@", _any("-name", (*RHOSTS, *KEYS, *CREDENTIALS)))
    .replace("@PROGRAMS@", _any("-name", PROGRAM_CREDENTIALS))
    .replace("@DUMPS@", _any("-name", DUMPS))
    .replace("@WEB@", _any("-path", WEB_ROOTS))
    .replace("@LEFT@", _any("-name", LEFT_BEHIND))
    .replace("@PEM@", _any("-name", PEM))
    .replace("@FOLDERS@", _gate([each.rpartition("/")[2] for each in _SKIPPED], ".*"))
    .replace("@LOOKED_FOR@", _gate([each.rpartition("/")[2] for each in _LOOKED_FOR], "[^/]*"))
)

FIELDS: Final = {
    "path": Field(FieldType.TEXT, "where it is; a newline in a name is kept"),
    "kind": Field(
        FieldType.TEXT,
        "world-writable-file; world-writable-dir (without sticky bit); set-uid; set-gid; unowned; "
        "private-key; rhosts; credentials (of a person); program-credentials (readable by others); "
        "dump (of a database or an image, readable by others); "
        "web-dump (such a file, or a copy, in a folder of a web server)",
    ),
    "type": Field(FieldType.TEXT, "file, dir, link, ..."),
    "mode": Field(FieldType.MODE, "permission bits"),
    "owner": Field(FieldType.TEXT, "owner, a number where it has no name"),
    "group": Field(FieldType.TEXT, "group, a number where it has no name"),
    "uid": Field(FieldType.INTEGER, "number of the owner"),
    "gid": Field(FieldType.INTEGER, "number of the group"),
    "size": Field(FieldType.INTEGER, "bytes"),
    "modified": Field(FieldType.TIME, "last change of the content"),
    "world_readable": Field(FieldType.BOOLEAN, "whether others may read it"),
    "world_writable": Field(FieldType.BOOLEAN, "whether others may write it"),
    "group_writable": Field(FieldType.BOOLEAN, "whether its group may write it"),
    "packaged": Field(
        FieldType.BOOLEAN, "set-uid and set-gid only: whether a package brought the file"
    ),
    "package_mode": Field(FieldType.MODE, "the mode that the package gave it (rpm only)"),
    "gives_rights": Field(
        FieldType.BOOLEAN,
        "set-uid and set-gid only: a shell, interpreter, editor or copying tool, which hands its "
        "owner's rights to everybody",
    ),
}


def parse(text: str, _status: int) -> Facts:
    """Parse what find, dpkg and rpm say.

    w4755:root:root:0:0:72000:1679587252.0000000000:f:/usr/bin/su
    w666:1007:users:1007:100:12:1700000000.0000000000:f:/srv/list
    e0
    L
    p
    d/bin/su
    """
    seen = listing(text)
    for note in seen.of_kind("unsupported"):
        nothing = missing(FactStatus.UNSUPPORTED, note.text)
        return {"walked_file": nothing, "language_package": nothing}
    ends = [line[1:] for line in seen.plain if re.fullmatch(r"e\d+", line)]
    files = [line for line in seen.plain if line[:1] in {"w", "s"}]
    packages = Packages.of(seen.plain)
    records = tuple(record for line in files[:_LIMIT] for record in file_records(line, packages))
    why = _cut(ends, len(files))
    walked = Fact(FactStatus.PARTIAL if why else FactStatus.OK, records, why)
    return {"walked_file": walked, "language_package": language_fact(seen, _cut(ends, 0))}


def _cut(ends: Sequence[str], count: int) -> str:
    """Say why the walk is not whole; empty when it is."""
    if count > _LIMIT:
        return f"cut after {_LIMIT} files"
    if not ends or int(ends[0]) > 1:
        return "cut after 40 s"
    return "some folders could not be searched" if ends[0] == "1" else ""


PROBE: Final = Probe(
    name="walk",
    facts=(FactSpec("walked_file", "A file that the walk found.", ("path", "kind"), FIELDS), SPEC),
    script=SCRIPT,
    parse=parse,
    seconds=60,
    bulky=True,
    limit=4 * 1024 * 1024,
    commands=("find", "stat", "rpm", "setpriv", "unzip -p"),
)
