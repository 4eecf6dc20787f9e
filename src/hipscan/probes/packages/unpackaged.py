r"""Software that no package manager installed: below /opt, /usr/local, /srv and /var/www.

And every Java below /usr/lib/jvm and /usr/java, where packages put theirs too: who built it stands
in its file `release`.

A folder counts where the file that makes the product run is there: headers or libraries alone
are no service. Links to what the distribution installed are passed over, and folders that are
another name of one that is looked into anyway. /opt/rh holds packages of Red Hat's.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from hipscan.model.fact import Record
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
from hipscan.probes.modes import CLOSED
from hipscan.probes.packages import unpackaged_table as table

_PLAIN: Final = "bin|etc|games|include|lib|lib64|libexec|man|sbin|share|src"


def _test(software: table.Software) -> str:
    """Return the shell that looks for one product in $home."""
    call = f"there {software.product} {software.program} '{software.text}'"
    names = f' "$home"/{software.names}' if software.names else ""
    return f'[ ! -e "$home/{software.program}" ] || {call}{names}'


_TESTS: Final = "\n  ".join(_test(software) for software in table.SOFTWARE)
_PATTERNS: Final = "; ".join(
    f'p["{name}"] = "{pattern.replace(chr(34), chr(92) + chr(34))}"'
    for name, pattern in table.TEXTS.items()
)

SCRIPT: Final = (
    CLOSED
    + rf"""
texts=''
# there PRODUCT PROGRAM TEXT [FILE...]: a product is in $home; its version stands in TEXT, or in
# the FILEs or their names.
there() {{
  product=$1; program=$home/$2; text=$3; shift 3
  [ -z "$text" ] || text=$home/$text
  [ -e "$text" ] || text=''
  [ -e "${{1-}}" ] || set --
  if [ -z "$text$*" ]; then
    [ -f "$program" ] && [ ! -L "$program" ] || return 0
  fi
  if [ $# -eq 0 ]; then set -- "$text"; fi
  for file; do
    printf 'S%s|%s|%s\n' "$product" "$home" "$file"
    case $file in *.jar | '') ;; *) [ ! -f "$file" ] || texts=$texts$file$NL ;; esac
  done
}}
for home in /usr/local /usr/local/* /usr/local/lib/erlang /usr/local/lib/nodejs/* \
    /usr/local/share/dotnet /opt/* /opt/*/*[0-9]* /opt/*/current /opt/java/* /srv/* \
    /usr/lib/jvm/* /usr/java/* \
    /var/www /var/www/* /var/www/*/web /var/www/*/public_html /var/www/*/htdocs; do
  [ -d "$home" ] || continue
  case $home in
    *"$NL"* | *'|'* | /opt/rh | /opt/rh/*) continue ;;
    /usr/local/*) case ${{home#/usr/local/}} in {_PLAIN}) continue ;; esac ;;
  esac
  [ -x "$home" ] || {{ note denied "$home"; continue; }}
  if [ -L "$home" ]; then
    cd -P "$home" || continue
    case $PWD in /usr/* | /opt/* | /srv/* | /var/www*) continue ;; esac
  fi
  {_TESTS}
done
closed /opt /srv /var/www
if [ -n "$texts" ]; then
  set -f; IFS=$NL
  # shellcheck disable=SC2086  # split at newlines, on purpose
  set -- $texts
  files "$@" | awk '
    BEGIN {{ {_PATTERNS} }}
    /^!/ {{ print; next }}
    /^F/ {{ print; name = $0; sub(/.*\//, "", name); wanted = p[name]; left = 4; next }}
    wanted != "" && left {{
      line = substr($0, 2)
      if (match(line, wanted)) {{ print ":" substr(line, RSTART, RLENGTH); left-- }}
    }}'
fi
echo looked
"""
)

FIELDS: Final = {
    "product": Field(FieldType.TEXT, "its name at endoflife.date; java: of an unknown maker"),
    "version": Field(FieldType.TEXT, "its version; null: no file that can be read tells it"),
    "path": Field(FieldType.TEXT, "the folder that it lies in"),
    "file": Field(FieldType.TEXT, "the file that tells the version, in its text or its name"),
}


def parse(text: str, _status: int) -> Facts:
    """Parse what is there, and the lines that tell versions.

    Stomcat|/opt/tomcat9|/opt/tomcat9/RELEASE-NOTES
    Snginx|/usr/local/nginx|
    Selasticsearch|/opt/es|/opt/es/lib/elasticsearch-8.13.0.jar
    F/opt/tomcat9/RELEASE-NOTES
    :Apache Tomcat Version 9.0.65
    looked
    """
    seen = listing(text)
    if "looked" not in seen.plain:
        raise ValueError("the search did not come to its end")
    notes = [note for note in seen.notes if note.kind != "absent"]
    return {"unpackaged_software": judge_notes(notes, list(_records(seen)))}


def _records(seen: Listing) -> Iterator[Record]:
    for line in seen.plain:
        if line.startswith("S"):
            product, path, file = line[1:].split("|", 2)
            yield _record(product, path, file, seen.files)


def _record(product: str, path: str, file: str, files: Mapping[str, tuple[str, ...]]) -> Record:
    name, lines = file.rpartition("/")[2], files.get(file, ())
    if product == table.JAVA:
        product, version = table.java(lines)
    else:
        version = table.in_text(name, lines) if name in table.TEXTS else table.in_name(name)
    if name == "mysql_version.h":
        product = table.mysql(lines)
    return {"product": product, "version": version or None, "path": path, "file": file}


PROBE: Final = Probe(
    name="unpackaged",
    facts=(
        FactSpec(
            "unpackaged_software",
            "One product in a folder of its own, where makers and administrators put theirs.",
            ("product", "path", "version"),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
)
