"""CouchDB: default.ini, default.d, local.ini and local.d in the order in which it reads them.

The last setting wins; a line that begins with a blank goes on. Since 3.0 the server does not start
without an administrator, before that everybody was one ("admin party"). `vm.args` holds the cookie
of the cluster's own protocol; `monster` is the one that was shipped (CVE-2022-24706).
"""

from collections.abc import Sequence
from posixpath import dirname
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_remote
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member

_TOPS: Final = ("/opt/couchdb/etc", "/etc/couchdb", "/usr/local/etc/couchdb")

SCRIPT: Final = rf"""
set --
for top in {" ".join(_TOPS)}; do
  for path in "$top/default.ini" "$top"/default.d/*.ini "$top/local.ini" "$top"/local.d/*.ini \
    "$top/vm.args"
  do
    if [ -e "$path" ]; then set -- "$@" "$path"; fi
  done
  for folder in "$top/default.d" "$top/local.d"; do
    if [ -d "$folder" ] && {{ [ ! -r "$folder" ] || [ ! -x "$folder" ]; }}; then
      note denied "$folder"
    fi
  done
done
files "$@" | awk '
/^F/ {{ section = "" }}
!/^:/ {{ print; next }}
{{ line = substr($0, 2); sub(/\r$/, "", line) }}
line ~ /^[ \t]*\[/ {{ section = tolower(line); gsub(/[^a-z_]/, "", section); print ":" line; next }}
line ~ /^-setcookie[ \t]/ {{
  print line ~ /[ \t]monster[ \t]*$/ ? ":-setcookie monster" : ":-setcookie hidden"; next
}}
section == "admins" && line ~ /^[^;# \t].*=/ {{ print ":admin = hidden"; next }}
line ~ /^(bind_address|port|enable|httpsd|tls_versions)[ \t]*=/ ||
line ~ /^require_valid_user(_except_for_up)?[ \t]*=/ {{ print ":" line }}'
"""

FIELDS: Final = {
    "listen": Field(FieldType.TEXT, "bind_address"),
    "remote": Field(FieldType.BOOLEAN, "whether it listens beyond this host"),
    "admins": Field(FieldType.INTEGER, "administrators in the files"),
    "login": Field(FieldType.BOOLEAN, "whether reading needs a login too (require_valid_user)"),
    "tls": Field(FieldType.BOOLEAN, "whether it speaks TLS as well"),
    "clear": Field(FieldType.BOOLEAN, "whether other hosts can talk to it without TLS"),
    "known_cookie": Field(FieldType.BOOLEAN, "whether the cluster's cookie is the shipped one"),
    "file": Field(FieldType.TEXT, "its local.ini"),
}


def parse(read: Listing) -> Facts:
    """Parse the files.

    F/opt/couchdb/etc/local.ini
    :[chttpd]
    :bind_address = 0.0.0.0
    :[admins]
    :admin = hidden
    """
    tops = [top for top in _TOPS if any(path.startswith(f"{top}/") for path in read.files)]
    if not tops and not read.notes:
        raise ValueError("no configuration of CouchDB")
    return {"couchdb_server": ok(*(_record(top, read) for top in tops))}


def _record(top: str, read: Listing) -> Record:
    held: dict[tuple[str, str], str] = {}
    admins = 0
    for path in _order(top, read):
        for section, key, value in _settings(read.files[path]):
            admins += section == "admins"
            held[section, key] = value
    arguments = read.files.get(f"{top}/vm.args", ())
    listen = held.get(("chttpd", "bind_address"), "127.0.0.1")
    port = held.get(("chttpd", "port"), "5984")
    keys = ("require_valid_user", "require_valid_user_except_for_up")
    valid = [held.get((part, key), "") for part in _LOGIN_SECTIONS for key in keys]
    tls = held.get(("ssl", "enable"), "") == "true" or bool(held.get(("daemons", "httpsd")))
    record: dict[str, Value] = {
        "listen": listen,
        "remote": is_remote([listen]),
        "admins": admins,
        "login": "true" in valid,
        "tls": tls,
        "clear": is_remote([listen]) and port != "0",
        "known_cookie": "-setcookie monster" in arguments,
        "file": f"{top}/local.ini",
    }
    return record


_LOGIN_SECTIONS: Final = ("chttpd", "chttpd_auth", "couch_httpd_auth")


def _order(top: str, read: Listing) -> list[str]:
    """Return the files as they are read; the last setting wins."""
    below = {
        folder: sorted(path for path in read.files if dirname(path) == f"{top}/{folder}")
        for folder in ("default.d", "local.d")
    }
    default, local = f"{top}/default.ini", f"{top}/local.ini"
    order = [default, *below["default.d"], local, *below["local.d"]]
    return [path for path in order if path in read.files]


def _settings(lines: Sequence[str]) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    section = ""
    for line in lines:
        text = line.strip()
        if text.startswith("["):
            section = text.strip("[] ").lower()
        elif "=" in text:
            key, _, value = text.partition("=")
            found.append((section, key.strip(), value.partition(";")[0].strip()))
    return found


MEMBER: Final = Member(
    name="couchdb",
    title="CouchDB",
    paths=tuple(f"{top}/{name}" for top in _TOPS for name in ("local.ini", "default.ini")),
    facts=(FactSpec("couchdb_server", "CouchDB's settings.", ("file",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    whole=frozenset({"couchdb_server"}),
)
