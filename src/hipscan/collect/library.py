r"""The shell functions that every probe's script can use (hipscan.probes.base says which).

Traps they know of: a file below a folder that may not be searched looks absent to `test -e`,
so `note_missing` climbs to the first folder that exists and asks whether it may be searched; a
file that is no regular file (a FIFO, a device) is never opened; a name with a newline in it
could forge a line of the listing and is only noted.
"""

from typing import Final

LIBRARY: Final = r"""
NL='
'
note() { printf '!%s %s\n' "$1" "$2"; }

# Say whether a path that `test -e` does not see is absent, or behind a folder we may not enter.
note_missing() {
  up=$1
  while up=${up%/*}; [ -n "$up" ]; do
    if [ -d "$up" ]; then
      if [ -x "$up" ]; then note absent "$1"; else note denied "$1"; fi
      return
    fi
  done
  note absent "$1"
}

# Print the contents of regular files, all in one process.
files() {
  left=$#
  while [ "$left" -gt 0 ]; do
    path=$1; shift; left=$((left - 1))
    case $path in *"$NL"*) note special "a name with a newline"; continue ;; esac
    if [ ! -e "$path" ]; then note_missing "$path"
    elif [ ! -f "$path" ]; then note special "$path"
    elif [ ! -r "$path" ]; then note denied "$path"
    elif [ ! -s "$path" ]; then printf 'F%s\n' "$path"
    else set -- "$@" "$path"
    fi
  done
  [ $# -eq 0 ] || awk 'FNR == 1 { print "F" FILENAME } { print ":" $0 }' "$@" ||
    note error "reading files"
}

# Print the contents of all files of a folder that end in a suffix, in the order of their names.
dropins() {
  if [ ! -d "$1" ]; then note_missing "$1"
  elif [ ! -r "$1" ] || [ ! -x "$1" ]; then note denied "$1"
  else
    set -- "$1"/*"$2"
    if [ -e "$1" ] || [ -L "$1" ]; then files "$@"; fi
  fi
}
"""
