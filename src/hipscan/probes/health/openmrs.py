r"""OpenMRS: its runtime properties, which hold the key to the database and to what is encrypted.

The file lies in the application data folder: ~/.OpenMRS of the account that runs Tomcat, or a
folder that the site chose. Sources: openmrs-core, startup-init.sh (the published defaults) and
OpenmrsConstants (encryption.key, encryption.vector).
"""

import re
from typing import Final

from hipscan.model.fact import FactStatus, Value, absent, missing
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.modes import CLOSED, MODE_FIELDS, MODES, read_modes
from hipscan.probes.properties import PROPERTIES, read_properties

_NAMES: Final = "*-runtime.properties openmrs-server.properties"  # of the web archive's name
_FOLDERS: Final = (
    "/etc/openmrs /opt/openmrs /opt/openmrs/data /openmrs /openmrs/data /srv/openmrs "
    "/var/lib/OpenMRS /var/lib/openmrs /usr/share/tomcat*/.OpenMRS /var/lib/tomcat*/.OpenMRS "
    "/opt/tomcat*/.OpenMRS /home/*/.OpenMRS /root/.OpenMRS /home/*/openmrs/*"
)
_SHOWN: Final = (
    r"connection[.](url|username)|(module[.]allow_web_admin|module_web_admin|auto_update_database|"
    r"create_database_user|create_tables|install_method|admin_password_locked|"
    r"application_data_directory)"
)
_SECRET: Final = "pass|secret|token|encryption[.](key|vector)"  # noqa: S105  # a pattern of names
_PUBLISHED: Final = "openmrs|Admin123|test|root|password|mysql"

SCRIPT: Final = (
    PROPERTIES
    + MODES
    + CLOSED
    + rf"""
closed /root /home/*
set --
for folder in {_FOLDERS}; do
  [ -d "$folder" ] || continue
  [ -x "$folder" ] || {{ note denied "$folder"; continue; }}
  for name in {_NAMES}; do
    for path in "$folder"/$name; do [ ! -e "$path" ] || set -- "$@" "$path"; done
  done
done
if [ $# -gt 0 ]; then
  files "$@" | properties '{_SHOWN}' '{_SECRET}' '{_PUBLISHED}'
  modes "$@"
fi
printf 'E\n'
"""
)

FIELDS: Final = {
    "file": Field(FieldType.TEXT, "the file of runtime properties"),
    "secrets": Field(FieldType.LIST, "settings that hold a password or a key"),
    "default_secrets": Field(FieldType.LIST, "those of them that are published defaults"),
    "empty_secrets": Field(FieldType.LIST, "those of them that are empty"),
    "web_admin": Field(FieldType.BOOLEAN, "whether administrators may upload code over the web"),
    "database_local": Field(FieldType.BOOLEAN, "whether the database is on this host"),
    "database_tls": Field(FieldType.BOOLEAN, "whether the address of the database demands TLS"),
    **MODE_FIELDS,
}

# An address without a host is a file of this host, or its own server.
_LOCAL: Final = re.compile(
    r"^jdbc:(?![^/]*//)|^jdbc:[a-z:]+//(localhost|127\.[0-9.]+|\[::1\])?([:/?]|$)", re.IGNORECASE
)
# MySQL's driver goes on in the clear where only useSSL is set; the others of old do not.
_TLS: Final = re.compile(
    r"[?&;](requireSSL=true|verifyServerCertificate=true|encrypt=(true|strict)|"
    r"sslMode=(REQUIRED?|VERIFY[_-](CA|IDENTITY|FULL)|trust))"
    r"|^jdbc:(mariadb|postgresql):.*[?&](useSSL|ssl)=true",
    re.IGNORECASE,
)
_WEB_ADMIN: Final = ("module.allow_web_admin", "module_web_admin")


def parse(text: str, _status: int) -> Facts:
    """Parse the settings and modes of the files.

    F/root/.OpenMRS/openmrs-runtime.properties
    :connection.password	known-default
    S81a4:0:0:root:root:/root/.OpenMRS/openmrs-runtime.properties
    E
    """
    seen = listing(text)
    if "E" not in seen.plain:
        raise ValueError("the answer has no end")
    if not seen.files and not seen.notes:
        return {"openmrs": absent("OpenMRS is not installed")}
    if not seen.files:
        return {"openmrs": missing(FactStatus.DENIED, judge_notes(seen.notes, ()).reason)}
    modes = read_modes(seen.plain)
    records = [
        {**_record(path, lines), **modes.get(path, {})} for path, lines in seen.files.items()
    ]
    return {"openmrs": judge_notes(seen.notes, records)}


def _record(path: str, lines: tuple[str, ...]) -> dict[str, Value]:
    settings = read_properties(lines)
    secret = {key: value for key, value in settings.items() if re.search(_SECRET, key)}
    url = settings.get("connection.url", "")
    admin = next((settings[key] for key in _WEB_ADMIN if key in settings), "true")
    record: dict[str, Value] = {
        "file": path,
        "secrets": sorted(k for k, v in secret.items() if v in ("set", "known-default")),
        "default_secrets": sorted(k for k, v in secret.items() if v == "known-default"),
        "empty_secrets": sorted(k for k, v in secret.items() if v == "empty"),
        "web_admin": admin.strip().lower() == "true",
    }
    if not url:
        return record
    return {
        **record,
        "database_local": bool(_LOCAL.match(url)),
        "database_tls": bool(_TLS.search(url)),
    }


PROBE: Final = Probe(
    name="openmrs",
    facts=(FactSpec("openmrs", "A file of runtime properties of OpenMRS.", ("file",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    commands=("stat",),
)
