r"""The SNMP agent of Net-SNMP: who may ask, from where, how proven, and for how much.

Communities of SNMP 1 and 2c are passwords in clear text; what leaves the host of one is only
whether it is a word that every scanner tries (`known-default`) or another (`set`). Sources:
snmpd.conf(5), snmpd.examples(5); without agentaddress the agent answers on every address.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_loopback
from hipscan.probes.allow_list import FOLLOW, beside
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member, bundle

_MAINS: Final = (
    "/etc/snmp/snmpd.conf",
    "/etc/snmp/snmpd.local.conf",
    "/usr/share/snmp/snmpd.conf",
)
_KNOWN: Final = (
    "public|private|community|snmp|snmpd|admin|cisco|default|manager|monitor|read|write|"
    "readonly|readwrite|read-only|read-write|security|secret|test|switch|router|all|password"
)

SCRIPT: Final = rf"""
clean() {{ awk '
function hide(word) {{
  gsub(/["\047]/, "", word)
  return tolower(word) ~ /^({_KNOWN})$/ ? "known-default" : "set"
}}
!/^:/ {{ print; next }}
{{
  line = substr($0, 2); sub(/^[ \t]+/, "", line); sub(/[ \t\r]+$/, "", line)
  gsub(/""/, "-", line)
  while (match(line, /"[^"]*[ \t][^"]*"/))
    line = substr(line, 1, RSTART - 1) "quoted" substr(line, RSTART + RLENGTH)
  sub(/[ \t]+#.*/, "", line)
  n = split(line, word, /[ \t]+/); key = tolower(word[1]); out = key
}}
key ~ /^r[ow]community6?$/ {{ word[2] = hide(word[2]) }}
key == "authcommunity" {{ word[3] = hide(word[3]) }}
key ~ /^com2sec6?$/ {{ at = word[2] == "-Cn" ? 6 : 4; if (at <= n) word[at] = hide(word[at]) }}
key ~ /^(r[ow]community6?|authcommunity|com2sec6?|r[ow]user|authuser|group|access|agentaddress)$/ ||
key ~ /^include(file|dir)$/ {{
  for (i = 2; i <= n; i++) out = out " " word[i]
  print ":" out
}}'; }}
parts() {{ awk '
/^F/ {{ folder = substr($0, 2); sub(/\/[^\/]*$/, "", folder) }}
/^:includefile / {{ print ($2 ~ /^\//) ? $2 : folder "/" $2 }}
/^:includedir / {{ sub(/\/$/, "", $2); print $2 "/*.conf" }}'; }}
set --
for path in {" ".join(_MAINS)}; do
  if [ -e "$path" ]; then follow clean parts "$path"; fi
done
"""

FIELDS: Final = {
    "kind": Field(FieldType.TEXT, "rocommunity, rwcommunity, rouser, rwuser, access, ..."),
    "who": Field(FieldType.TEXT, "the user; of a community known-default or set"),
    "source": Field(FieldType.TEXT, "hosts that may use it; default: all"),
    "view": Field(FieldType.TEXT, "the part of the tree; nothing: all of it"),
    "remote": Field(FieldType.BOOLEAN, "whether other hosts can use it"),
    "known": Field(FieldType.BOOLEAN, "whether other hosts get in with a word everybody tries"),
    "clear": Field(FieldType.BOOLEAN, "whether other hosts are answered without encryption"),
    "writes": Field(FieldType.BOOLEAN, "whether other hosts may change settings this way"),
    "level": Field(FieldType.TEXT, "noauth, auth or priv; communities have noauth"),
    "severity": Field(FieldType.TEXT, "critical where it may write, else high"),
    "file": Field(FieldType.TEXT, "the file"),
}

_LEVELS: Final = {
    "noauth": "noauth",
    "noauthnopriv": "noauth",
    "auth": "auth",
    "authnopriv": "auth",
    "priv": "priv",
    "authpriv": "priv",
}


@dataclass(slots=True)
class _Seen:
    """What has to be joined: names of com2sec, members of groups, and addresses."""

    names: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    groups: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)


def parse(read: Listing) -> Facts:
    """Parse the files.

    F/etc/snmp/snmpd.conf
    :agentaddress 127.0.0.1,[::1]
    :rocommunity known-default default -V systemonly
    :rouser monitor priv
    """
    if not read.files and not read.notes:
        raise ValueError("no snmpd.conf")
    lines = [
        (path, line.split())
        for main in _MAINS
        if main in read.files
        for path, line in _lines(main, read, 0)
    ]
    seen = _Seen()
    for _, words in lines:
        _collect(words, seen)
    remote = not seen.addresses or any(map(_is_remote, seen.addresses))
    records = [
        record for path, words in lines for record in _accesses(words, path, seen, remote=remote)
    ]
    return {"snmp_access": ok(*records)}


def _lines(path: str, read: Listing, depth: int) -> Iterator[tuple[str, str]]:
    for line in read.files.get(path, ()):
        key, _, value = line.partition(" ")
        if key not in ("includefile", "includedir"):
            yield path, line
        elif depth < 8:  # noqa: PLR2004  # nothing nests so deep
            wanted = beside(value, path) if key == "includefile" else f"{value.rstrip('/')}/*.conf"
            for each in sorted(name for name in read.files if fnmatchcase(name, wanted)):
                yield from _lines(each, read, depth + 1)


def _collect(words: Sequence[str], seen: _Seen) -> None:
    match words:
        case ["com2sec" | "com2sec6", "-Cn", _, name, source, community, *_]:
            seen.names.setdefault(name, []).append((source, community))
        case ["com2sec" | "com2sec6", name, source, community, *_]:
            seen.names.setdefault(name, []).append((source, community))
        case ["group", name, model, member, *_]:
            seen.groups.setdefault(name, []).append((model.lower(), member))
        case ["agentaddress", *addresses]:
            seen.addresses += [part for text in addresses for part in text.split(",") if part]
        case _:
            pass


def _is_remote(address: str) -> bool:
    """Say whether other hosts reach an address such as udp:127.0.0.1:161 or [::1]."""
    plain = re.sub(r"^(udp|tcp|dtlsudp|tlstcp|ssh)6?:", "", address.lower())
    if plain.startswith(("unix:", "/")):
        return False
    return not is_loopback(plain)


def _accesses(words: Sequence[str], path: str, seen: _Seen, *, remote: bool) -> Iterator[Record]:
    match words:
        case [kind, community, *rest] if re.fullmatch(r"r[ow]community6?", kind):
            source, view = _source_and_view(rest)
            yield _record(kind, community, source, view, "noauth", remote=remote, file=path)
        case ["authcommunity", types, community, *rest] if kind := _kind(types, "community"):
            source, view = _source_and_view(rest)
            yield _record(kind, community, source, view, "noauth", remote=remote, file=path)
        case ["authuser", types, *rest] if kind := _kind(types, "user"):
            yield from _accesses([kind, *rest], path, seen, remote=remote)
        case ["rouser" | "rwuser" as kind, *rest]:
            plain = list(rest[2:] if rest[:1] == ["-s"] else rest)
            level = _LEVELS.get(plain[1].lower(), "auth") if len(plain) > 1 else "auth"
            view = " ".join(plain[2:]).removeprefix("-V ")
            if plain:
                yield _record(kind, plain[0], "default", view, level, remote=remote, file=path)
        case ["access", group, _, _, level, _, read_view, write_view, *_]:
            yield from _group(group, (level, read_view, write_view), path, seen, remote=remote)
        case _:
            pass


def _kind(types: str, who: str) -> str:
    """Return what `read,write` of an authcommunity or authuser comes to; nothing for traps only."""
    given = types.lower().split(",")
    return f"rw{who}" if "write" in given else f"ro{who}" if "read" in given else ""


def _source_and_view(rest: Sequence[str]) -> tuple[str, str]:
    if not rest:
        return "default", ""
    view = " ".join(rest[1:]).removeprefix("-V ")
    return rest[0], view


def _group(
    group: str, access: tuple[str, str, str], path: str, seen: _Seen, *, remote: bool
) -> Iterator[Record]:
    level, view, write = access
    kind = "access" if write.lower() == "none" else "access for writing"
    for model, member in seen.groups.get(group, []):
        if model == "usm":
            proven = _LEVELS.get(level.lower(), "noauth")
            yield _record(kind, member, "default", view, proven, remote=remote, file=path)
            continue
        for source, community in seen.names.get(member, []):
            yield _record(kind, community, source, view, "noauth", remote=remote, file=path)


def _record(  # noqa: PLR0913  # a line of the file has as many parts
    kind: str, who: str, source: str, view: str, level: str, *, remote: bool, file: str
) -> Record:
    writes = kind.startswith("rw") or kind.endswith("writing")
    reached = remote and not is_loopback(source.partition("/")[0])
    record: dict[str, Value] = {
        "kind": kind,
        "who": who,
        "source": source,
        "view": view,
        "remote": reached,
        "known": reached and who == "known-default",
        "clear": reached and level != "priv",
        "writes": reached and writes,
        "level": level,
        "severity": "critical" if writes else "high",
        "file": file,
    }
    return record


MEMBER: Final = Member(
    name="snmpd",
    title="SNMP agent",
    paths=_MAINS[:2],
    facts=(
        FactSpec(
            "snmp_access",
            "Who may ask the SNMP agent of Net-SNMP.",
            ("kind", "who", "source"),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    programs="snmpd",
    packages="snmpd",
)

PROBE: Final = bundle("snmpd", (MEMBER,), shell=FOLLOW)
