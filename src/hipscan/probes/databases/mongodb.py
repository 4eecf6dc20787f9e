"""MongoDB: mongod.conf in YAML or in the older form, and the options of its unit.

Sources: the reference of configuration file options and its defaults (no authorization, localhost
since 3.6, no TLS); debian/mongod.conf of the server's repository for the older form. A key file or
x.509 between members switches authorization on as well.
"""

from collections.abc import Mapping
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_remote, words
from hipscan.probes.allow_list import command_words
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member
from hipscan.probes.yaml_lines import is_true, old_settings, yaml_settings

_PATHS: Final = ("/etc/mongod.conf", "/etc/mongodb.conf")
_KEYS: Final = (
    "port|bindip|bindipall|mode|ssl|authorization|keyfile|clusterauthmode|enableencryption|"
    "transitiontoauth|javascriptenabled|destination|allowconnectionswithoutcertificates|"
    "auth|noauth|bind_ip|bind_ip_all|sslmode|tlsmode|sslonnormalports|auditdestination|noscripting|"
    "cafile"
)
_OPTIONS: Final = "--(auth|noauth|bind_ip|bind_ip_all|port|tlsMode|sslMode|keyFile)"

SCRIPT: Final = rf"""
set --
for path in {" ".join(_PATHS)}; do
  if [ -e "$path" ]; then set -- "$@" "$path"; fi
done
files "$@" | yaml_only '{_KEYS}'
for name in mongod mongodb; do unit $name.service '{_OPTIONS}'; done
"""

FIELDS: Final = {
    "listen": Field(FieldType.LIST, "net.bindIp"),
    "remote": Field(FieldType.BOOLEAN, "whether it listens beyond this host"),
    "port": Field(FieldType.TEXT, "net.port"),
    "authorization": Field(FieldType.BOOLEAN, "whether users have to log in for everything"),
    "tls": Field(FieldType.TEXT, "net.tls.mode: disabled, allow, prefer or require"),
    "encrypts_files": Field(FieldType.BOOLEAN, "security.enableEncryption (Enterprise)"),
    "audited": Field(FieldType.BOOLEAN, "whether auditLog.destination is set (Enterprise)"),
    "javascript": Field(FieldType.BOOLEAN, "whether clients may run JavaScript in the server"),
    "file": Field(FieldType.TEXT, "its configuration"),
}

# Names of the older form and of the command line -> names of today.
_OLD: Final[Mapping[str, str]] = {
    "bind_ip": "net.bindIp",
    "bind_ip_all": "net.bindIpAll",
    "port": "net.port",
    "keyfile": "security.keyFile",
    "sslmode": "net.ssl.mode",
    "tlsmode": "net.tls.mode",
    "enableencryption": "security.enableEncryption",
    "auditdestination": "auditLog.destination",
    "clusterauthmode": "security.clusterAuthMode",
    "transitiontoauth": "security.transitionToAuth",
}


def parse(read: Listing) -> Facts:
    """Parse the configuration and the unit.

    F/etc/mongod.conf
    :net:
    :  bindIp: 127.0.0.1
    :security:
    :  authorization: enabled
    """
    mains = [path for path in _PATHS if path in read.files]
    if not mains and not read.notes:
        raise ValueError("no configuration of MongoDB")
    return {"mongodb_server": ok(*(_record(path, read) for path in mains))}


def _record(path: str, read: Listing) -> Record:
    lines = read.files[path]
    held = yaml_settings(lines)
    old = dict(old_settings(lines)) | _options(read)
    held |= {_OLD[key]: value for key, value in old.items() if key in _OLD}
    if "auth" in old or "noauth" in old:
        on = is_true(old.get("auth", "false")) and not is_true(old.get("noauth", "false"))
        held["security.authorization"] = "enabled" if on else "disabled"
    listen = words(held.get("net.bindIp", "localhost"))
    if is_true(held.get("net.bindIpAll", "")):
        listen = ["0.0.0.0", "::"]  # noqa: S104  # what the setting means
    record: dict[str, Value] = {
        "listen": listen,
        "remote": is_remote(each for each in listen if not each.startswith("/")),
        "port": held.get("net.port", "27017"),
        "authorization": _is_authorized(held),
        "tls": _tls_mode(held, old),
        "encrypts_files": is_true(held.get("security.enableEncryption", "")),
        "audited": bool(held.get("auditLog.destination")),
        "javascript": is_true(held.get("security.javascriptEnabled", "true"))
        and not is_true(old.get("noscripting", "")),
        "file": path,
    }
    return record


def _options(read: Listing) -> dict[str, str]:
    found: dict[str, str] = {}
    for unit in ("mongod.service", "mongodb.service"):
        name = ""
        for word in command_words(read, unit)[1:]:
            if word.startswith("--"):
                name, _, value = word[2:].lower().partition("=")
                found[name] = value or "true"
            elif name and found.get(name) == "true":
                found[name] = word
    return found


def _is_authorized(held: Mapping[str, str]) -> bool:
    if is_true(held.get("security.transitionToAuth", "")):
        return False
    implied = (
        held.get("security.keyFile") or "x509" in held.get("security.clusterAuthMode", "").lower()
    )
    return held.get("security.authorization", "").lower() == "enabled" or bool(implied)


def _tls_mode(held: Mapping[str, str], old: Mapping[str, str]) -> str:
    if is_true(old.get("sslonnormalports", "")):
        return "require"
    mode = held.get("net.tls.mode", held.get("net.ssl.mode", "disabled"))
    return mode.lower().removesuffix("tls").removesuffix("ssl")


MEMBER: Final = Member(
    name="mongodb",
    title="MongoDB",
    paths=_PATHS,
    facts=(FactSpec("mongodb_server", "The MongoDB server's settings.", ("file",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    whole=frozenset({"mongodb_server"}),
)
