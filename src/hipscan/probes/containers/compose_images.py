"""What images of services do by themselves: passwords that they bring, ports that they open.

Sources: their READMEs, Dockerfiles and start scripts.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from hipscan.probes.containers.compose_services import Body, items

# Passwords that an image takes when nobody sets its variable (its README or start script).
_IMPLIED: Final = {
    r"dcm4che/slapd(-dcm4chee)?": ("LDAP_ROOTPASS", "LDAP_CONFIGPASS"),
    r"dcm4che/dcm4chee-arc(-[a-z]+)?": ("LDAP_ROOTPASS", "KEYSTORE_PASSWORD"),
    r"openemr/openemr": ("OE_PASS", "MYSQL_PASS"),
    r"openmrs/openmrs-[a-z0-9-]+": ("OMRS_ADMIN_USER_PASSWORD", "OMRS_DB_PASSWORD"),
}
_NO_SECRETS: Final = {
    r"openmrs/openmrs-[a-z0-9-]*(frontend|gateway|spa)[a-z0-9-]*": (),
}
# What images open by themselves (EXPOSE, or their manuals); `ports` counts for nothing there.
_OPENS: Final = {
    r"dcm4che/slapd(-dcm4chee)?": ("389", "636"),
    r"dcm4che/dcm4chee-arc(-[a-z]+)?": ("2575", "2762", "8080", "8443", "11112", "12575"),
    r"(jodogne|orthancteam|osimis)/orthanc[a-z-]*": ("4242", "8042"),
    r"openemr/openemr": ("80", "443"),
    r"openmrs/openmrs-[a-z0-9-]+": ("8080",),
    r"hapiproject/hapi(-fhir-jpaserver-starter)?": ("8080",),
    r"(nextgenhealthcare/connect|openintegrationengine/engine|innovarhealthcare/bridgelink)": (
        "8080",
        "8443",
    ),
    r"(bitnami/)?postgres(ql)?|dcm4che/postgres-dcm4chee": ("5432",),
    r"(bitnami/)?(mysql|mariadb)": ("3306",),
    r"(bitnami/)?redis": ("6379",),
    r"(bitnami/)?mongo(db)?": ("27017",),
}
# A variable that nobody knows: of a registry or a tag, mostly.
_UNKNOWN: Final = re.compile(r"\$(\{[^{}]*\}|[A-Za-z0-9_]+)")
_ORTHANC: Final = r"(jodogne|orthancteam|osimis)/orthanc(-plugins|-python|-pre-release)?"
_USERS: Final = re.compile(
    r"ORTHANC__(REGISTERED_USERS|AUTHENTICATION_ENABLED|AUTHORIZATION|REMOTE_ACCESS)|ORTHANC_JSON|AC_"
)


def left_to_image(repository: str, states: Mapping[str, str], body: Body) -> Iterator[str]:
    """Yield the variables that an image fills with a published password by itself."""
    if any(re.fullmatch(pattern, repository) for pattern in _NO_SECRETS):
        return
    if re.fullmatch(_ORTHANC, repository):
        if not _configures_orthanc(states, body):
            yield "ORTHANC__REGISTERED_USERS"
        return
    for pattern, names in _IMPLIED.items():
        if re.fullmatch(pattern, repository):
            yield from (n for n in names if n not in states and f"{n}_FILE" not in states)


def _configures_orthanc(states: Mapping[str, str], body: Body) -> bool:
    """Return whether the file may say who its users are, or that it asks nobody."""
    mounted = [
        str(v.get("target") if isinstance(v, dict) else v) for v in items(body.get("volumes"))
    ]
    return (
        any(_USERS.match(name) for name in states)
        or any(word in body for word in ("secrets", "configs", "command", "entrypoint", "build"))
        or any(place.lstrip(":").startswith(("/etc", "/run", "set")) for place in mounted)
    )


def opened_by_image(repository: str, body: Body) -> set[str]:
    """Return what a service opens by itself, where it lives in the network of the host."""
    found = {str(port).partition("/")[0] for port in items(body.get("expose"))}
    for pattern, ports in _OPENS.items():
        if re.fullmatch(pattern, repository):
            found |= set(ports)
    return found


def split_image(image: str) -> tuple[str, str]:
    """Return repository and tag of an image, without its registry and digest."""
    name = _UNKNOWN.sub("", image).partition("@")[0].lstrip("/")
    path, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        path, tag = name, ""
    first, slash, rest = path.partition("/")
    is_registry = slash and ("." in first or ":" in first or first == "localhost")
    return (rest if is_registry else path).removeprefix("library/"), tag
