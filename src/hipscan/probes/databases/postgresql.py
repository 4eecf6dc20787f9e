"""PostgreSQL: the settings of every cluster, and who may connect to it how.

Debian keeps /etc/postgresql/VERSION/NAME, RHEL and SUSE /var/lib/pgsql/data or .../VERSION/data,
Alpine and the official image /var/lib/postgresql/VERSION/data or .../data. What
`ALTER SYSTEM` wrote (postgresql.auto.conf) comes last. Of postgresql.conf only settings that are
known here leave the host, of pg_hba.conf no password of an LDAP or RADIUS server.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from posixpath import dirname
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, absent, missing
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Listing,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.databases.postgresql_conf import DEFAULTS, PgSetting, effective, read_conf
from hipscan.probes.databases.postgresql_files import FIND
from hipscan.probes.databases.postgresql_hba import HbaLine, read_hba
from hipscan.probes.tls.tls_floor import Floor, read_floor
from hipscan.probes.tls.tls_grades import (
    PROTOCOLS,
    old_protocols,
    severity,
    unapproved_families,
    weak_families,
)

SETTING: Final = {
    "cluster": Field(FieldType.TEXT, "the cluster: 15/main, or its folder"),
    "key": Field(FieldType.TEXT, "the setting, one of: " + ", ".join(DEFAULTS)),
    "value": Field(FieldType.TEXT, "its value; on or off for a switch"),
    "file": Field(FieldType.TEXT, "the file that sets it; nothing for the default"),
    "line": Field(FieldType.INTEGER, "the line of the file"),
    "default": Field(FieldType.BOOLEAN, "whether it is the release's default, set nowhere"),
}

CLUSTER: Final = {
    "cluster": Field(FieldType.TEXT, "the cluster: 15/main, or its folder"),
    "version": Field(FieldType.INTEGER, "the major version"),
    "listen": Field(FieldType.LIST, "listen_addresses"),
    "remote": Field(FieldType.BOOLEAN, "whether it listens beyond this host"),
    "port": Field(FieldType.TEXT, "the port"),
    "ssl": Field(FieldType.BOOLEAN, "whether it offers TLS"),
    "min_protocol": Field(FieldType.TEXT, "ssl_min_protocol_version"),
    "weak_protocols": Field(FieldType.LIST, "protocols below TLS 1.2 that it allows"),
    "severity": Field(
        FieldType.TEXT, "how bad weak_protocols is: high, or low where OpenSSL refuses them anyway"
    ),
    "weak_ciphers": Field(FieldType.LIST, "families of weak ciphers that ssl_ciphers lets in"),
    "unapproved_ciphers": Field(
        FieldType.LIST, "families that NIST does not approve, up to TLS 1.2: CHACHA20, CAMELLIA"
    ),
    "password_encryption": Field(FieldType.TEXT, "how new passwords are stored"),
    "log_connections": Field(FieldType.BOOLEAN, "whether connections are logged"),
    "log_disconnections": Field(FieldType.BOOLEAN, "whether their ends are logged"),
    "log_statement": Field(FieldType.TEXT, "none, ddl, mod or all"),
    "audited": Field(FieldType.BOOLEAN, "whether pgaudit is loaded"),
    "clear_lines": Field(
        FieldType.INTEGER, "lines of pg_hba.conf that let other hosts in without TLS"
    ),
    "certificate": Field(FieldType.TEXT, "ssl_cert_file"),
    "file": Field(FieldType.TEXT, "its postgresql.conf"),
}

HBA: Final = {
    "cluster": Field(FieldType.TEXT, "the cluster"),
    "entry": Field(FieldType.TEXT, "the line without its options: `host all all 0.0.0.0/0 md5`"),
    "type": Field(FieldType.TEXT, "local, host, hostssl, hostnossl, hostgssenc or hostnogssenc"),
    "databases": Field(FieldType.LIST, "databases, or all, sameuser, replication, ..."),
    "users": Field(FieldType.LIST, "users, +groups or all"),
    "address": Field(FieldType.TEXT, "the address or network; nothing for local"),
    "remote": Field(FieldType.BOOLEAN, "whether another host can match"),
    "method": Field(
        FieldType.TEXT,
        "trust, scram-sha-256, md5, password, peer, reject, ...; cert also where trust demands a "
        "certificate with the user's name",
    ),
    "options": Field(FieldType.LIST, "the method's options, secrets hidden"),
    "shadowed": Field(FieldType.BOOLEAN, "whether an earlier line takes all its connections"),
    "file": Field(FieldType.TEXT, "the file"),
    "line": Field(FieldType.INTEGER, "its line"),
}

_CLEAR: Final = ("host", "hostnossl", "hostnogssenc")  # that take connections in clear text
_LOOPBACK: Final = re.compile(r"^(localhost|127\.[\d.]+|::1)$")


def parse(text: str, _status: int) -> Facts:
    """Parse the files of all clusters.

    cluster /etc/postgresql/15/main/postgresql.conf
    F/etc/postgresql/15/main/postgresql.conf
    :ssl = on
    F/etc/postgresql/15/main/pg_hba.conf
    :local all postgres peer
    libssl 3
    """
    read = listing(text)
    names = ("postgresql_cluster", "postgresql_setting", "pg_hba")
    mains = [line.partition(" ")[2] for line in read.plain if line.startswith("cluster ")]
    if not mains:
        return dict.fromkeys(names, _nothing(read))
    found = [_cluster(main, read) for main in mains]
    parts = zip(names, zip(*found, strict=True), strict=True)
    return {
        name: judge_notes(read.notes, [record for records in lists for record in records])
        for name, lists in parts
    }


def _nothing(read: Listing) -> Fact:
    if not read.notes:
        raise ValueError("neither a cluster nor a word about one")
    if all(note.kind == "absent" for note in read.notes):
        return absent("there is no PostgreSQL cluster")
    return missing(FactStatus.DENIED, f"{read.notes[-1].kind}: {read.notes[-1].text}")


def _cluster(main: str, read: Listing) -> tuple[list[Record], list[Record], list[Record]]:
    folder = dirname(main)
    debian = re.fullmatch(r"/etc/postgresql/([^/]+)/([^/]+)", folder)
    name = f"{debian[1]}/{debian[2]}" if debian else folder
    stated = debian[1] if debian else "".join(read.files.get(f"{folder}/PG_VERSION", ())[:1])
    digits = re.match(r"\d{1,4}", stated)
    version = int(digits[0]) if digits else None
    made = list(read_conf(main, read.files))
    where = {setting.key: setting.value for setting in made}
    data = where.get("data_directory", folder)
    made += read_conf(f"{data}/postgresql.auto.conf", read.files)
    held = effective(made, version)
    hba = _beside(where.get("hba_file", "pg_hba.conf"), folder)
    lines = list(read_hba(hba, read.files))
    hidden = [note.text for note in read.notes if note.kind != "absent"]
    if main in hidden or any(not path.endswith("pg_hba.conf") for path in hidden):
        return [_unknown(name, version, main)], [], list(_hba(name, lines))
    cluster = _record(name, version, held, lines, read_floor(read)) | {"file": main}
    if hidden:
        cluster["clear_lines"] = None
    return [cluster], [_setting(name, each) for each in held.values()], list(_hba(name, lines))


def _unknown(name: str, version: int | None, main: str) -> Record:
    """Return the record of a cluster of which a file could not be read: it might decide all."""
    known = {"cluster": name, "version": version, "file": main}
    return {key: known.get(key) for key in CLUSTER}


def _beside(path: str, folder: str) -> str:
    return path if path.startswith("/") else f"{folder}/{path}"


def _setting(cluster: str, setting: PgSetting) -> Record:
    return {
        "cluster": cluster,
        "key": setting.key,
        "value": setting.value,
        "file": setting.file,
        "line": setting.line,
        "default": not setting.file,
    }


def _record(
    name: str,
    version: int | None,
    held: dict[str, PgSetting],
    lines: list[HbaLine],
    floor: Floor,
) -> dict[str, Value]:
    def value(key: str) -> str:
        return held[key].value

    listen = [word for word in re.split(r"[,\s]+", value("listen_addresses")) if word]
    least = {name.lower(): name for name in PROTOCOLS}.get(
        value("ssl_min_protocol_version").lower(), ""
    )
    allowed = PROTOCOLS[PROTOCOLS.index(least if least in PROTOCOLS else "TLSv1") :]
    record: dict[str, Value] = {
        "cluster": name,
        "version": version,
        "listen": listen,
        "remote": any(not _LOOPBACK.match(word) for word in listen),
        "port": value("port"),
        "ssl": value("ssl") == "on",
        "password_encryption": _encryption(value("password_encryption")),
        "log_connections": _logs_names(value("log_connections")),
        "log_disconnections": value("log_disconnections") == "on",
        "log_statement": value("log_statement").lower(),
        "audited": "pgaudit" in value("shared_preload_libraries"),
        "clear_lines": _clear_lines(lines),
    }
    if value("ssl") != "on":
        return record
    return record | {
        "min_protocol": least,
        "weak_protocols": old_protocols(allowed),
        "severity": severity(allowed, value("ssl_ciphers"), floor),
        "weak_ciphers": weak_families(value("ssl_ciphers"), floor),
        "unapproved_ciphers": unapproved_families(value("ssl_ciphers"), floor),
        "certificate": value("ssl_cert_file"),
    }


def _clear_lines(lines: list[HbaLine]) -> int | None:
    """Count the lines that let another host in without TLS; None where a line is not known."""
    if any(line.method is None for line in lines):
        return None
    plain = [replace(line, type="clear") for line in lines if line.type in _CLEAR]
    return sum(
        line.is_remote and not shadowed and line.method != "reject"
        for line, shadowed in _shadows(plain)
    )


def _logs_names(value: str) -> bool:
    """Say whether it is logged who connects; since release 18 this is a list of what to log."""
    named = {"on", "all", "authentication", "authorization"}
    return not named.isdisjoint(re.split(r"[,\s]+", value.lower()))


def _encryption(value: str) -> str:
    """Return the method; `on` and its kin meant md5 until release 13."""
    return "md5" if value.lower() in ("on", "true", "yes", "1") else value.lower()


def _shadows(lines: list[HbaLine]) -> Iterator[tuple[HbaLine, bool]]:
    for place, line in enumerate(lines):
        yield line, any(earlier.covers(line) for earlier in lines[:place])


def _hba(cluster: str, lines: list[HbaLine]) -> Iterator[Record]:
    for line, shadowed in _shadows(lines):
        words = (line.type, ",".join(line.databases), ",".join(line.users), line.address)
        entry = " ".join(word for word in (*words, line.method or "?") if word)
        yield {
            "cluster": cluster,
            "entry": entry,
            "type": line.type if line.method is not None else None,
            "databases": list(line.databases),
            "users": list(line.users),
            "address": line.address,
            "remote": line.is_remote if line.method is not None else None,
            "method": _proof(line),
            "options": list(line.options),
            "shadowed": shadowed,
            "file": line.file,
            "line": line.line,
        }


def _proof(line: HbaLine) -> str | None:
    """Return the method; trust of a certificate with the user's name is what `cert` does."""
    by_name = "clientcert=verify-full" in line.options and line.type == "hostssl"
    return "cert" if line.method == "trust" and by_name else line.method


PROBE: Final = Probe(
    name="postgresql",
    facts=(
        FactSpec(
            "postgresql_cluster", "What holds for a cluster as a whole.", ("cluster",), CLUSTER
        ),
        FactSpec(
            "postgresql_setting",
            "Settings of each cluster, with the release's defaults.",
            ("cluster", "key"),
            SETTING,
        ),
        FactSpec("pg_hba", "The lines of pg_hba.conf, in order.", ("cluster", "entry"), HBA),
    ),
    script=FIND,
    parse=parse,
)
