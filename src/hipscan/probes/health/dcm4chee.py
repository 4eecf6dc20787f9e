r"""dcm4chee-arc on a WildFly of the host's own: how it is secured, and how it reaches its LDAP.

The archive's name says whether Keycloak guards it: -secure.ear the pages and the REST interface,
-secure-ui.ear the pages only, else nothing. ldap.properties names the directory that holds all
settings, with its password. In containers all of it is the image's (`compose`).
"""

import re
from typing import Final

from hipscan.model.fact import FactStatus, Value, absent, missing
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Probe, judge_notes, listing
from hipscan.probes.modes import CLOSED, MODE_FIELDS, MODES, read_modes
from hipscan.probes.properties import PROPERTIES, read_properties

SCRIPT: Final = (
    PROPERTIES
    + MODES
    + CLOSED
    + r"""
closed /opt/* /usr/local/* /srv/* /opt/*/standalone /opt/*/standalone/* /var/local/*
found=$NL tops=''
tell() {
  case $found in *"$NL$1$NL"*) return ;; esac
  printf 'A%s\n' "$1"; found=$found$1$NL
  case $1 in *.ear) top=${1%/deployments/*} ;; *) return ;; esac
  case "$NL$tops" in *"$NL$top$NL"*) ;; *) tops=$tops$top$NL ;; esac
}
# Copied into the folder, or deployed by the command line, which writes it into the server's XML.
for top in /opt/*/standalone /usr/local/*/standalone /usr/share/*/standalone /srv/*/standalone \
    /var/local/*/wildfly; do
  for path in "$top"/deployments/dcm4chee-arc-ear-*.ear \
      "$top"/deployments/dcm4chee-arc-ui2-*.war; do
    [ -e "$path" ] || continue
    [ -e "$path.undeployed" ] || [ -e "$path.skipdeploy" ] || tell "$path"
  done
  for path in "$top"/configuration/*.xml; do
    [ -f "$path" ] || continue
    [ -r "$path" ] || { note denied "$path"; continue; }
    # shellcheck disable=SC2013 # names are words
    for name in $(awk '/<deployment / && !/enabled="false"/ &&
        match($0, / name="dcm4chee-arc-(ear|ui2)-[A-Za-z0-9.-]+"/) {
      print substr($0, RSTART + 7, RLENGTH - 8) }' "$path"); do
      tell "$top/deployments/$name"
    done
  done
done
IFS=$NL
set --
for top in $tops; do set -- "$@" "$top/configuration/dcm4chee-arc/ldap.properties"; done
unset IFS
if [ $# -gt 0 ]; then
  files "$@" | properties 'java[.]naming[.]provider[.]url|java[.]naming[.]security[.]principal' \
    'credentials|pass|secret' 'secret|changeit|admin|password'
  modes "$@"
fi
printf 'E\n'
"""
)

FIELDS: Final = {
    "archive": Field(FieldType.TEXT, "the archive that is deployed"),
    "version": Field(FieldType.TEXT, "its version"),
    "secures_pages": Field(FieldType.BOOLEAN, "whether its pages ask for a login"),
    "secures_rest": Field(FieldType.BOOLEAN, "whether its REST interface asks for a login"),
    "ldap_clear": Field(FieldType.BOOLEAN, "whether it reaches LDAP over the network without TLS"),
    "ldap_password": Field(FieldType.TEXT, "set, empty or known-default"),
    **MODE_FIELDS,
}

_NAME: Final = re.compile(r"dcm4chee-arc-ear-([0-9.]+)(?:-[a-z0-9]+)?(-secure(?:-ui)?)?\.ear$")
_CLEAR: Final = re.compile(r"ldap://(?!(localhost|127\.[0-9.]+|\[::1\])([:/]|$))")
_CREDENTIALS: Final = "java.naming.security.credentials"


def parse(text: str, _status: int) -> Facts:
    """Parse the archives, and ldap.properties beside them with its mode.

    A/opt/wildfly/standalone/deployments/dcm4chee-arc-ear-5.31.2-psql.ear
    A/opt/wildfly/standalone/deployments/dcm4chee-arc-ui2-5.31.2-secure.war
    F/opt/wildfly/standalone/configuration/dcm4chee-arc/ldap.properties
    :java.naming.provider.url	ldap://ldap:389/dc=dcm4che,dc=org
    :java.naming.security.credentials	known-default
    S81a4:0:0:root:root:/opt/wildfly/standalone/configuration/dcm4chee-arc/ldap.properties
    E
    """
    seen = listing(text)
    if "E" not in seen.plain:
        raise ValueError("the answer has no end")
    archives = seen.behind("A")
    if not archives and seen.notes:
        return {"dcm4chee": missing(FactStatus.DENIED, judge_notes(seen.notes, ()).reason)}
    if not archives:
        return {"dcm4chee": absent("dcm4chee-arc is not deployed on this host")}
    modes = read_modes(seen.plain)
    records = []
    pages = {
        path.partition("/deployments/")[0] for path in archives if path.endswith("-secure.war")
    }
    for archive in archives:
        top = archive.partition("/deployments/")[0]
        if not archive.endswith(".ear"):
            continue
        place = f"{top}/configuration/dcm4chee-arc/ldap.properties"
        lines = seen.files.get(place)
        record = _record(archive, lines) | ({} if lines is None else modes.get(place, {}))
        records.append(record | ({"secures_pages": True} if top in pages else {}))
    lost = seen.of_kind("denied", "error", "special")
    return {"dcm4chee": judge_notes(lost, records)}


def _record(archive: str, lines: tuple[str, ...] | None) -> dict[str, Value]:
    found = _NAME.search(archive)
    settings = read_properties(lines or ())
    record: dict[str, Value] = {
        "archive": archive,
        "version": found[1] if found else None,
        "secures_pages": bool(found[2]) if found else None,
        "secures_rest": found[2] == "-secure" if found else None,
    }
    if lines is None:
        return record
    url = settings.get("java.naming.provider.url")
    return record | {
        "ldap_clear": None if url is None else bool(_CLEAR.search(url)),
        "ldap_password": settings.get(_CREDENTIALS),
    }


PROBE: Final = Probe(
    name="dcm4chee",
    facts=(
        FactSpec("dcm4chee", "A dcm4chee-arc that is deployed on WildFly.", ("archive",), FIELDS),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("stat",),
)
