r"""OpenLDAP's slapd: cn=config (LDIF below slapd.d) or slapd.conf, and the addresses it is given.

`olcSecurity` says how much protection the server demands (slapd-config(5)); without it passwords
and entries may travel in clear text over ldap://. Of `olcRootPW` only how it is stored leaves the
host.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_loopback
from hipscan.probes.allow_list import command_words
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member

_TREES: Final = ("/etc/ldap/slapd.d", "/etc/openldap/slapd.d")
_FLAT: Final = ("/etc/ldap/slapd.conf", "/etc/openldap/slapd.conf")
_DEFAULTS: Final = ("/etc/default/slapd", "/etc/sysconfig/slapd", "/etc/sysconfig/openldap")
_KEYS: Final = (
    "security|require|requires|tlsprotocolmin|tlscertificatefile|"
    "tlscertificatekeyfile|database|suffix|access"
)

SCRIPT: Final = rf"""
set --
for tree in {" ".join(_TREES)}; do
  [ -e "$tree" ] || continue
  if [ ! -r "$tree" ] || [ ! -x "$tree" ]; then note denied "$tree"; continue; fi
  for path in "$tree/cn=config.ldif" "$tree/cn=config"/olcDatabase=*.ldif; do
    if [ -e "$path" ]; then set -- "$@" "$path"; fi
  done
  if [ ! -r "$tree/cn=config" ] || [ ! -x "$tree/cn=config" ]; then
    note denied "$tree/cn=config"
  fi
done
for path in {" ".join(_FLAT + _DEFAULTS)}; do
  if [ -e "$path" ]; then set -- "$@" "$path"; fi
done
files "$@" | awk '
function flush() {{
  if (held == "") return
  key = tolower(held); sub(/[ \t:=].*/, "", key); sub(/^olc/, "", key)
  if (key == "rootpw") {{
    value = held; sub(/^[A-Za-z]+[ \t]*/, "", value)
    if (value ~ /^::/) kind = value ~ /^::[ \t]*e[w-z0-9]/ && value !~ /e0NM|e2Ns/
    else {{
      sub(/^:[ \t]*/, "", value); kind = value ~ /^["]?\{{/ && tolower(value) !~ /cleartext/
    }}
    print ":rootpw " (kind ? "hashed" : "clear")
  }} else if (key ~ /^({_KEYS}|slapd_services|slapd_urls)$/) {{
    sub(/[ \t]#.*/, "", held); print ":" held
  }}
  held = ""
}}
!/^:/ {{ flush(); print; next }}
/^:[ \t]/ {{
  line = substr($0, 2); sub(/^[ \t]/, "", line); if (held != "") held = held line; next
}}
{{ flush(); if ($0 !~ /^:#/) held = substr($0, 2) }}
END {{ flush() }}'
unit slapd.service '-h'
"""

FIELDS: Final = {
    "urls": Field(FieldType.LIST, "what it is told to listen on: ldap:///, ldaps:///, ldapi:///"),
    "clear": Field(FieldType.BOOLEAN, "whether other hosts can reach it by ldap://"),
    "tls": Field(FieldType.BOOLEAN, "whether it has a certificate"),
    "protection": Field(
        FieldType.INTEGER, "strength in bits that every operation needs: ssf, tls or transport"
    ),
    "bind_protection": Field(
        FieldType.INTEGER, "strength in bits that a login with a password needs"
    ),
    "anonymous": Field(
        FieldType.BOOLEAN,
        "whether one may ask without a login (no `require authc`; bind_anon leaves that open)",
    ),
    "anonymous_reads": Field(
        FieldType.BOOLEAN, "whether who gives no name may read entries of some database"
    ),
    "clear_passwords": Field(FieldType.INTEGER, "passwords of administrators stored as they are"),
    "min_protocol": Field(FieldType.TEXT, "the oldest TLS, as 3.3 for TLS 1.2; empty: not set"),
    "file": Field(FieldType.TEXT, "its configuration"),
}


def parse(read: Listing) -> Facts:
    """Parse the configuration with its databases, and the addresses.

    F/etc/ldap/slapd.d/cn=config.ldif
    :olcSecurity: ssf=128 simple_bind=256
    F/etc/ldap/slapd.d/cn=config/olcDatabase={1}mdb.ldif
    :rootpw hashed
    F/etc/default/slapd
    :SLAPD_SERVICES="ldap:/// ldapi:///"
    """
    main = next((path for path in _mains(read) if path in read.files), None)
    if main is None:
        if not read.notes:
            raise ValueError("no configuration of slapd")
        return {"ldap_server": ok()}
    return {"ldap_server": ok(_record(main, read))}


def _mains(read: Listing) -> Iterator[str]:
    for tree in _TREES:
        yield f"{tree}/cn=config.ldif"
    yield from (path for path in _FLAT if path in read.files)


def _settings(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (name without olc, value): LDIF has a colon, two before base64, slapd.conf a blank."""
    for line in lines:
        match = re.match(r"^\s*(?:olc)?(\w+)(?:(::?)\s*|\s+)(.*)$", line, re.IGNORECASE)
        if match:
            text = match[3].strip()
            if match[2] == "::":
                text = b64decode(text, validate=True).decode(errors="replace").strip()
            yield match[1].lower(), text.strip('"')


def _record(main: str, read: Listing) -> Record:
    tree = main.removesuffix(".ldif")
    parts = [main, *(path for path in sorted(read.files) if path.startswith(f"{tree}/"))]
    everywhere = [item for path in parts for item in _settings(read.files[path])]
    shared = [path for path in parts if path == main or "}frontend" in path]
    glob = [item for path in shared for item in _settings(read.files[path])]
    own = {path: [*glob, *_settings(read.files[path])] for path in parts if _is_database(path)}
    scopes = own or {main: glob}
    anonymous = [path for path, scope in scopes.items() if _is_anonymous(scope)]
    urls = _urls(read)
    record: dict[str, Value] = {
        "urls": urls,
        "clear": any(_is_clear(url) for url in urls),
        "tls": any(key == "tlscertificatefile" for key, _ in glob),
        "protection": min(_protection(scope) for scope in scopes.values()),
        "bind_protection": min(_protection(scope, "simple_bind") for scope in scopes.values()),
        "anonymous": bool(anonymous),
        "anonymous_reads": any(_lets_read(read.files[path]) for path in anonymous),
        "clear_passwords": sum(item == ("rootpw", "clear") for item in everywhere),
        "min_protocol": next((value for key, value in glob if key == "tlsprotocolmin"), ""),
        "file": main,
    }
    return record


def _is_database(path: str) -> bool:
    """Say whether a file of cn=config holds a database with entries of people."""
    return bool(re.search(r"\}[mhb]db\.ldif$", path))


def _is_anonymous(scope: Sequence[tuple[str, str]]) -> bool:
    required = " ".join(value for key, value in scope if key in ("require", "requires"))
    return "authc" not in required.split()


def _protection(scope: Sequence[tuple[str, str]], *more: str) -> int:
    """Return the strength that is demanded; TLS of whatever strength counts as 128 bits.

    OpenSSL has no weaker ciphers any more, and `tls=1` is how people ask for TLS.
    """
    pairs = " ".join(value for key, value in scope if key == "security").split()
    factors = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    tls = 128 if _bits(factors.get("tls", "")) else 0
    return max(tls, *(_bits(factors.get(key, "")) for key in ("ssf", "tls", "transport", *more)))


def _bits(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0  # noqa: PLR2004  # bits of a key


def _urls(read: Listing) -> list[str]:
    """Return what the unit or the file of defaults names; slapd(8) has ldap:/// where none does."""
    for path in _DEFAULTS:
        for line in read.files.get(path, ()):
            match = re.match(r"^(?:SLAPD_SERVICES|SLAPD_URLS)\s*=\s*[\"']?(.*?)[\"']?\s*$", line)
            if match and match[1]:
                return match[1].split()
    words = command_words(read, "slapd.service")
    if "-h" in words:
        rest = words[words.index("-h") + 1 :]
        found = [url for word in rest for url in word.split() if "://" in url]
        if found:
            return found
    return ["ldap:///"]


def _is_clear(url: str) -> bool:
    scheme, _, rest = url.lower().partition("://")
    host = rest.split("/")[0]
    return scheme == "ldap" and not (host and is_loopback(host))


def _lets_read(lines: Sequence[str]) -> bool:
    """Say whether a database lets everybody read entries; without rules slapd lets all read."""
    rules = [value for key, value in _settings(lines) if key == "access"]
    return not rules or any(_is_open(rule) for rule in rules)


def _is_open(rule: str) -> bool:
    """Say whether a rule about entries or passwords lets everybody, or who is anonymous, read."""
    what, *who = re.split(r"\s+by\s+", rule)
    target = re.sub(r"^(\{\d+\})?\s*(access\s+)?to\s+", "", what).lower()
    if re.match(r'dn(\.(base|exact))?=""', target) or "cn=subschema" in target:
        return False
    harmless = "attrs=" in target and "userpassword" not in target  # names to read, such as uid
    least = "(write|manage)" if harmless else "(read|write|manage)"
    return any(re.match(rf"(\*|anonymous)\s+{least}\b", by) for by in who)


MEMBER: Final = Member(
    name="slapd",
    title="OpenLDAP server",
    paths=(*_TREES, *_FLAT),
    facts=(FactSpec("ldap_server", "OpenLDAP's slapd as a whole.", ("file",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    programs="slapd",
    packages="slapd",
    whole=frozenset({"ldap_server"}),
)
