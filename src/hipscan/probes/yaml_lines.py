r"""Settings in YAML, as servers keep them: nested mappings, dotted names, lists, one-line mappings.

A reader of its own, because the answer must not depend on what YAML 1.1 makes of `no` or `1:30`,
and because only settings on a list may leave the host (`YAML_ONLY`). What it does not read
(anchors, mappings in mappings on one line) is an error, never a guess.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

YAML_ONLY: Final = r"""
# yaml_only KEYS: of the output of `files` keep settings whose last name is one of these.
yaml_only() { awk -v keys="^($1)$" '
function leaf(text,   part, n) {
  gsub(/["\047 \t]/, "", text); n = split(text, part, "."); return tolower(part[n])
}
function flow(text,   n, i, part, out) {
  if (text ~ /\{.*\{/) return "{*}"
  gsub(/[{}]/, "", text); n = split(text, part, ","); out = ""
  for (i = 1; i <= n; i++)
    if (match(part[i], /:/) && leaf(substr(part[i], 1, RSTART - 1)) ~ keys)
      out = out (out == "" ? "" : ", ") part[i]
  return "{" out "}"
}
!/^:/ { print; kept = 0; next }
{
  line = substr($0, 2); sub(/\r$/, "", line); sub(/[ \t]+#.*$/, "", line); text = line
  sub(/^[ \t]+/, "", text); indent = substr(line, 1, length(line) - length(text))
}
text == "" || text ~ /^#/ { next }
text ~ /^-([ \t]|$)/ { if (kept) print ":" line; next }
text ~ /^[A-Za-z_]+[ \t]*=/ {
  match(text, /[ \t]*=/); if (leaf(substr(text, 1, RSTART - 1)) ~ keys) print ":" line; next
}
match(text, /^["\047]?[A-Za-z0-9_.-]+["\047]?[ \t]*:([ \t]|$)/) {
  name = substr(text, 1, RLENGTH); rest = substr(text, RLENGTH + 1); sub(/[ \t]*:[ \t]*$/, "", name)
  kept = leaf(name) ~ keys
  if (rest ~ /^[ \t]*\{/) print ":" indent name ": " flow(rest)
  else if (rest == "" || kept) print ":" line
}'; }
"""

_PAIR: Final = re.compile(r"""^(\s*)["']?([\w.-]+)["']?\s*:(?:\s+(.*))?$""")
_OLD: Final = re.compile(r"^(\w+)\s*=\s*(.*)$")


def yaml_settings(lines: Sequence[str]) -> dict[str, str]:
    """Return dotted name -> value; a list becomes words with commas between.

    Raises ValueError for what is not read.

    net:                       ->  net.port 27017, net.tls.mode requireTLS
      port: 27017
      tls: {mode: requireTLS}
    xpack.security.http.ssl:   ->  xpack.security.http.ssl.enabled true
      enabled: true
    """
    found: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in lines:
        text = line.strip()
        if text.startswith("-") and above:
            name = ".".join(part for _, part in above)
            item = _plain(text.lstrip("- "))
            found[name] = f"{found[name]},{item}" if found.get(name) else item
        elif match := _PAIR.match(line):
            depth, value = len(match[1].expandtabs()), (match[3] or "").strip()
            above = [each for each in above if each[0] < depth]
            above.append((depth, match[2]))
            found |= _value(".".join(part for _, part in above), value)
    return found


def _value(name: str, value: str) -> Mapping[str, str]:
    if value.startswith(("&", "*", "|", ">", "{*")):
        raise ValueError(f"{name}: this form of YAML is not read")
    if value.startswith("{"):
        pairs = [part.partition(":") for part in value.strip("{} ").split(",") if ":" in part]
        return {f"{name}.{_plain(key)}": _plain(item) for key, _, item in pairs}
    if value.startswith("["):
        return {name: ",".join(_plain(part) for part in value.strip("[] ").split(","))}
    return {name: _plain(value)} if value else {}


def _plain(text: str) -> str:
    return text.strip().strip("\"'").strip()


def old_settings(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of the form that MongoDB read before YAML: `bind_ip = 127.0.0.1`."""
    for line in lines:
        match = _OLD.match(line.strip())
        if match:
            yield match[1].lower(), match[2].strip().strip("\"'")


def is_true(value: str) -> bool:
    """Say whether a value is what YAML servers take for yes."""
    return value.lower() in ("true", "yes", "on", "1", "enabled")
