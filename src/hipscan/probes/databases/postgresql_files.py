"""The shell that finds and reads the files of PostgreSQL's clusters.

postgresql.conf leads to more of its kind by include, include_dir and data_directory, and to
pg_hba.conf by hba_file, which may include in its turn: the shell follows both, each file once.
"""

from typing import Final

from hipscan.probes.databases.postgresql_conf import DEFAULTS, POINTERS
from hipscan.probes.tls.tls_floor import FLOOR

FIND: Final = (
    FLOOR
    + rf"""
confs() {{ files "$@" | awk '
!/^:/ || /^:[0-9]+$/ {{ print; next }}
tolower($0) ~ /^:[ \t]*({"|".join((*DEFAULTS, *POINTERS))})[ \t=]/ &&
match($0, /^:[ \t]*[A-Za-z_]+[ \t]*=?[ \t]*(\047([^\047\\]|\047\047|\\.)*\047|[^ \t#]*)/) {{
  print substr($0, 1, RLENGTH); next
}}
{{ print ":" }}'; }}
hbas() {{ files "$@" | awk '
!/^:/ {{ print; next }}
/^:[ \t]*#/ {{ print ":"; next }}
{{
  sub(/[ \t]#.*/, ""); out = ""
  while (match(tolower($0), /(passwd|secrets?|password)=("[^"]*"|[^ \t]*)/)) {{
    word = substr($0, RSTART, RLENGTH)
    out = out substr($0, 1, RSTART - 1) substr(word, 1, index(word, "=")) "hidden"
    $0 = substr($0, RSTART + RLENGTH)
  }}
  print out $0
}}'; }}
next='' later='' seen=$NL
for path in /etc/postgresql/*/*/postgresql.conf /var/lib/pgsql/data/postgresql.conf \
  /var/lib/pgsql/*/data/postgresql.conf /var/lib/postgresql/data/postgresql.conf \
  /var/lib/postgresql/*/data/postgresql.conf; do
  version=${{path#/etc/postgresql/}} version=${{version%%/*}}
  if [ -e "/var/lib/dpkg/info/postgresql-$version.list" ] &&
    [ ! -e "/usr/lib/postgresql/$version/bin/postgres" ]
  then note absent "$path" # only the settings are left
  elif [ -e "$path" ]; then
    printf 'cluster %s\n' "$path"
    next=$next$path$NL${{path%/*}}/PG_VERSION$NL
    next=$next${{path%/*}}/postgresql.auto.conf$NL
    later=$later${{path%/*}}/pg_hba.conf$NL
  else note_missing "$path"
  fi
done
[ -n "$next" ] || exit 0
kind=confs round=0
while [ -n "$next$later" ] && [ "$round" -lt 12 ]; do
  round=$((round + 1))
  if [ -z "$next" ]; then kind=hbas next=$later later=''; fi
  IFS=$NL
  set --
  for path in $next; do
    case $seen in *"$NL$path$NL"*) continue ;; esac
    seen=$seen$path$NL
    set -- "$@" "$path"
  done
  unset IFS
  next=''
  [ $# -gt 0 ] || continue
  text=$($kind "$@")
  printf '%s\n' "$text"
  found=$(printf '%s\n' "$text" | awk '
  /^F/ {{ folder = substr($0, 2); sub(/\/[^\/]*$/, "", folder); next }}
  match(tolower($0), /^:[ \t]*({"|".join(POINTERS)})[ \t=]+/) {{
    key = tolower(substr($0, 2, RLENGTH - 1)); gsub(/[ \t=]/, "", key)
    value = substr($0, RLENGTH + 1); gsub(/^[\047"]|[\047"][ \t]*$/, "", value)
    if (value !~ /^\//) value = folder "/" value
    if (key == "include_dir") value = value "/*.conf"
    if (key == "data_directory") value = value "/postgresql.auto.conf"
    print key == "hba_file" ? "later" : "next", value
  }}')
  IFS=$NL
  for line in $found; do
    for path in ${{line#* }}; do
      case $line in
        later*) later=$later$path$NL ;;
        *) next=$next$path$NL ;;
      esac
    done
  done
  unset IFS
done
floor
"""
)
