r"""Redis and Valkey: every instance that has a file of its own, as the server would read it.

The last setting wins, an included file is read where it is named, and options of the unit come
last (redis.conf, valkey.conf and the ACL page of the documentation). Protected mode lets nobody
but this host in while the default user has no password; before release 7.0 only where no `bind`
was set either (src/networking.c). Of passwords only that there is one leaves the host.
"""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from hipscan.model.fact import FactStatus, Record, Value, missing, ok
from hipscan.probes.addresses import is_remote
from hipscan.probes.allow_list import beside, command_words, stem
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member
from hipscan.probes.databases.redis_lines import Line, is_passwordless, read_lines, split_line
from hipscan.probes.tls.tls_grades import old_protocols

_KEYS: Final = (
    "include|bind|port|protected-mode|tls-port|tls-auth-clients|tls-protocols|tls-ciphers|aclfile|"
    "requirepass|user|rename-command|loadmodule|enable-(debug|module)-command|"
    "enable-protected-configs|unixsocketperm"
)
_OPTIONS: Final = "--(bind|port|protected-mode|tls-port|aclfile|requirepass)"

SCRIPT: Final = rf"""
veil() {{ only none '[ \t]' '{_KEYS}' | awk '
!/^:/ {{ print; next }}
{{ sub(/^:[ \t]+/, ":") }}
tolower($0) ~ /^:[ \t]*requirepass[ \t]/ {{
  print ($2 == "\"\"" || $2 == "\047\047") ? ":requirepass \"\"" : ":requirepass hidden"; next
}}
tolower($0) ~ /^:[ \t]*rename-command[ \t]/ {{ print ":rename-command " $2 " hidden"; next }}
tolower($0) ~ /^:[ \t]*user[ \t]/ {{
  out = ":user " $2
  for (i = 3; i <= NF; i++) {{
    if ($i ~ /^[>#]./) out = out " >hidden"
    else if (tolower($i) ~ /^(on|off|nopass|resetpass|reset)$/) out = out " " $i
  }}
  print out; next
}}
tolower($0) ~ /^:[ \t]*loadmodule[ \t]/ {{ print ":loadmodule " $2; next }}
{{ sub(/[ \t]#.*/, ""); print }}'; }}
included() {{ awk '
/^F/ {{ folder = substr($0, 2); sub(/\/[^\/]*$/, "", folder) }}
tolower($0) ~ /^:[ \t]*(include|aclfile)[ \t]/ {{
  path = $2; gsub(/["\047]/, "", path)
  if (path != "") print (path ~ /^\//) ? path : folder "/" path
}}'; }}
for tool in redis-server valkey-server; do
  command -v "$tool" >/dev/null && printf 'version %s\n' "$("$tool" --version)"
done
follow veil included '/etc/redis/*.conf
/etc/redis.conf
/etc/valkey/*.conf
/etc/valkey.conf'
for name in redis redis-server valkey valkey-server; do
  unit "$name.service" '{_OPTIONS}' | sed 's/--requirepass[ =]*[^ ]*/--requirepass hidden/g'
done
"""

FIELDS: Final = {
    "server": Field(FieldType.TEXT, "redis or valkey"),
    "version": Field(FieldType.TEXT, "the server's version"),
    "listen": Field(FieldType.LIST, "bind, without the mark of addresses that may be missing"),
    "remote": Field(FieldType.BOOLEAN, "whether it listens beyond this host"),
    "port": Field(FieldType.INTEGER, "the port for clear text; 0 for none"),
    "tls_port": Field(FieldType.INTEGER, "the port for TLS; 0 for none"),
    "tls_clients": Field(FieldType.BOOLEAN, "whether clients need a certificate"),
    "weak_protocols": Field(FieldType.LIST, "protocols below TLS 1.2 that it allows"),
    "password": Field(FieldType.BOOLEAN, "whether the default user needs a password, or is off"),
    "protected_mode": Field(FieldType.BOOLEAN, "protected-mode"),
    "open": Field(FieldType.BOOLEAN, "whether other hosts may give commands without a password"),
    "own_commands": Field(
        FieldType.LIST, "switches that let clients change what the server executes or writes"
    ),
    "modules": Field(FieldType.LIST, "modules that it loads"),
    "renamed": Field(FieldType.LIST, "commands that have another name or none, lower case"),
    "file": Field(FieldType.TEXT, "its configuration"),
}

_NAMES: Final = re.compile(r"(^|/)(redis|valkey|default)[^/]*\.conf$")
_OTHERS: Final = re.compile(r"^/etc/(redis|valkey)/(?![^/]*sentinel)[^/]+\.conf$")
_TLS: Final = ("TLSv1.2", "TLSv1.3")


def parse(read: Listing) -> Facts:
    """Parse versions, configurations, ACL files and units.

    version Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64
    F/etc/redis/redis.conf
    :bind 127.0.0.1 -::1
    :requirepass hidden
    """
    versions = dict(_versions(read))
    mains = _mains(read)
    if not mains:
        if not read.notes:
            raise ValueError("neither a configuration nor a word about one")
        return {"redis_server": missing(FactStatus.DENIED, read.notes[0].text)}
    return {"redis_server": ok(*(_record(path, read, versions) for path in mains))}


def _versions(read: Listing) -> Iterator[tuple[str, tuple[int, ...]]]:
    for line in read.plain:
        found = re.match(r"version (Redis|Valkey) server v=(\d{1,4})\.(\d{1,4})\.(\d{1,4})", line)
        if found:
            yield found[1].lower(), tuple(int(part) for part in found.groups()[1:])


def _mains(read: Listing) -> list[str]:
    """Return the files that are a configuration of their own, not a part of another."""
    parts = {
        path
        for file, lines in read.files.items()
        for line in lines
        for setting in split_line(line)
        if setting.key in ("include", "aclfile") and setting.values
        for path in read.files
        if fnmatchcase(path, beside(setting.values[0], file))
    }
    return [
        path
        for path in sorted(read.files)
        if path not in parts
        and (_NAMES.search(path) or (_OTHERS.search(path) and _listens(read.files[path])))
    ]


def _listens(lines: Sequence[str]) -> bool:
    return any(each.key in ("bind", "port", "tls-port") for x in lines for each in split_line(x))


def _unit_settings(path: str, read: Listing) -> Iterator[Line]:
    """Yield the options on the command line of the unit that starts this configuration."""
    for name in ("redis", "redis-server", "valkey", "valkey-server"):
        words = command_words(read, f"{name}.service")
        if path not in words:
            continue
        options: list[list[str]] = []
        for word in words:
            if word.startswith("--"):
                options.append([*word[2:].split("=", 1)])
            elif options:
                options[-1].append(word)
        yield from (Line(key.lower(), tuple(values)) for key, *values in options)


def _record(path: str, read: Listing, versions: dict[str, tuple[int, ...]]) -> Record:
    server = "valkey" if "valkey" in path else "redis"
    made = [*read_lines(path, read), *_unit_settings(path, read)]
    held = {each.key: each.values for each in made}
    listen = [word.removeprefix("-") for word in held.get("bind", ("*", "::*")) if word.strip("-")]
    remote = is_remote(listen)
    version = versions.get(server)
    password = _has_password(made, held, path, read)
    modern = server == "valkey" or (version is not None and version >= (7, 0, 0))
    guarded = _word(held, "protected-mode", "yes") != "no"
    shut: bool | None = guarded if modern or "bind" not in held or not guarded else None
    if shut is None and version is not None:
        shut = False
    protocols = " ".join(held.get("tls-protocols", _TLS)).split()
    record: dict[str, Value] = {
        "server": server,
        "version": ".".join(map(str, version or ())),
        "listen": listen,
        "remote": remote,
        "port": _number(held, "port", 6379),
        "tls_port": _number(held, "tls-port", 0),
        "tls_clients": _word(held, "tls-auth-clients", "yes") == "yes",
        "weak_protocols": old_protocols(protocols),
        "password": password,
        "protected_mode": guarded,
        "open": False if password or not remote or shut else (None if shut is None else True),
        "own_commands": _own_commands(held),
        "modules": sorted({stem(e.values[0]) for e in made if e.key == "loadmodule" and e.values}),
        "renamed": sorted(
            {e.values[0].lower() for e in made if e.key == "rename-command" and e.values}
        ),
        "file": path,
    }
    return record


def _word(held: dict[str, tuple[str, ...]], key: str, default: str) -> str:
    return "".join(held.get(key, (default,))[:1]).lower()


def _number(held: dict[str, tuple[str, ...]], key: str, default: int) -> int | None:
    text = _word(held, key, str(default))
    return int(text) if text.isascii() and text.isdigit() else None


def _own_commands(held: dict[str, tuple[str, ...]]) -> list[str]:
    switches = ("enable-debug-command", "enable-module-command", "enable-protected-configs")
    return [key for key in switches if _word(held, key, "no") == "yes"]


def _has_password(
    made: Sequence[Line], held: dict[str, tuple[str, ...]], path: str, read: Listing
) -> bool | None:
    """Say whether the default user needs one; with an ACL file only that counts."""
    file = "".join(held.get("aclfile", ())[:1])
    if file:
        lines = read.files.get(beside(file, path))
        if lines is None:
            return None
        made = [setting for line in lines for setting in split_line(line)]
    users = [each.values[1:] for each in made if each.key == "user"]
    rules = [r for r in (e.values for e in made if e.key == "user") if r[:1] == ("default",)]
    if users and rules:
        return not is_passwordless(rules[-1][1:])
    return False if file else bool("".join(held.get("requirepass", ())[:1]))


MEMBER: Final = Member(
    name="redis",
    title="Redis or Valkey",
    paths=(
        *("/etc/redis/redis.conf", "/etc/redis.conf", "/etc/redis"),
        *("/etc/valkey/valkey.conf", "/etc/valkey.conf", "/etc/valkey"),
    ),
    facts=(
        FactSpec(
            "redis_server",
            "Every configuration of Redis or Valkey, with what it means for other hosts.",
            ("server", "file"),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    programs="redis-server valkey-server",
    packages="redis-server valkey-server",
    whole=frozenset({"redis_server"}),
)
