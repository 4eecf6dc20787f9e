"""nginx: every server with the TLS settings that hold for it.

nginx.conf is read with its includes; `nginx -T` would write a pid file and logs. Settings are
inherited from the block around a server; add_header lines only where a server has none of its
own. A port is encrypted for all servers that share it once one of them says `ssl`.
"""

import re
from collections.abc import Iterator
from typing import Final

from hipscan.model.fact import Record, Value
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Probe, listing
from hipscan.probes.bundle import REMOVED
from hipscan.probes.gathering import IS_NEW
from hipscan.probes.tls.tls_floor import FLOOR, PATHS, Floor, read_floor
from hipscan.probes.tls.tls_grades import (
    old_protocols,
    severity,
    unapproved_families,
    weak_families,
)
from hipscan.probes.web.directives import Directive, inherited, unless_hidden, without_main_file
from hipscan.probes.web.nginx_lines import LEX, read_tree

MAINS: Final = (
    "/etc/nginx/nginx.conf",
    "/usr/local/nginx/conf/nginx.conf",
    "/usr/local/etc/nginx/nginx.conf",
)

SCRIPT: Final = (
    REMOVED
    + IS_NEW
    + LEX
    + FLOOR
    + rf"""
main=''
if removed nginx 'nginx nginx-common'; then note absent "only settings are left"; exit 0; fi
for path in {" ".join(MAINS)}; do
  if [ -e "$path" ]; then main=$path; break; fi
done
if [ -z "$main" ]; then
  if command -v nginx >/dev/null; then note unsupported "nginx keeps its files elsewhere"
  else
    for path in {" ".join(MAINS)}; do note_missing "$path"; done
  fi
  exit 0
fi
command -v nginx >/dev/null && printf 'version %s\n' "$(nginx -v 2>&1)"
folder=${{main%/*}} seen=$NL next=$main round=0
while [ -n "$next" ] && [ "$round" -lt 10 ]; do
  round=$((round + 1))
  IFS=$NL
  set --
  for path in $next; do
    if [ ! -d "$path" ] && is_new "$path"; then set -- "$@" "$path"; fi
  done
  unset IFS
  [ $# -gt 0 ] || break
  text=$(files "$@" | lex)
  printf '%s\n' "$text"
  next=$(printf '%s\n' "$text" | awk -F '\t' -v folder="$folder" '
    $3 == "include" {{ print $4 ~ /^\// ? $4 : folder "/" $4 }}')
done
floor
"""
)

FIELDS: Final = {
    "server": Field(FieldType.TEXT, "its names and ports, for example `clinic.example on 443`"),
    "context": Field(FieldType.TEXT, "http, stream or mail"),
    "names": Field(FieldType.LIST, "the server names"),
    "listen": Field(FieldType.LIST, "addresses and ports as written; 80 where none is given"),
    "clear_listen": Field(FieldType.LIST, "those of them without TLS and not only local"),
    "tls": Field(FieldType.BOOLEAN, "whether it speaks TLS at all, and does not reject it"),
    "protocols": Field(FieldType.LIST, "TLS protocols, the version's default where none is set"),
    "weak_protocols": Field(FieldType.LIST, "those of them below TLS 1.2"),
    "severity": Field(
        FieldType.TEXT, "how bad weak_protocols is: high, or low where OpenSSL refuses them anyway"
    ),
    "ciphers": Field(FieldType.TEXT, "the cipher string"),
    "weak_ciphers": Field(FieldType.LIST, "families of weak ciphers that it lets in: RC4, 3DES"),
    "unapproved_ciphers": Field(
        FieldType.LIST, "families that NIST does not approve, up to TLS 1.2: CHACHA20, CAMELLIA"
    ),
    "hsts": Field(
        FieldType.INTEGER,
        "max-age of Strict-Transport-Security, 0 without the header, null where a variable has it;"
        " missing where the server hangs up on all (return 444)",
    ),
    "redirects_to_https": Field(
        FieldType.BOOLEAN, "whether it sends every visitor to https, or refuses all of them"
    ),
    "certificate": Field(FieldType.TEXT, "the file of its certificate"),
    "file": Field(FieldType.TEXT, "the file of its server block"),
    "line": Field(FieldType.INTEGER, "the line where the block begins"),
}

_LOCAL: Final = re.compile(r"^(unix:|127\.|localhost(:|$)|\[::1\])")
_AGE: Final = re.compile(r"max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_VERSION: Final = re.compile(r"nginx/(\d+)\.(\d+)\.(\d+)")


def parse(text: str, _status: int) -> Facts:
    """Parse directives as the lexer prints them (hipscan.probes.web.nginx_lines).

    version nginx version: nginx/1.22.1
    F/etc/nginx/nginx.conf
    :1  {  http
    :2  }
    libssl 3
    """
    read = listing(text)
    main = next((path for path in MAINS if path in read.files), None)
    if main is None:
        return {"nginx_server": without_main_file(read, "nginx")}
    skip = {*PATHS, *(path for path in read.files if "/crypto-policies/" in path)}
    root = read_tree(main, {path: each for path, each in read.files.items() if path not in skip})
    version = next((line for line in read.plain if line.startswith("version ")), "")
    servers = list(_servers(root))
    tls_ports = {port for _, _, server in servers for port, tls in _listens(server) if tls}
    floor = read_floor(read)
    default = _default_protocols(version)
    records = [
        _record(context, outer, server, tls_ports, default, floor)
        for context, outer, server in servers
    ]
    return {"nginx_server": unless_hidden(read.notes, records)}


def _default_protocols(version: str) -> list[str] | None:
    """Return what nginx offers when ssl_protocols is not set (its CHANGES, 1.23.4 and 1.27.3)."""
    found = _VERSION.search(version)
    if not found:
        return None
    number = tuple(int(part) for part in found.groups())
    newest = ["TLSv1.3"] if number >= (1, 23, 4) else []
    old = ["TLSv1", "TLSv1.1"] if number < (1, 27, 3) else []
    return [*old, "TLSv1.2", *newest]


def _servers(root: Directive) -> Iterator[tuple[str, Directive, Directive]]:
    for context in ("http", "stream", "mail"):
        for outer in root.all(context):
            for server in outer.all("server"):
                if server.block:
                    yield context, outer, server


def _listens(server: Directive) -> list[tuple[str, bool]]:
    """Return (address and port, encrypted); `ssl on` is how it was said before 1.15."""
    switch = server.last("ssl")
    everywhere = switch is not None and switch.arguments == ("on",)
    found = [
        (each.arguments[0], everywhere or bool({"ssl", "quic"} & set(each.arguments)))
        for each in server.all("listen")
        if each.arguments
    ]
    return found or [("80", everywhere)]


def _record(
    context: str,
    outer: Directive,
    server: Directive,
    tls_ports: set[str],
    default: list[str] | None,
    floor: Floor,
) -> Record:
    listens = [(port, tls or port in tls_ports) for port, tls in _listens(server)]
    names = [name for each in server.all("server_name") for name in each.arguments]
    rejects = inherited("ssl_reject_handshake", server, outer) == ("on",)
    tls = any(encrypted for _, encrypted in listens) and not rejects
    record: dict[str, Value] = {
        "server": f"{' '.join(names) or '_'} on {' '.join(port for port, _ in listens)}",
        "context": context,
        "names": names,
        "listen": [port for port, _ in listens],
        "clear_listen": [port for port, tls in listens if not tls and not _LOCAL.match(port)],
        "tls": tls,
        "redirects_to_https": _redirects(server),
        "file": server.file,
        "line": server.line,
    }
    record |= _tls(outer, server, default, floor) if tls else {}
    if tls and not any(each.arguments[:1] == ("444",) for each in server.all("return")):
        record["hsts"] = _hsts(outer, server)
    return record


def _tls(
    outer: Directive, server: Directive, default: list[str] | None, floor: Floor
) -> dict[str, Value]:
    given = inherited("ssl_protocols", server, outer)
    protocols = default if given is None else list(given)
    ciphers = " ".join(inherited("ssl_ciphers", server, outer) or ("HIGH:!aNULL:!MD5",))
    certificate = inherited("ssl_certificate", server, outer) or ("",)
    return {
        "protocols": protocols,
        "weak_protocols": None if protocols is None else old_protocols(protocols),
        "severity": severity(protocols or (), ciphers, floor),
        "ciphers": ciphers,
        "weak_ciphers": weak_families(ciphers, floor),
        "unapproved_ciphers": unapproved_families(ciphers, floor),
        "certificate": "".join(certificate),
    }


def _hsts(outer: Directive, server: Directive) -> int | None:
    """Return max-age of the header for `/`; a block with a header of its own inherits none.

    None where a variable holds it.
    """
    roots = [each for each in server.all("location") if each.arguments == ("/",)]
    for block in (*roots, server, outer):
        headers = block.all("add_header")
        if headers:
            texts = [" ".join(each.arguments) for each in headers]
            ages = [int(age[1]) for age in map(_AGE.search, texts) if age]
            return max(ages) if ages else None if any("$" in text for text in texts) else 0
    return 0


def _redirects(server: Directive) -> bool:
    """Say whether every visitor is sent to https, or away: by the server as a whole, or by its `/`.

    What a server says itself comes before its locations. A location for the proofs that
    certificates need (/.well-known) may answer.
    """
    inner = server.all("location")
    others = [each for each in inner if each.arguments == ("other",)]
    if _leads_away(server, refusing=True):
        return True
    if any(_passes_on(each) for each in others):
        return False
    roots = [each for each in inner if each.arguments == ("/",)]
    return any(_leads_away(each, refusing=not others) for each in roots)


def _leads_away(block: Directive, *, refusing: bool) -> bool:
    """Say whether a block leads to https; `refusing`: an error for everybody will do as well."""
    schemes = [each for each in block.all("if") if each.arguments == ("scheme",)]
    if any(_leads_away(each, refusing=False) for each in schemes):
        return True
    codes = {"301", "302", "303", "307", "308"}
    for each in block.all("return"):
        code, *to = each.arguments or ("",)
        if (code in codes and to == ["https"]) or (refusing and code[:1] in ("4", "5")):
            return True
    return any(each.arguments == ("https",) for each in block.all("rewrite"))


def _passes_on(block: Directive) -> bool:
    return any(each.name.endswith("_pass") or _passes_on(each) for each in block.block)


PROBE: Final = Probe(
    name="nginx",
    facts=(
        FactSpec(
            "nginx_server", "The servers of nginx, with what they inherit.", ("server",), FIELDS
        ),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("nginx -v",),
)
