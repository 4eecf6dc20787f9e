r"""What the host says before and after a login: /etc/issue, /etc/issue.net, /etc/motd.

agetty(8) replaces `\v`, `\r`, `\m` and `\s` by the version of the system, which tells a stranger
which flaws to try; the distribution's name does the same. Only what a text tells leaves the
target, and whether it warns; not the text.
"""

from typing import Final

from hipscan.model.fact import Record
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Probe,
    judge_notes,
    listing,
)

PATHS: Final = ("/etc/issue", "/etc/issue.net", "/etc/motd")

SCRIPT: Final = rf"""
set --
for path in {" ".join(PATHS)}; do
  if [ ! -e "$path" ]; then note_missing "$path"
  elif [ ! -f "$path" ]; then note special "$path"
  elif [ ! -r "$path" ]; then note denied "$path"
  elif [ ! -s "$path" ]; then printf 'empty %s\n' "$path"
  else set -- "$@" "$path"
  fi
done
id=''
if [ -r /etc/os-release ]; then
  while IFS='=' read -r key value; do
    case $key in ID) id=$value ;; esac
  done </etc/os-release
fi
[ $# -eq 0 ] || awk -v id="$id" '
FNR == 1 {{ print "text", FILENAME }}
FNR > 100 {{ next }}
{{
  low = tolower($0); rest = $0
  if (id != "" && index(low, tolower(id))) print "tells name"
  while (match(rest, /\\[vrmsSo]/)) {{
    print "tells escape-" substr(rest, RSTART + 1, 1); rest = substr(rest, RSTART + 2)
  }}
  if (low ~ /authori[sz]ed|befugt|autoris|autoriz/) print "warns"
  if (low ~ /monitored|prohibit|verboten|interdit/) print "warns"
  if (low ~ /[^ \t]/) print "filled"
}}' "$@"
printf 'end\n'
"""

FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the file"),
    "empty": Field(FieldType.BOOLEAN, "whether nobody gets to read anything of it"),
    "warns": Field(FieldType.BOOLEAN, "whether it says that only authorized people may use it"),
    "tells": Field(
        FieldType.LIST, "what it gives away: name of the system, escape-v and the like of agetty"
    ),
}


def parse(text: str, _status: int) -> Facts:
    """Parse what awk found in each text.

    text /etc/issue
    tells name
    tells escape-m
    warns
    empty /etc/motd
    end
    """
    seen = listing(text)
    if "end" not in seen.plain:
        raise ValueError("the answer has no end")
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in seen.plain:
        word, _, rest = line.partition(" ")
        if word in {"text", "empty"}:
            current = found.setdefault(rest, [])
        else:
            current.append(line)
    notes = [note for note in seen.notes if note.kind != "absent"]
    missing_ones = [note.text for note in seen.of_kind("absent")]
    records = [_record(path, found.get(path, [])) for path in (*found, *missing_ones)]
    return {"login_text": judge_notes(notes, records)}


def _record(path: str, lines: list[str]) -> Record:
    tells = sorted({line[6:] for line in lines if line.startswith("tells ")})
    return {"path": path, "empty": "filled" not in lines, "warns": "warns" in lines, "tells": tells}


PROBE: Final = Probe(
    name="login_texts",
    facts=(FactSpec("login_text", "A text that is shown at logins.", ("path",), FIELDS),),
    script=SCRIPT,
    parse=parse,
)
