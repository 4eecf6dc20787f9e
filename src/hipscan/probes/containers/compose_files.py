r"""Docker compose files: the shell that masks them, and a bounded reader of their YAML.

`MASK` is an awk for the output of `files`. Structure leaves the host, values only of the keys in
its allow-list; of an environment variable whose name looks like a secret only a state, of any
other value `set` or `empty`. A line that it does not understand is left out. Of a published
default the state is `known-default`. A value that a variable of the file's own gives has its name:
`variable:NAME`, and `fallback-STATE:NAME` where something stands in for it.

    F/opt/pacs/docker-compose.yml
    :services:
    :  ldap:
    :    image: "dcm4che/slapd-dcm4chee:2.6.7-33.1"
    :    environment:
    :      LDAP_ROOTPASS: "known-default"
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import yaml
from yaml import events

Node: TypeAlias = str | list["Node"] | dict[str, "Node"]

# Keys whose values leave the host, and variables of the environment that hold no secret.
_KEYS: Final = (
    "image|container_name|ports|expose|network_mode|env_file|privileged|published|target|"
    "protocol|host_ip|mode|path|extends|file|service|profiles|scale|include"
)
_VARIABLES: Final = (
    "LDAP_TLS_VERIFY|LDAP_TLS_REQCERT|LDAP_URLS?|LDAP_DISABLE_HOSTNAME_VERIFICATION|TLS_PROTOCOLS|"
    "OE_USER|OMRS_MODULE_WEB_ADMIN|ORTHANC__REMOTE_ACCESS_ALLOWED|"
    "ORTHANC__AUTHENTICATION_ENABLED|ORTHANC__(SSL|DICOM_TLS)_ENABLED|POSTGRES_HOST_AUTH_METHOD|"
    "(MYSQL|MARIADB)_ALLOW_EMPTY(_ROOT)?_PASSWORD|(MYSQL|MARIADB)_RANDOM_ROOT_PASSWORD"
)
# Parts of names whose values stand in images and ports.
_PLAIN: Final = "PORT|IP|BIND|ADDR|ADDRESS|TAG|VERSION|IMAGE|REGISTRY"
# Passwords that the images' own files and manuals publish.
_PUBLISHED: Final = (
    "secret|root|pass|admin|openmrs|openemr|Admin123|pacs|changeit|changeme|orthanc|postgres|"
    "password|mirthdb|mirth|81uWxplDtB|hapi|keycloak|change-me|mysecretpassword|my-secret-pw"
)

# What both masks share: what a value may say of itself.
FUNCTIONS: Final = rf"""function bare(text) {{
  sub(/[ \t]+#.*$/, "", text); sub(/[ \t]+$/, "", text)
  if (text ~ /^".*"$/ || text ~ /^\047.*\047$/) text = substr(text, 2, length(text) - 2)
  return text
}}
function is_secret(name) {{
  return toupper(name) ~ /PASS|SECRET|TOKEN|CREDENTIAL|_PWD?$|REGISTERED_USERS$/
}}
function users(text,   n, i, pairs, words) {{
  gsub(/[][{{}}"\047\\ \t]/, "", text); n = split(text, pairs, ",")
  for (i = 1; i <= n; i++) {{
    split(pairs[i], words, ":")
    if (words[1] == words[2] || plain(words[2]) == "known-default") return "known-default"
  }}
  return text == "" ? "empty" : "set"
}}
function plain(value) {{
  return value == "" ? "empty" : value ~ /^({_PUBLISHED})$/ ? "known-default" : "set"
}}
function state(name, value,   inner) {{
  if (value == "") return "empty"
  if (name ~ /^({_VARIABLES})$/ && value !~ /[$"\\]/) return value
  if (!is_secret(name)) return "set"
  if (name ~ /_FILE$/) return "file"
  gsub(/\$\$/, "", value)
  if (match(value, /^\$\{{?[A-Za-z_0-9]+/)) {{
    name = substr(value, 1, RLENGTH); inner = substr(value, RLENGTH + 1); gsub(/[${{]/, "", name)
    if (inner == "" || inner ~ /^(:?\?[^{{}}]*)?\}}$/) return "variable:" name
    if (inner ~ /^:?-[^{{}}$]*\}}$/) {{
      sub(/^:?-/, "", inner); sub(/\}}$/, "", inner); return "fallback-" plain(inner) ":" name
    }}
  }}
  if (value ~ /\$/) return "variable"
  return name ~ /REGISTERED_USERS$/ ? users(value) : plain(value)
}}
function given(name, value) {{
  if (name ~ /(^|_)({_PLAIN})(_|$)/ && !is_secret(name) && value ~ /^[A-Za-z0-9_.:\/-]+$/)
    return value
  if (is_secret(name) || name ~ /^({_VARIABLES})$/) return state(name, value)
  return value ~ /\$/ ? "variable" : plain(value)
}}"""

MASK: Final = rf"""
mask() {{ awk '
{FUNCTIONS}
function quote(text) {{ gsub(/["\\]/, "", text); gsub(/\t/, " ", text); return "\"" text "\"" }}
function parent(indent,   at) {{
  for (at = top; at > 0; at--) if (depth[at] < indent) return names[at]
  return ""
}}
# Variables in one line, masked; nothing where they have a form that is not read.
function in_line(value,   mark, rest, name, item, out) {{
  sub(/[ \t]+(#.*)?$/, "", value)
  if (value !~ /^(\[.*\]|\{{.*\}})$/ || value ~ /\\/) return ""
  mark = substr(value, 1, 1); rest = substr(value, 2, length(value) - 2)
  while (sub(/^[ \t,]+/, "", rest) + length(rest)) {{
    if (rest == "") break
    if (mark == "{{") {{
      if (!match(rest, /^["\047]?[A-Za-z_][A-Za-z0-9_.-]*["\047]?:[ \t]+/)) return ""
      name = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1)
      gsub(/["\047 \t:]/, "", name)
    }}
    if (!match(rest, /^"[^"]*"/) && !match(rest, /^\047[^\047]*\047/) &&
        !match(rest, /^[^],}}[{{"]+/)) return ""
    item = bare(substr(rest, 1, RLENGTH)); rest = substr(rest, RLENGTH + 1)
    if (rest !~ /^[ \t]*(,|$)/) return ""
    if (mark == "[") {{
      if (!match(item, /^[A-Za-z_][A-Za-z0-9_.-]*=/)) return ""
      name = substr(item, 1, RLENGTH - 1); item = substr(item, RLENGTH + 1)
    }}
    item = state(name, item)
    item = mark == "[" ? quote(name "=" item) : quote(name) ": " quote(item)
    out = out (out == "" ? "" : ", ") item
  }}
  return mark out (mark == "[" ? "]" : "}}")
}}
function odd(why) {{ print "!odd " file ", line " line ": " why }}
function settle() {{
  if (held != "") print held " " quote(state(whose, block))
  held = ""
}}
END {{ settle() }}
/^F/ {{ settle(); print; file = substr($0, 2); top = line = 0; swallow = -1; next }}
/^!/ {{ settle(); print; next }}
{{
  line++; text = substr($0, 2); sub(/\r$/, "", text)
  if (file !~ /\.ya?ml$/) {{
    sub(/^[ \t]*(export[ \t]+)?/, "", text)
    if (match(text, /^[A-Za-z_][A-Za-z0-9_]*=/)) {{
      name = substr(text, 1, RLENGTH - 1)
      print ":" name "=" given(name, bare(substr(text, RLENGTH + 1)))
    }}
    next
  }}
  if (text ~ /^[ \t]*(#|$)/ || text ~ /^(---|%)/) next
  match(text, /^ */); indent = RLENGTH
  if (swallow >= 0 && indent > swallow) {{ block = block text; next }}
  swallow = -1; settle()
  rest = substr(text, indent + 1); lead = substr(text, 1, indent); place = indent
  if (rest ~ /^\t/) {{ odd("a tab"); next }}
  while (match(rest, /^- +/)) {{
    lead = lead substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1); indent += RLENGTH
  }}
  if (match(rest, /^["\047]?[A-Za-z0-9_.\/<-]+["\047]?[ \t]*:([ \t]|$)/)) {{
    name = substr(rest, 1, RLENGTH); sub(/[ \t]*:[ \t]*$/, "", name); name = bare(name)
    value = substr(rest, RLENGTH + 1); sub(/^[ \t]+/, "", value)
    above = parent(indent)
    while (top > 0 && depth[top] >= indent) top--
    names[++top] = name; depth[top] = indent
    head = ":" lead quote(name) ":"
    while (match(value, /^(!(reset|override)|&[A-Za-z0-9_-]+)([ \t]+|$)/)) {{
      head = head " " substr(value, 1, RLENGTH); value = substr(value, RLENGTH + 1)
    }}
    if (value ~ /^#/) value = ""
    if (value == "" || value ~ /^\*[A-Za-z0-9_-]+[ \t]*$/ || value ~ /^(\[\]|\{{\}})[ \t]*$/)
      print head " " value
    else if (name ~ /^[<][<]$/ && value ~ /^\[[ \t]*(\*[A-Za-z0-9_-]+[ \t,]*)+\][ \t]*$/ ||
        name == "extends" && value ~ /^\{{[A-Za-z0-9_.\/:, "\047-]*\}}[ \t]*$/)
      print head " " value
    else if (value ~ /^[!&]/) odd("a form that is not read")
    else if (value ~ /^[|>]/) {{
      swallow = indent
      if (name ~ /REGISTERED_USERS$/) {{ held = head; whose = name; block = "" }}
      else print head " " quote("set")
    }}
    else if (name ~ /^(ports|env_file|expose)$/ && value ~ /^\[[^]&*!]*\][ \t]*$/)
      print head " " value
    else if (name == "environment" && (found = in_line(value)) != "") print head " " found
    else if (value ~ /^[[{{]/) {{
      if (name ~ /^(ports|environment|env_file|services|extends|include|[<][<])$/ ||
          above == "services")
        odd(name " in one line")
      if (value !~ /[]}}][ \t]*$/) swallow = indent
      print head " " quote("set")
    }}
    else if (above != "environment" && name ~ /^({_KEYS})$/) print head " " quote(bare(value))
    else if (above ~ /^(environment$|x-)/) print head " " quote(state(name, bare(value)))
    else print head " " quote(is_secret(name) ? state(name, bare(value)) : "set")
    next
  }}
  if (rest ~ /^[?{{[]/) {{ odd("a form that is not read"); next }}
  if (lead ~ /- +$/) {{
    while (top > 0 && depth[top] > place) top--
    above = names[top]; item = bare(rest)
    if (above ~ /^(environment$|x-)/ && match(item, /^[A-Za-z_][A-Za-z0-9_.-]*=/)) {{
      name = substr(item, 1, RLENGTH - 1)
      print ":" lead quote(name "=" state(name, substr(item, RLENGTH + 1)))
    }}
    else if (above == "environment" && item ~ /^[A-Za-z_][A-Za-z0-9_]*$/)
      print ":" lead quote(item "=variable:" item)
    else if (above ~ /^(ports|env_file|expose|include|path)$/) print ":" lead quote(item)
    else if (above == "volumes" && match(item, /:\/[A-Za-z0-9_.\/-]*/))
      print ":" lead quote(substr(item, RSTART, RLENGTH))
    else print ":" lead quote("set")
  }}
}}'; }}
"""

_MAX_NODES: Final = 20_000
_MAX_DEPTH: Final = 20
_LONGEST: Final = 400_000  # characters of one masked file


class _Reader:
    """Composes one document of events; every scalar stays text, an alias is its anchor's value."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise ValueError("the file is too large")
        self._events: Iterator[events.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._anchors: dict[str, Node] = {}
        self._nodes = 0

    def document(self) -> Node:
        try:
            for event in self._events:
                if isinstance(event, events.DocumentStartEvent):
                    return self._node(next(self._events), 0)
        except (yaml.YAMLError, StopIteration) as error:
            raise ValueError(f"no YAML: {str(error)[:80]}") from error
        return {}

    def _node(self, event: events.Event, depth: int) -> Node:
        self._nodes += 1
        if self._nodes > _MAX_NODES or depth > _MAX_DEPTH:
            raise ValueError("the file holds too much")
        node: Node
        match event:
            case events.AliasEvent():
                return self._anchors.get(event.anchor or "", {})
            case events.ScalarEvent():
                node = str(event.value)
            case events.SequenceStartEvent():
                node = self._sequence(depth)
            case events.MappingStartEvent():
                node = self._mapping(depth)
            case _:
                raise ValueError("no value where one belongs")
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = node
        return node

    def _sequence(self, depth: int) -> Node:
        found: list[Node] = []
        while not isinstance(event := next(self._events), events.SequenceEndEvent):
            found.append(self._node(event, depth + 1))
        return found

    def _mapping(self, depth: int) -> Node:
        found: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        while not isinstance(event := next(self._events), events.MappingEndEvent):
            key = self._node(event, depth + 1)
            at = next(self._events)
            value = self._node(at, depth + 1)
            if not isinstance(key, str):
                raise ValueError("a key that is no text")  # noqa: TRY004  # of the file, not the call
            if key == "<<":
                for one in reversed(value) if isinstance(value, list) else [value]:
                    merged |= one if isinstance(one, dict) else {}
            else:
                found[key] = value
            if getattr(at, "tag", None) in ("!reset", "!override"):
                found[f"!{key}"] = ""
        return merged | found


def read_compose(lines: Sequence[str]) -> Mapping[str, Node]:
    """Return the services of a masked file by name; raise ValueError for another file."""
    return read_document(lines)[0]


def read_document(lines: Sequence[str]) -> tuple[Mapping[str, Node], tuple[str, ...]]:
    """Return the services of a masked file, and the files that it includes."""
    document = _Reader("\n".join(lines)).document()
    if not isinstance(document, dict):
        raise ValueError("not a mapping")  # noqa: TRY004  # the file's fault, not the caller's
    old = not document.keys() & {"version", "include"}
    services = document.get("services", document if old else {})
    return (services if isinstance(services, dict) else {}), tuple(texts(document.get("include")))


def texts(node: Node | None) -> Iterator[str]:
    """Yield the paths of `env_file` or `include`: one, a list, or mappings with `path`."""
    for item in node if isinstance(node, list) else [node]:
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from texts(item.get("path"))
