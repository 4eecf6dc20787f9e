"""Drop-ins and includes: the shell that reads them, and the order in which systemd reads them.

Several probes (config, sysctl, kernel_modules, crypto_policy) read the same shape: a main file
and folders of pieces, where a piece in a stronger folder hides the piece of the same name in a
weaker one (systemd's "Configuration directories and precedence", modprobe.d(5), sysctl.d(5)).
"""

from collections.abc import Iterable, Mapping, Sequence
from posixpath import basename, dirname
from typing import Final

GATHER: Final = r"""
# gather SUFFIX FOLDER...: all FOLDER/*SUFFIX in one process; a mask (link to /dev/null) is empty.
gather() {
  suffix=$1; shift; left=$#
  while [ "$left" -gt 0 ]; do
    dir=$1; shift; left=$((left - 1))
    if [ ! -d "$dir" ]; then note_missing "$dir"; continue; fi
    if [ ! -r "$dir" ] || [ ! -x "$dir" ]; then note denied "$dir"; continue; fi
    for path in "$dir"/*"$suffix"; do
      if [ -d "$path" ]; then continue
      elif [ -c "$path" ]; then printf 'F%s\n' "$path"
      elif [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "$path"
      fi
    done
  done
  files "$@"
}
"""

IS_NEW: Final = r"""
# is_new PATH: whether an include names it for the first time; a folder that hides it is noted.
is_new() {
  case $seen in *"$NL$1$NL"*) return 1 ;; esac
  if [ ! -e "$1" ] && [ -d "${1%/*}" ] && [ ! -r "${1%/*}" ]; then note denied "$1"; return 1; fi
  seen=$seen$1$NL
}
"""


OR_VENDOR: Final = r"""
# or_vendor PATH...: their contents; of one that is not there that of SUSE's vendor, below /usr/etc.
or_vendor() {
  left=$#
  while [ "$left" -gt 0 ]; do
    path=$1; shift; left=$((left - 1))
    if [ ! -e "$path" ] && [ -e "/usr$path" ]; then path=/usr$path; fi
    set -- "$@" "$path"
  done
  files "$@"
}
"""


def or_vendor(files: Mapping[str, Sequence[str]], path: str) -> Sequence[str]:
    """Return the lines of a file below /etc, or else of the vendor's file that stands in for it."""
    return files.get(path, files.get(f"/usr{path}", ()))


def by_precedence(paths: Iterable[str], folders: Sequence[str]) -> tuple[str, ...]:
    """Return the paths that count, in the order in which they are read.

    `folders` come strongest first. Of files with one name only that of the strongest folder
    counts; names decide the order, whatever their folders.
    """
    rank = {folder: number for number, folder in enumerate(folders)}
    strongest: dict[str, str] = {}
    for path in paths:
        name, folder = basename(path), dirname(path)
        if folder not in rank:
            continue
        held = strongest.get(name)
        if held is None or rank[folder] < rank[dirname(held)]:
            strongest[name] = path
    return tuple(strongest[name] for name in sorted(strongest))
