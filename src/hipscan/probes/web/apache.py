"""Apache httpd: every virtual host with the TLS settings that hold for it.

The configuration is read with its includes (`apachectl` would make folders). A virtual host
inherits what the main server sets; a host whose port nothing listens on answers nobody and is
left out, and the main server answers on ports that no host claims.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Probe, listing
from hipscan.probes.bundle import REMOVED
from hipscan.probes.gathering import IS_NEW
from hipscan.probes.tls.tls_floor import FLOOR, PATHS, Floor, read_floor
from hipscan.probes.tls.tls_grades import (
    PROTOCOLS,
    old_protocols,
    severity,
    unapproved_families,
    weak_families,
)
from hipscan.probes.web.apache_lines import LEX, Tree, read_tree, words
from hipscan.probes.web.directives import Directive, inherited, unless_hidden, without_main_file

MAINS: Final = (
    "/etc/apache2/apache2.conf",
    "/etc/httpd/conf/httpd.conf",
    "/etc/apache2/httpd.conf",
    "/usr/local/apache2/conf/httpd.conf",
)

SCRIPT: Final = (
    REMOVED
    + IS_NEW
    + LEX
    + FLOOR
    + rf"""
main=''
if removed 'apache2ctl httpd' apache2; then note absent "only settings are left"; exit 0; fi
for path in {" ".join(MAINS)}; do
  if [ -e "$path" ]; then main=$path; break; fi
done
if [ -z "$main" ]; then
  # not by the name httpd: busybox has an applet of that name
  if command -v apache2 >/dev/null || command -v apachectl >/dev/null; then
    note unsupported "Apache keeps its files elsewhere"
  else
    for path in {" ".join(MAINS)}; do note_missing "$path"; done
  fi
  exit 0
fi
root=${{main%/*}} seen=$NL next=$main round=0 all=''
while [ -n "$next" ] && [ "$round" -lt 10 ]; do
  round=$((round + 1))
  IFS=$NL
  set --
  for path in $next; do
    if [ -d "$path" ]; then
      for inner in "${{path%/}}"/*; do
        if [ -f "$inner" ] && is_new "$inner"; then set -- "$@" "$inner"; fi
      done
      continue
    fi
    if is_new "$path"; then set -- "$@" "$path"; fi
  done
  unset IFS
  [ $# -gt 0 ] || break
  text=$(files "$@" | lex)
  printf '%s\n' "$text"
  if [ "$round" = 1 ]; then
    given=$(printf '%s\n' "$text" | awk -F '\t' '
      $3 == "serverroot" {{ gsub(/["\047]/, "", $4); sub(/\/$/, "", $4); print $4; exit }}')
    root=${{given:-$root}}
    printf 'root %s\n' "$root"
  fi
  all=$all$NL$text
  next=$(printf '%s\n' "$all" | awk -F '\t' -v root="$root" '
    $3 == "define" && NF > 4 {{ value[$4] = $5 }}
    $3 ~ /^include(optional)?$/ {{
      gsub(/["\047]/, "", $4)
      for (name in value)
        while (i = index($4, "${{" name "}}"))
          $4 = substr($4, 1, i - 1) value[name] substr($4, i + length(name) + 3)
      print $4 ~ /^\// ? $4 : root "/" $4
    }}')
done
floor
"""
)

FIELDS: Final = {
    "server": Field(FieldType.TEXT, "its name and addresses: `clinic.example on *:443`"),
    "names": Field(FieldType.LIST, "ServerName and ServerAlias"),
    "listen": Field(FieldType.LIST, "its addresses; of the main server the ports left to it"),
    "clear_listen": Field(FieldType.LIST, "those of them without TLS and not only local"),
    "tls": Field(FieldType.BOOLEAN, "whether SSLEngine is on"),
    "protocols": Field(FieldType.LIST, "TLS protocols, all but SSLv3 where none is set"),
    "weak_protocols": Field(FieldType.LIST, "those of them below TLS 1.2"),
    "severity": Field(
        FieldType.TEXT, "how bad weak_protocols is: high, or low where OpenSSL refuses them anyway"
    ),
    "ciphers": Field(FieldType.TEXT, "the cipher string"),
    "weak_ciphers": Field(FieldType.LIST, "families of weak ciphers that it lets in: RC4, 3DES"),
    "unapproved_ciphers": Field(
        FieldType.LIST, "families that NIST does not approve, up to TLS 1.2: CHACHA20, CAMELLIA"
    ),
    "compression": Field(FieldType.BOOLEAN, "whether TLS compression is on (CRIME)"),
    "insecure_renegotiation": Field(FieldType.BOOLEAN, "whether SSLInsecureRenegotiation is on"),
    "hsts": Field(FieldType.INTEGER, "max-age of Strict-Transport-Security, 0 without the header"),
    "redirects_to_https": Field(
        FieldType.BOOLEAN, "whether it sends every visitor to https, or refuses all of them"
    ),
    "certificate": Field(FieldType.TEXT, "the file of its certificate"),
    "file": Field(FieldType.TEXT, "the file of its block"),
    "line": Field(FieldType.INTEGER, "the line where the block begins; 0 for the main server"),
}

_LOCAL: Final = re.compile(r"^(127\.|localhost:|\[::1\])")
_AGE: Final = re.compile(r"max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)


def parse(text: str, _status: int) -> Facts:
    """Parse directives as the lexer prints them (hipscan.probes.web.apache_lines).

    F/etc/apache2/apache2.conf
    :227  ;  include  ports.conf
    root /etc/apache2
    libssl 3
    """
    read = listing(text)
    main = next((path for path in MAINS if path in read.files), None)
    if main is None:
        return {"apache_host": without_main_file(read, "Apache")}
    roots = [line.partition(" ")[2] for line in read.plain if line.startswith("root ")]
    skip = {*PATHS, *(path for path in read.files if "/crypto-policies/" in path)}
    files = {path: lines for path, lines in read.files.items() if path not in skip}
    tree = read_tree(main, roots[0] if roots else main.rpartition("/")[0], files)
    fact = unless_hidden(read.notes, list(_hosts(tree, read_floor(read))))
    doubt = (
        "macros are not followed"
        if tree.macros
        else tree.unknown and f"${tree.unknown} is not known"
    )
    if doubt and fact.is_decided:
        return {"apache_host": Fact(FactStatus.PARTIAL, fact.records, doubt)}
    return {"apache_host": fact}


def _hosts(tree: Tree, floor: Floor) -> Iterator[Record]:
    listens = [_address(each.arguments[0]) for each in tree.main.all("listen") if each.arguments]
    hosts = tree.main.all("virtualhost")
    claimed: set[str] = set()
    for host in hosts:
        own = words(" ".join(host.arguments))
        live = [address for address in own if any(_meets(address, each) for each in listens)]
        claimed |= {each for each in listens if any(_meets(address, each) for address in own)}
        if live:
            yield _record(tree.main, host, live, _open(live, listens), floor)
    left = [each for each in listens if each not in claimed]
    if left:
        yield _record(tree.main, tree.main, left, _open(left, listens), floor)


def _address(text: str) -> str:
    """Return `address:port` of a Listen; a bare port listens everywhere."""
    return f"*:{text}" if text.isdigit() else text


def _meets(address: str, listen: str) -> bool:
    """Say whether a virtual host's address takes connections of a Listen."""
    host, _, port = (
        address.rpartition(":") if re.search(r":(\d+|\*)$", address) else (address, "", "*")
    )
    other, _, other_port = listen.rpartition(":")
    anywhere = ("*", "_default_", "0.0.0.0", "[::]")  # noqa: S104  # names, not a socket
    return port in ("*", other_port) and (
        host == other or host in anywhere or other in anywhere or bool(re.search("[a-z]", host))
    )


def _open(addresses: list[str], listens: Iterable[str]) -> list[str]:
    """Return the addresses that another host can reach."""
    far = [each for each in listens if not _LOCAL.match(each)]
    return [
        address
        for address in addresses
        if not _LOCAL.match(address) and any(_meets(address, each) for each in far)
    ]


def _record(
    main: Directive, host: Directive, addresses: list[str], reachable: list[str], floor: Floor
) -> Record:
    names = [name for each in host.all("servername") for name in each.arguments[:1]]
    names += [name for each in host.all("serveralias") for name in each.arguments]
    engine = inherited("sslengine", host, main) or ("off",)
    tls = engine[0].lower() in ("on", "optional")
    record: dict[str, Value] = {
        "server": f"{names[0] if names else '_'} on {' '.join(addresses)}",
        "names": names,
        "listen": addresses,
        "clear_listen": [] if tls else reachable,
        "tls": tls,
        "redirects_to_https": _redirects(host),
        "file": host.file,
        "line": host.line,
    }
    return record | (_tls(main, host, floor) if tls else {})


def _tls(main: Directive, host: Directive, floor: Floor) -> dict[str, Value]:
    protocols = protocols_of(inherited("sslprotocol", host, main) or ("all", "-SSLv3"))
    suites = [each.arguments for block in (main, host) for each in block.all("sslciphersuite")]
    plain = [" ".join(given) for given in suites if given and given[0] != "TLSv1.3"]
    ciphers = plain[-1].removeprefix("SSL ") if plain else "DEFAULT"
    return {
        "protocols": protocols,
        "weak_protocols": old_protocols(protocols),
        "severity": severity(protocols, ciphers, floor),
        "ciphers": ciphers,
        "weak_ciphers": weak_families(ciphers, floor),
        "unapproved_ciphers": unapproved_families(ciphers, floor),
        "compression": _switch(inherited("sslcompression", host, main)),
        "insecure_renegotiation": _switch(inherited("sslinsecurerenegotiation", host, main)),
        "hsts": _hsts(main, host),
        "certificate": "".join((inherited("sslcertificatefile", host, main) or ("",))[:1]),
    }


def _switch(given: tuple[str, ...] | None) -> bool:
    return given is not None and "".join(given).lower() == "on"


def protocols_of(given: Iterable[str]) -> list[str]:
    """Return what SSLProtocol adds up to; a name without a sign replaces what came before.

    all -SSLv3 -TLSv1 -> TLSv1.1 TLSv1.2 TLSv1.3
    """
    held: set[str] = set()
    known = {name.lower(): {name} for name in PROTOCOLS[1:]} | {"all": set(PROTOCOLS[1:])}
    for word in given:
        names = known.get(word.lstrip("+-").lower(), set())
        held = held | names if word[0] == "+" else held - names if word[0] == "-" else set(names)
    return [name for name in PROTOCOLS if name in held]


def _hsts(main: Directive, host: Directive) -> int:
    blocks = (host, *(each for each in host.all("location") if each.arguments == ("/",)), main)
    for block in blocks:
        ages = [_AGE.search(" ".join(each.arguments)) for each in block.all("header")]
        found = [int(age[1]) for age in ages if age]
        if found:
            return max(found)
    return 0


def _redirects(host: Directive) -> bool:
    """Say whether the host, or a part of it that takes every visitor, leads to https or refuses."""
    inner = [each for each in host.block if each.name in ("if", "location", "directory")]
    blocks = [host, *(each for each in inner if each.arguments != ("other",))]
    switches = [inherited("rewriteengine", block) for block in blocks]
    rewrites = ("on",) in switches
    redirects = ("redirect", "redirectmatch", "redirectpermanent", "redirecttemp")
    return any(
        (each.name in redirects and each.arguments in (("https", "/"), ("refused", "/")))
        or (rewrites and each.name == "rewriterule" and each.arguments == ("https",))
        for block in blocks
        for each in block.block
    )


PROBE: Final = Probe(
    name="apache",
    facts=(
        FactSpec(
            "apache_host",
            "The virtual hosts of Apache, with what they inherit.",
            ("server",),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
)
