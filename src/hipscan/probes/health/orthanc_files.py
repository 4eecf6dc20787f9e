r"""Orthanc's configuration files: the shell that takes them apart, and how Orthanc merges them.

Orthanc reads one file, or every *.json of a folder in any order; comments of C and C++ are
allowed, variables of the environment are put in before anything is parsed, and an option that
two files set makes it refuse to start (OrthancConfiguration.cpp). The awk here reads the grammar
of JSON, so that no secret leaves the host whatever the lines look like. One line a value, the
names on the way to it with tabs between:

    F/etc/orthanc/credentials.json
    :"RegisteredUsers"	"alice"	=set
    :"DicomModalities"	"ct"	{
    :"HttpPort"	=8042
    !broken /etc/orthanc/x.json, line 3: a comma or colon is missing
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

# Options that leave the host with their values; of the others only what looks like a secret.
BOOLEANS: Final[Mapping[str, bool]] = {
    "HttpServerEnabled": True,
    "RemoteAccessAllowed": False,
    "AuthenticationEnabled": False,
    "SslEnabled": False,
    "SslVerifyPeers": False,
    "DicomServerEnabled": True,
    "DicomTlsEnabled": False,
    "DicomTlsRemoteCertificateRequired": True,
    "DicomAlwaysAllowEcho": True,
    "DicomAlwaysAllowStore": True,
    "DicomAlwaysAllowFind": False,
    "DicomAlwaysAllowFindWorklist": False,
    "DicomAlwaysAllowGet": False,
    "DicomAlwaysAllowMove": False,
    "DicomCheckModalityHost": False,
    "DicomCheckCalledAet": False,
    "DicomModalitiesInDatabase": False,
    "OrthancPeersInDatabase": False,
    "HttpsVerifyPeers": True,
    "ExecuteLuaEnabled": False,
    "RestApiWriteToFileSystemEnabled": False,
    "WebDavEnabled": True,
    "WebDavUploadAllowed": True,
    "WebDavDeleteAllowed": False,
    "DeidentifyLogs": True,
}
NUMBERS: Final[Mapping[str, int]] = {
    "HttpPort": 8042,
    "DicomPort": 4242,
    "SslMinimumProtocolVersion": 4,
    "DicomTlsMinimumProtocolVersion": 0,
}
TEXTS: Final[Mapping[str, str]] = {
    "DicomAet": "ORTHANC",
    "StorageDirectory": "OrthancStorage",
    "IndexDirectory": "",
}
_LISTS: Final = ("HttpBindAddresses", "Plugins")
_TABLES: Final = ("RegisteredUsers", "DicomModalities", "OrthancPeers")
_SHOWN: Final = "|".join((*BOOLEANS, *NUMBERS, *TEXTS, *_LISTS))

# Passwords that Orthanc's own files, images and books publish.
_PUBLISHED: Final = "orthanc|alicePassword|postgres|orthancpassword|demo|change-me"

TAKE_APART: Final = rf"""
take_apart() {{ awk '
function broken(why) {{ if (!done) print "!broken " file ", line " line ": " why; done = 1 }}
function bare(text) {{ return substr(text, 2, length(text) - 2) }}
function state(text) {{
  if (text !~ /^"/) return "set"
  if (text == "\"\"") return "empty"
  if (text ~ /\$\{{/) return "variable"
  if (text ~ /^"({_PUBLISHED})"$/ || text == key[depth]) return "known-default"
  return "set"
}}
function path(   i, text) {{
  text = key[1]
  for (i = 2; i <= depth; i++) text = text "\t" key[i]
  return text
}}
function is_peer(top) {{
  return top == "OrthancPeers" || top == "DicomWeb" && key[2] == "\"Servers\""
}}
function value(text,   top, last) {{
  top = bare(key[1]); last = tolower(key[depth])
  if (top ~ /^({_SHOWN})$/) print ":" path() "\t=" text
  else if (top == "RegisteredUsers" && depth == 2) print ":" path() "\t=" state(text)
  else if (last ~ /pass(word|wd|phrase)?"$|secret|token|credential|apikey|api_key/)
    print ":" path() "\t=" state(text)
  else if (is_peer(top) && (last == "[2]" || key[3] == "[2]"))
    print ":" path() "\t=" state(text)
  else if (is_peer(top) && (last == "[0]" || last == "\"url\"")) {{
    sub(/\/\/[^\/@]*@/, "//hidden@", text); print ":" path() "\t=" text
  }}
  else if (depth == 1) print ":" path() "\t=hidden"
}}
function open_one(mark) {{
  if (depth == 0 && mark != "{{") {{ broken("it is not an object"); return }}
  if (depth && want[depth] != "v") {{ broken("a value stands where none belongs"); return }}
  if (depth) {{ want[depth] = "a"; if (kind[depth] == "[") key[depth] = "[" n[depth]++ "]" }}
  if (depth == 1 || depth == 2 && key[1] ~ /^"({"|".join(_TABLES)})"$/) print ":" path() "\t" mark
  depth++; kind[depth] = mark; n[depth] = 0; want[depth] = mark == "{{" ? "k" : "v"
}}
function scalar(text) {{
  if (!depth) {{ broken("it is not an object"); return }}
  if (want[depth] == "k" && text ~ /^"/) {{ key[depth] = text; want[depth] = "c"; return }}
  if (want[depth] != "v") {{ broken("a comma or colon is missing"); return }}
  want[depth] = "a"
  if (kind[depth] == "[") key[depth] = "[" n[depth]++ "]"
  value(text)
}}
function finish() {{
  if (begun && !done) broken(comment ? "a comment has no end" : "it ends too early")
}}
/^F/ {{
  finish(); print; file = substr($0, 2); begun = 1; done = depth = comment = line = 0; next
}}
/^!/ {{ print; next }}
{{
  line++; rest = substr($0, 2); sub(/\r$/, "", rest)
  while (rest != "" && !done) {{
    if (comment) {{
      at = index(rest, "*/"); if (!at) break
      rest = substr(rest, at + 2); comment = 0; continue
    }}
    if (match(rest, /^[ \t]+/)) {{ rest = substr(rest, RLENGTH + 1); continue }}
    two = substr(rest, 1, 2); mark = substr(rest, 1, 1)
    if ((two == "//" || two == "/*") && depth && want[depth] == "c") {{
      broken("a comment stands between a name and its colon"); break
    }}
    if (two == "//") break
    if (two == "/*") {{ comment = 1; rest = substr(rest, 3); continue }}
    if (match(rest, /^"([^"\\]|\\.)*"/) || match(rest, /^[-+.A-Za-z0-9]+/) ||
        match(rest, /^\$\{{[^{{}}]*\}}/)) {{
      text = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1)
      gsub(/\t/, " ", text); scalar(text); continue
    }}
    rest = substr(rest, 2)
    if (mark == "{{" || mark == "[") open_one(mark)
    else if (mark == ":" && depth && want[depth] == "c") want[depth] = "v"
    else if (mark == "," && depth && want[depth] == "a")
      want[depth] = kind[depth] == "{{" ? "k" : "v"
    else if ((mark == "}}" || mark == "]") && depth &&
        kind[depth] == (mark == "}}" ? "{{" : "[") && want[depth] != "c" &&
        !(mark == "}}" && want[depth] == "v")) {{ if (!--depth) done = 1 }}
    else broken("it is no JSON")
  }}
}}
END {{ finish() }}'; }}
"""

_VARIABLE: Final = re.compile(r"\$\{([^{}:]*)(?::-([^{}]*))?\}")
_BARE: Final = re.compile(r"-?[0-9]+|true|false|null")


@dataclass(frozen=True, slots=True)
class Entry:
    """One value: the names on the way to it, and it as JSON text; `{` or `[` opens a table."""

    path: tuple[str, ...]
    text: str
    file: str


@dataclass(frozen=True, slots=True)
class Merged:
    """All files as Orthanc would merge them.

    `unknown` are options whose value hangs on the environment; `error` says why Orthanc does not
    start on these files, or nothing.
    """

    options: Mapping[str, bool | int | str]
    unknown: frozenset[str]
    lists: Mapping[str, tuple[str, ...]]
    entries: tuple[Entry, ...]
    present: frozenset[str]
    error: str = ""


@dataclass(slots=True)
class Environment:
    """What the service's environment holds: names that it sets, or None where nobody knows."""

    names: set[str] | None = field(default=None)

    def put_in(self, text: str) -> str | None:
        """Return `text` with its variables put in; None where one of them is not known."""
        for match in list(_VARIABLE.finditer(text)):
            found, name, fallback = match[0], match[1], match[2] or ""
            if self.names is None or name in self.names:
                return None
            text = text.replace(found, fallback, 1)
        return text


def merge(files: Mapping[str, Sequence[str]], broken: Sequence[str], known: Environment) -> Merged:
    """Merge the lines of all files; `broken` are the complaints of the grammar."""
    entries = tuple(entry for path, lines in files.items() for entry in _entries(path, lines))
    errors = [*broken, *_set_twice(entries)]
    options: dict[str, bool | int | str] = {}
    unknown: set[str] = set()
    lists: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        name = entry.path[0]
        if name in _LISTS and entry.path[1:]:
            lists[name] = (*lists.get(name, ()), _text(entry.text))
            continue
        if len(entry.path) > 1 or not _is_option(name):
            continue
        text = known.put_in(entry.text)
        if text is None:
            unknown.add(name)
            options.pop(name, None)
            continue
        unknown.discard(name)
        value = _value(text)
        if value is not None and _fits(name, value):
            options[name] = value
        else:
            errors.append(f"{name} has a value of the wrong kind in {entry.file}")
    present = frozenset(entry.path[0] for entry in entries)
    return Merged(options, frozenset(unknown), lists, entries, present, "; ".join(errors))


def _is_option(name: str) -> bool:
    return name in BOOLEANS or name in NUMBERS or name in TEXTS


def _entries(path: str, lines: Sequence[str]) -> Iterator[Entry]:
    """Yield what counts of one file: an option that it sets twice has its last value."""
    found: dict[str, list[Entry]] = {}
    for entry in _lines(path, lines):
        if len(entry.path) == 1:
            found[entry.path[0]] = []
        found.setdefault(entry.path[0], []).append(entry)
    return (entry for entries in found.values() for entry in entries)


def _lines(path: str, lines: Sequence[str]) -> Iterator[Entry]:
    for line in lines:
        *names, last = line.split("\t")
        if not names or last[:1] not in ("=", "{", "["):
            raise ValueError(f"not a setting: {line[:60]!r}")
        text = last.removeprefix("=")
        yield Entry(tuple(_text(name) for name in names), text, path)


def _set_twice(entries: Sequence[Entry]) -> Iterator[str]:
    places: dict[str, str] = {}
    told: set[str] = set()
    for entry in entries:
        name = entry.path[0]
        first = places.setdefault(name, entry.file)
        if first != entry.file and name not in told:
            told.add(name)
            yield f"{name} stands in {first} and in {entry.file}"


def _text(raw: str) -> str:
    """Return a name or a string without its quotes."""
    if not raw.startswith('"'):
        return raw
    try:
        return str(json.loads(raw, strict=False))
    except ValueError:
        return raw.strip('"')


def _value(text: str) -> bool | int | str | None:
    if _BARE.fullmatch(text):
        return {"true": True, "false": False, "null": None}.get(text, _number(text))
    return _text(text) if text.startswith('"') else None


def _number(text: str) -> int | None:
    return int(text) if text.lstrip("-").isdigit() and len(text) < 10 else None  # noqa: PLR2004  # beyond, no port


def _fits(name: str, value: bool | int | str) -> bool:  # noqa: FBT001  # a value of any kind
    if name in BOOLEANS:
        return isinstance(value, bool)
    if name in NUMBERS:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, str)
