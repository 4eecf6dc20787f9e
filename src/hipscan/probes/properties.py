r"""Java properties: the shell that reads them without their secrets, and their syntax.

A logical line is joined over backslashes at line ends; a key ends at the first `=`, `:` or blank
that is not escaped; the last of several settings counts (java.util.Properties.load). `PROPERTIES`
is a shell function for the output of `files` (hipscan.probes.base): it prints the settings whose
key matches its first argument with their values, of those that match its second only a state, and
nothing of the others.

    F/opt/mirthconnect/conf/mirth.properties
    :https.port	8443
    :keystore.storepass	known-default
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

PROPERTIES: Final = r"""
# properties SHOWN SECRET PUBLISHED: three patterns; of a secret only empty, set or known-default.
properties() { awk -v shown="$1" -v secret="$2" -v published="$3" '
function tell(line,   key, value, plain, i, c) {
  if (line ~ /^[#!]/ || line == "") return
  key = ""
  for (i = 1; i <= length(line); i++) {
    c = substr(line, i, 1)
    if (c == "\\") { key = key c substr(line, i + 1, 1); i++; continue }
    if (c ~ /[=: \t\f]/) break
    key = key c
  }
  value = substr(line, i)
  sub(/^[ \t\f]*/, "", value); sub(/^[=:]/, "", value); sub(/^[ \t\f]*/, "", value)
  plain = key; gsub(/\\/, "", plain)
  if (plain ~ "^(" shown ")$") {
    gsub(/\/\/[^\/@]*@/, "//hidden@", value); sub(/[?;].*(pass|secret|token).*/, "", value)
  }
  else if (plain ~ secret || key ~ /\\u/) {
    sub(/[ \t\f]+$/, "", value)
    value = value == "" ? "empty" : value ~ "^(" published ")$" ? "known-default" : "set"
  }
  else return
  gsub(/\t/, " ", value); print ":" plain "\t" value
}
function flush() { if (joined != "") tell(joined); joined = "" }
/^F/ { flush(); open = 0; print; next }
/^!/ { flush(); open = 0; print; next }
{
  line = substr($0, 2); sub(/\r$/, "", line); sub(/^[ \t\f]+/, "", line)
  if (!open) flush()
  if (!open && line ~ /^[#!]/) next
  tail = line; sub(/.*[^\\]/, "", tail)
  open = length(tail) % 2
  if (open) line = substr(line, 1, length(line) - 1)
  joined = joined line
}
END { flush() }'; }
"""

_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_PLAIN: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z0-9_.-]+)\}")


def read_properties(lines: Sequence[str]) -> dict[str, str]:
    """Return the settings of one file; raise ValueError for a line of another form."""
    found: dict[str, str] = {}
    for line in lines:
        key, tab, value = line.partition("\t")
        if not tab:
            raise ValueError(f"not a setting: {line[:60]!r}")
        found[key] = unescape(value)
    return found


def unescape(text: str) -> str:
    """Return `text` with the escapes of properties put in."""
    return _ESCAPE.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    body = found[1]
    if len(body) > 1:
        return chr(int(body[1:], 16))
    return _PLAIN.get(body, body)


def put_in(text: str, settings: Mapping[str, str]) -> str:
    """Return `text` with `${name}` replaced once by the other settings, as Mirth writes them."""
    return _REFERENCE.sub(lambda found: settings.get(found[1], found[0]), text)
