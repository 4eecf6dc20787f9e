"""MySQL and MariaDB: what the option files make the server do.

/etc/my.cnf and /etc/mysql/my.cnf are both read, with !include and !includedir; the last setting
in a group that the server reads wins; options that its unit or the unit's file of variables names
(MYSQLD_OPTS=--skip-grant-tables) win over these, in MySQL what SET PERSIST wrote to mysqld-auto.cnf
(JSON, in the folder of data) over all of them. Only options that are known here leave the host with
their values. Sources: the reference manuals of both servers, for groups, spellings and defaults.
"""

import re
from collections.abc import Mapping
from typing import Final

from hipscan.model.fact import FactStatus, Record, Value, absent, missing
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.databases.mysql_options import (
    AUTO,
    DEFAULTS,
    MAINS,
    SHORT,
    Option,
    is_read,
    read_options,
)
from hipscan.probes.gathering import IS_NEW
from hipscan.probes.tls.tls_floor import FLOOR, Floor, read_floor
from hipscan.probes.tls.tls_grades import (
    old_protocols,
    severity,
    unapproved_families,
    weak_families,
)

SCRIPT: Final = (
    IS_NEW
    + FLOOR
    + rf"""
server=''
for path in mariadbd mysqld /usr/libexec/mariadbd /usr/libexec/mysqld; do
  if command -v "$path" >/dev/null; then server=$path; break; fi
done
if [ -z "$server" ]; then printf 'none\n'; exit 0; fi
version=$("$server" --version) data=/var/lib/mysql
printf 'version %s\n' "$version"
next="{"$NL".join(MAINS)}" seen=$NL round=0
while [ -n "$next" ] && [ "$round" -lt 10 ]; do
  round=$((round + 1))
  IFS=$NL
  set --
  for path in $next; do
    if is_new "$path"; then set -- "$@" "$path"; fi
  done
  unset IFS
  [ $# -gt 0 ] || break
  text=$(files "$@" | awk '
  !/^:/ || /^:[ \t]*\[/ || /^:[ \t]*!include/ {{ print; next }}
  {{
    key = tolower(substr($0, 2)); sub(/^[ \t]+/, "", key); sub(/[ \t]*(=.*)?$/, "", key)
    gsub(/-/, "_", key); sub(/^(loose_|enable_)/, "", key)
    if (key == "datadir") {{
      print ":"; sub(/^[^=]*=[ \t]*/, ""); sub(/[ \t\r]*(#.*)?$/, ""); gsub(/["\047]/, "")
      print "datadir " $0
    }} else if (key ~ /^(disable_)?({"|".join(DEFAULTS)}|networking|{SHORT})$/) {{
      sub(/[ \t]#.*/, ""); print
    }}
    else print ":"
  }}')
  printf '%s\n' "$text"
  case $text in *"$NL"datadir\ /*)
    data=${{text##*"$NL"datadir }} data=${{data%%"$NL"*}} data=${{data%/}} ;;
  esac
  next=$(printf '%s\n' "$text" | awk '
    /^:[ \t]*!include/ {{
      dir = /^:[ \t]*!includedir/; sub(/^:[ \t]*!include(dir)?[ \t]+/, ""); sub(/[ \t\r]+$/, "")
      sub(/\/$/, ""); print dir ? $0 "/*.cnf" : $0
    }}')
done
set --
for name in mysql mysqld mariadb; do
  for path in "/etc/systemd/system/$name.service" "/etc/systemd/system/$name.service.d"/*.conf \
    /etc/default/$name /etc/sysconfig/$name
  do
    if [ -f "$path" ]; then set -- "$@" "$path"; fi
  done
done
[ $# -eq 0 ] || files "$@" | awk '
!/^:/ {{ print; next }}
/^:[ \t]*#/ {{ print ":"; next }}
{{
  n = split(substr($0, 2), part, /[ \t"\047]+/); found = 0
  for (i = 1; i <= n; i++) {{
    sub(/^[A-Za-z_]+=--/, "--", part[i])
    key = part[i]; if (!sub(/^--/, "", key)) continue
    sub(/=.*/, "", key); gsub(/-/, "_", key)
    if (key ~ /^({"|".join(DEFAULTS)}|{SHORT})$/) {{ print ":" substr(part[i], 3); found = 1 }}
  }}
  if (!found) print ":"
}}'
case $version in
  *MariaDB*) ;;
  *)
    if [ -d "$data" ] && [ ! -x "$data" ]; then note denied "$data/{AUTO}"; fi
    if [ -e "$data/{AUTO}" ]; then
      files "$data/{AUTO}" | awk '
      !/^:/ {{ print; next }}
      {{ text = text substr($0, 2) " " }}
      END {{
        one = "\"({"|".join(DEFAULTS)})\"[ \t]*:[ \t]*[{{][ \t]*\"Value\"[ \t]*:[ \t]*\"[^\"]*\""
        while (match(text, one)) {{
          split(substr(text, RSTART, RLENGTH), part, "\""); print ":" part[2] " = " part[6]
          text = substr(text, RSTART + RLENGTH)
        }}
      }}'
    fi ;;
esac
floor
"""
)

FIELDS: Final = {
    "server": Field(FieldType.TEXT, "mariadb or mysql"),
    "version": Field(FieldType.TEXT, "the server's version"),
    "listen": Field(FieldType.LIST, "bind_address; nothing where it does not listen at all"),
    "remote": Field(FieldType.BOOLEAN, "whether it listens beyond this host"),
    "ssl": Field(FieldType.BOOLEAN, "whether it offers TLS"),
    "require_secure_transport": Field(FieldType.BOOLEAN, "whether it refuses clear connections"),
    "protocols": Field(FieldType.LIST, "TLS protocols, the version's default where none is set"),
    "weak_protocols": Field(FieldType.LIST, "those of them below TLS 1.2"),
    "severity": Field(
        FieldType.TEXT, "how bad weak_protocols is: high, or low where OpenSSL refuses them anyway"
    ),
    "weak_ciphers": Field(FieldType.LIST, "families of weak ciphers that ssl_cipher lets in"),
    "unapproved_ciphers": Field(
        FieldType.LIST, "families that NIST does not approve, up to TLS 1.2: CHACHA20, CAMELLIA"
    ),
    "local_infile": Field(FieldType.BOOLEAN, "whether clients may be told to send their files"),
    "secure_file_priv": Field(
        FieldType.TEXT, "where SQL may read and write files; empty: anywhere"
    ),
    "skip_grant_tables": Field(FieldType.BOOLEAN, "whether it lets in everybody"),
    "encrypts_tables": Field(FieldType.BOOLEAN, "whether innodb_encrypt_tables is on"),
    "audited": Field(FieldType.BOOLEAN, "whether an audit plugin is loaded by the option files"),
    "certificate": Field(FieldType.TEXT, "ssl_cert"),
    "file": Field(FieldType.TEXT, "the main option file"),
}

SETTING: Final = {
    "server": Field(FieldType.TEXT, "mariadb or mysql"),
    "key": Field(FieldType.TEXT, "the option, with underscores"),
    "value": Field(FieldType.TEXT, "its value; on or off for a switch"),
    "file": Field(FieldType.TEXT, "the file that sets it"),
    "line": Field(FieldType.INTEGER, "the line of the file"),
}

_LOOPBACK: Final = re.compile(r"^(localhost|127\.[\d.]+|::1)$")


def parse(text: str, _status: int) -> Facts:
    """Parse the version and the option files.

    version mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)
    F/etc/mysql/my.cnf
    :[mysqld]
    :bind-address = 127.0.0.1
    libssl 3
    """
    read = listing(text)
    names = ("mysql_server", "mysql_setting")
    if "none" in read.plain:
        return dict.fromkeys(names, absent("neither MySQL nor MariaDB is installed"))
    stated = next((line for line in read.plain if line.startswith("version ")), None)
    if stated is None:
        raise ValueError("no version")
    server = "mariadb" if "mariadb" in stated.lower() else "mysql"
    found = re.search(r"Ver (\d+)\.(\d+)\.(\d+)", stated)
    version = (int(found[1]), int(found[2]), int(found[3])) if found else None
    if not any(path in read.files for path in MAINS) and read.of_kind("denied"):
        reason = f"denied: {read.of_kind('denied')[0].text}"
        return dict.fromkeys(names, missing(FactStatus.DENIED, reason))
    made = [option for option in read_options(read) if is_read(option.group, server, version)]
    held = {each.key: each.value for each in made}
    held["plugin_load_add"] = " ".join(each.value for each in made if each.key == "plugin_load_add")
    record = _record(server, version, held, read_floor(read))
    main = next((path for path in reversed(MAINS) if path in read.files), "")
    if any(note.kind != "absent" for note in read.notes):
        # a file that was not read might decide everything
        record = {key: record[key] if key in ("server", "version") else None for key in FIELDS}
    settings: list[Record] = [_setting(server, each) for each in made]
    return {
        "mysql_server": judge_notes(read.notes, [record | {"file": main}]),
        "mysql_setting": judge_notes(read.notes, settings),
    }


def _record(
    server: str, version: tuple[int, int, int] | None, made: Mapping[str, str], floor: Floor
) -> dict[str, Value]:
    held = {**DEFAULTS, **made}
    local = held["skip_networking"] == "on"
    listen = [] if local else [word for word in re.split(r"[,\s]+", held["bind_address"]) if word]
    record: dict[str, Value] = {
        "server": server,
        "version": "" if version is None else ".".join(map(str, version)),
        "listen": listen,
        "remote": any(not _LOOPBACK.match(word) for word in listen),
        "require_secure_transport": held["require_secure_transport"] == "on",
        "local_infile": _local_infile(server, version, held["local_infile"]),
        "secure_file_priv": held["secure_file_priv"],
        "skip_grant_tables": held["skip_grant_tables"] == "on",
        "encrypts_tables": held["innodb_encrypt_tables"] == "on",
        "audited": "audit" in held["plugin_load"] + held["plugin_load_add"]
        or held["server_audit_logging"] == "on",
        "ssl": _has_tls(server, version, held),
    }
    return record | (_tls(server, version, held, floor) if record["ssl"] else {})


def _local_infile(server: str, version: tuple[int, int, int] | None, given: str) -> bool | None:
    """Return whether it is on: by default in MariaDB and in MySQL before 8.0."""
    if given:
        return given == "on"
    if server == "mariadb":
        return True
    return None if version is None else version < (8, 0, 0)


def _has_tls(
    server: str, version: tuple[int, int, int] | None, held: Mapping[str, str]
) -> bool | None:
    """Return whether TLS works: with a certificate, or one that the server makes by itself.

    MySQL does that since 5.7, MariaDB since 11.4.
    """
    if held["ssl"] == "off":
        return False
    if held["ssl_cert"] and held["ssl_key"]:
        return True
    if version is None:
        return None
    return version >= ((11, 4, 0) if server == "mariadb" else (5, 7, 0))


def _tls(
    server: str,
    version: tuple[int, int, int] | None,
    held: Mapping[str, str],
    floor: Floor,
) -> dict[str, Value]:
    given = [word for word in re.split(r"[,\s]+", held["tls_version"]) if word]
    protocols = given or _default_protocols(server, version)
    if protocols is not None:
        protocols = ["TLSv1" if name.lower() == "tlsv1.0" else name for name in protocols]
    return {
        "protocols": protocols,
        "weak_protocols": None if protocols is None else old_protocols(protocols),
        "severity": severity(protocols or (), held["ssl_cipher"], floor),
        "weak_ciphers": weak_families(held["ssl_cipher"], floor),
        "unapproved_ciphers": unapproved_families(held["ssl_cipher"], floor),
        "certificate": held["ssl_cert"],
    }


def _default_protocols(server: str, version: tuple[int, int, int] | None) -> list[str] | None:
    """Return what is offered where tls_version is not set; old minor releases offered more."""
    if version is None:
        return None
    modern = ["TLSv1.2", "TLSv1.3"]
    if server == "mysql":
        old = ["TLSv1", "TLSv1.1"] if version < (8, 0, 28) else []
        return [*old, *modern]
    since = {(10, 5): 26, (10, 6): 19, (10, 11): 9, (11, 1): 6, (11, 2): 5, (11, 4): 3, (11, 5): 2}
    minor = since.get(version[:2])
    new = version >= (11, 6, 0) if minor is None else version[2] >= minor
    return modern if new else ["TLSv1.1", *modern]


def _setting(server: str, each: Option) -> Record:
    return {
        "server": server,
        "key": each.key,
        "value": each.value,
        "file": each.file,
        "line": each.line,
    }


PROBE: Final = Probe(
    name="mysql",
    facts=(
        FactSpec("mysql_server", "The MySQL or MariaDB server as a whole.", ("server",), FIELDS),
        FactSpec(
            "mysql_setting",
            "Options that the files set for it, in the order in which they are read.",
            ("server", "key"),
            SETTING,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("mariadbd --version", "mysqld --version"),
)
