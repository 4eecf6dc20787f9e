r"""Quadlets of Podman: units of systemd that start one container each (podman-systemd.unit(5)).

`UNITS` is an awk for the output of `files`, with the same care for secrets as `MASK` of
hipscan.probes.containers.compose_files, whose functions it shares. Files that EnvironmentFile
names pass through as that one has them.

    F/etc/containers/systemd/pacs.container
    :Image=docker.io/orthancteam/orthanc:25.4
    :PublishPort=8042:8042
    :Environment=ORTHANC__AUTHENTICATION_ENABLED=false
"""

from collections.abc import Sequence
from typing import Final

from hipscan.probes.containers.compose_files import FUNCTIONS, Node

PLACES: Final = (
    "/etc/containers/systemd/*.container /etc/containers/systemd/*/*.container "
    "/usr/share/containers/systemd/*.container /root/.config/containers/systemd/*.container "
    "/home/*/.config/containers/systemd/*.container"
)

UNITS: Final = rf"""
units() {{ awk '
{FUNCTIONS}
function tell(name, value) {{ print ":" name "=" state(name, value) }}
function assignments(text,   mark, at) {{
  while (sub(/^[ \t]+/, "", text) >= 0 && text != "") {{
    mark = substr(text, 1, 1)
    if (mark == "\"" || mark == "\047") {{ text = substr(text, 2); at = index(text, mark) }}
    else at = match(text, /[ \t]/)
    if (!at) at = length(text) + 1
    word = substr(text, 1, at - 1); text = substr(text, at + 1)
    if (match(word, /^[A-Za-z_][A-Za-z0-9_.-]*=/)) {{
      value = substr(word, RLENGTH + 1); word = substr(word, 1, RLENGTH - 1)
      gsub(/^["\047]|["\047]$/, "", value); print ":Environment=" word "=" state(word, value)
    }}
  }}
}}
/^F/ {{ print; file = substr($0, 2); section = more = ""; next }}
/^!/ {{ print; next }}
{{
  text = more substr($0, 2); more = ""; sub(/\r$/, "", text)
  if (text ~ /\\$/) {{ more = substr(text, 1, length(text) - 1) " "; next }}
  if (file !~ /\.container$/) {{
    if (match(text, /^[ \t]*[A-Za-z_][A-Za-z0-9_]*=/)) {{
      name = substr(text, 1, RLENGTH - 1); sub(/^[ \t]+/, "", name)
      print ":" name "=" given(name, bare(substr(text, RLENGTH + 1)))
    }}
    next
  }}
  sub(/^[ \t]+/, "", text)
  if (text ~ /^\[/) {{ section = text; next }}
  if (section !~ /^\[Container\]/ || !match(text, /^[A-Za-z]+[ \t]*=[ \t]*/)) next
  name = substr(text, 1, RLENGTH); value = substr(text, RLENGTH + 1); sub(/[ \t]*=.*/, "", name)
  sub(/[ \t]+$/, "", value)
  if (name == "Environment" && value != "") assignments(value)
  else if (name == "Volume" && match(value, /:\/[A-Za-z0-9_.\/-]*/))
    print ":Volume=" substr(value, RSTART, RLENGTH)
  else if (name ~ /^(Image|PublishPort|Network|Environment(File)?)$/) print ":" name "=" value
  else if (name == "Secret" && value ~ /,type=env(,|$)/) {{
    sub(/,.*target=/, ",", value); sub(/,type=.*/, "", value); sub(/.*,/, "", value)
    if (value ~ /^[A-Za-z_][A-Za-z0-9_]*$/) print ":Environment=" value "=variable"
  }}
  else if (name ~ /^(Secret|Exec)$/) print ":" name "=set"
}}'; }}
"""

_LISTS: Final = {
    "PublishPort": "ports",
    "Environment": "environment",
    "EnvironmentFile": "env_file",
    "Volume": "volumes",
    "Secret": "secrets",
}
_SINGLE: Final = {"Image": "image", "Exec": "command"}


def read_quadlet(lines: Sequence[str]) -> dict[str, Node]:
    """Return the container of a masked unit as the service of a compose file."""
    body: dict[str, Node] = {}
    lists: dict[str, list[Node]] = {}
    for line in lines:
        name, _, value = line.partition("=")
        if name in _SINGLE:
            body[_SINGLE[name]] = value
        elif name == "Network" and value == "host":
            body["network_mode"] = "host"
        elif name in _LISTS and not value:
            lists.pop(_LISTS[name], None)  # an empty setting forgets those before it
        elif name in _LISTS:
            lists.setdefault(_LISTS[name], []).append(value)
    return {**body, **lists}
