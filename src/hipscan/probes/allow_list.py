r"""Shell that lets only known settings leave the host, and units' command lines too.

`ONLY` works on the output of `files` (hipscan.probes.base): what is not on the list is left out; a
setting that goes over several lines is joined. Nothing secret is on a list, so there is nothing to
hide.

    only backslash '=' 'guestok|path'

    :  guest ok = \                 ->  :  guest ok =     yes
    :    yes
    :  ldap admin password = s3cr   ->

`UNIT` prints a unit and its drop-ins; of a command line only the program, paths, and options on
the list leave the host.
"""

import re
import shlex
from collections.abc import Iterator
from posixpath import basename, dirname
from typing import Final

from hipscan.probes.base import Listing
from hipscan.probes.files.config_syntax import ini
from hipscan.probes.gathering import by_precedence

ONLY: Final = r"""
# only HOW SEPARATOR KEYS: HOW lines go on: backslash, indent or none; KEYS: lower case, no blanks.
only() { awk -v how="$1" -v sep="$2" -v keys="^($3)$" '
function flush(   text, key) {
  if (!count) return
  text = held; sub(/^[ \t]+/, "", text)
  key = match(text, sep) ? substr(text, 1, RSTART - 1) : text
  key = tolower(key); gsub(/[ \t"\047]/, "", key)
  if (text ~ /^[[<{}]/ || (text !~ /^[#;]/ && key ~ keys)) print ":" held
  held = ""; count = more = 0
}
!/^:/ { flush(); print; next }
{
  line = substr($0, 2); sub(/\r$/, "", line)
  if (how == "indent") {
    if (line ~ /^[ \t]*(#|$)/) next
    if (count && line ~ /^[ \t]/) { held = held line; next }
    flush(); held = line; count = 1; next
  }
  held = more ? held line : line; count = 1; more = 0
  if (how == "backslash" && held !~ /^[ \t]*[#;]/ && sub(/\\[ \t]*$/, "", held)) { more = 1; next }
  flush()
}
END { flush() }'; }
"""

FOLLOW: Final = r"""
# follow CLEAN LIST PATHS: files and what they include, as LIST finds it in what CLEAN leaves;
# folders are passed over.
follow() {
  clean=$1 list=$2 next=$3 seen=$NL round=0
  while [ -n "$next" ] && [ "$round" -lt 8 ]; do
    round=$((round + 1))
    IFS=$NL
    set --
    for path in $next; do
      case $seen in *"$NL$path$NL"*) continue ;; esac
      seen=$seen$path$NL
      case $path in
        *[*?[]*)
          folder=${path%/*}
          if [ -d "$folder" ] && { [ ! -r "$folder" ] || [ ! -x "$folder" ]; }; then
            note denied "$folder"
          fi ;;
        *) [ -d "$path" ] || set -- "$@" "$path" ;;
      esac
    done
    unset IFS
    [ $# -gt 0 ] || break
    text=$(files "$@" | $clean)
    printf '%s\n' "$text"
    next=$(printf '%s\n' "$text" | $list)
  done
}
"""

UNIT: Final = r"""
# unit NAME OPTIONS: what starts a service; of its command line only these options.
unit() {
  set -- "$1" "^($2)(=.*)?\$" 0
  options=$2
  for top in /etc/systemd/system /run/systemd/system /usr/lib/systemd/system /lib/systemd/system
  do
    [ "$top" != /lib/systemd/system ] || [ ! -L /lib ] || continue
    for path in "$top/$1" "$top/$1.d"/*.conf; do
      if [ -e "$path" ]; then set -- "$@" "$path"; fi
    done
  done
  shift 3
  [ $# -gt 0 ] || return 0
  files "$@" | awk -v keep="$options" '
  function words(line,   n, i, part, text, wanted) {
    n = split(line, part, /[ \t]+/); text = part[1]; wanted = 0
    for (i = 2; i <= n; i++) {
      if (wanted && part[i] !~ /^--?[a-zA-Z]/) text = text " " part[i]
      else if (part[i] ~ keep) text = text " " part[i]
      else if (part[i] ~ /^["\047]?[\/$]/) text = text " " part[i]
      wanted = (part[i] ~ keep && part[i] !~ /=/) || (wanted && part[i] !~ /^-/)
    }
    return text
  }
  !/^:/ { print; next }
  { line = more ? line substr($0, 2) : substr($0, 2); more = sub(/\\$/, " ", line) }
  more { next }
  line ~ /^[ \t]*(\[|ListenStream[ \t]*=|EnvironmentFile[ \t]*=)/ { print ":" line; next }
  line ~ /^[ \t]*ExecStart[ \t]*=/ {
    sub(/^[ \t]*ExecStart[ \t]*=[ \t]*/, "", line); print ":ExecStart=" words(line)
  }'
}
"""

_TOPS: Final = tuple(f"{top}/systemd/system" for top in ("/etc", "/run", "/usr/lib", "/lib"))


def unit_values(read: Listing, unit: str, key: str) -> tuple[str, ...]:
    """Return the values of `key` in a unit and its drop-ins; an empty one takes back what was.

    F/etc/systemd/system/docker.service.d/api.conf
    :[Service]
    :ExecStart=
    :ExecStart=/usr/bin/dockerd -H tcp://0.0.0.0
    """
    values: list[str] = []
    for path in _unit_files(read, unit):
        for setting in ini(read.files[path]):
            if setting.key == key:
                values = [*values, setting.value] if setting.value else []
    return tuple(values)


def _unit_files(read: Listing, unit: str) -> Iterator[str]:
    main = next((f"{top}/{unit}" for top in _TOPS if f"{top}/{unit}" in read.files), None)
    if main is not None:
        yield main
    yield from by_precedence(read.files, [f"{top}/{unit}.d" for top in _TOPS])


def command_words(read: Listing, unit: str) -> list[str]:
    """Return the words of the last command that a unit starts, without systemd's marks."""
    lines = unit_values(read, unit, "ExecStart")
    if not lines:
        return []
    try:
        words = shlex.split(lines[-1])
    except ValueError:
        words = lines[-1].split()
    return [re.sub(r"^[-@:+!]+", "", words[0]), *words[1:]] if words else []


def beside(path: str, file: str) -> str:
    """Return a path that a file names, relative to the folder of the file."""
    return path if path.startswith("/") else f"{dirname(file)}/{path}"


def stem(path: str) -> str:
    """Return the name of a file without its suffix."""
    return basename(path).partition(".")[0]
