r"""HAPI FHIR JPA starter: what its application.yaml says.

The starter brings no login of any kind (its README says so); one can only come from classes of
the site's own, an interceptor or beans, or from a gateway before it. The awk walks the YAML by its
indentation and lets out the few settings that rules ask for; names are compared as Spring does,
without case, hyphens and underscores.

    F/etc/hapi/application.yaml
    :hapi.fhir.cors.allowedorigin	*
    :spring.datasource.password	set
"""

import re
from collections.abc import Iterable
from typing import Final

from hipscan.model.fact import FactStatus, Value, absent, missing
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Probe, judge_notes, listing
from hipscan.probes.modes import CLOSED, MODE_FIELDS, MODES, read_modes

_PLACES: Final = (
    "/opt/hapi*/application.y*ml /opt/hapi*/*/application.y*ml /etc/hapi*/application.y*ml "
    "/srv/hapi*/application.y*ml /srv/hapi*/*/application.y*ml /data/hapi*/application.y*ml "
    "/var/lib/tomcat*/webapps/*/WEB-INF/classes/application.y*ml "
    "/opt/*tomcat*/webapps/*/WEB-INF/classes/application.y*ml "
    "/usr/local/tomcat*/webapps/*/WEB-INF/classes/application.y*ml"
)
_SHOWN: Final = (
    r"server[.](port|address|ssl[.](enabled|keystore|certificate|enabledprotocols))|"
    r"spring[.]datasource[.](url|username|driverclassname)|"
    r"hapi[.]fhir[.](cors[.]allow(edorigin|credentials)|custominterceptorclasses|custombeanpackages|"
    r"bulkexportenabled|fhirversion)|hapi[.]fhir[.]cors"
)
_SECTIONS: Final = r"hapi([.]fhir([.]cors)?)?|server([.]ssl)?|spring([.]datasource)?"

SCRIPT: Final = (
    MODES
    + CLOSED
    + rf"""
closed /opt/hapi* /etc/hapi* /srv/hapi* /data/hapi* /var/lib/tomcat* /var/lib/tomcat*/webapps \
  /opt/*tomcat* /opt/*tomcat*/webapps
set --
for path in {_PLACES}; do
  [ -f "$path" ] || continue
  if [ ! -r "$path" ]; then note denied "$path"; continue; fi
  grep -q '^hapi:\|^hapi[.]fhir' "$path" && set -- "$@" "$path"
done
if [ $# -gt 0 ]; then
  files "$@" | awk '
    function bare(text) {{
      sub(/[ \t]+#.*$/, "", text); sub(/[ \t]+$/, "", text); sub(/^[[]/, "", text)
      sub(/[]]$/, "", text); gsub(/["\047]/, "", text); gsub(/\t/, " ", text); return text
    }}
    function tell(name, value) {{
      if (name ~ /password|secret|token/)
        value = value == "" || value == "null" ? "empty" : value ~ /^\$/ ? "variable" : "set"
      else if (name !~ /^({_SHOWN})$/) return
      else {{ gsub(/\/\/[^\/@]*@/, "//hidden@", value); sub(/[?;].*/, "", value) }}
      print ":" perhaps name "\t" value
    }}
    /^[F!]/ {{ print; top = line = 0; perhaps = ""; file = substr($0, 2); next }}
    {{ line++ }}
    /^:---/ {{ top = 0; perhaps = ""; next }}
    /^:[ \t]*(#|$)/ {{ next }}
    {{
      text = substr($0, 2); sub(/\r$/, "", text); match(text, /^ */); indent = RLENGTH
      text = substr(text, indent + 1)
      if (text ~ /^- /) {{
        while (top > 0 && depth[top] > indent) top--
        sub(/^- +/, "", text); if (top) tell(path[top], bare(text)); next
      }}
      if (!match(text, /^["\047]?[A-Za-z0-9_.-]+["\047]?[ \t]*:([ \t]|$)/)) next
      name = substr(text, 1, RLENGTH); value = bare(substr(text, RLENGTH + 1))
      sub(/[ \t]*:[ \t]*$/, "", name); gsub(/["\047_-]/, "", name); name = tolower(name)
      while (top > 0 && depth[top] >= indent) top--
      full = top ? path[top] "." name : name
      path[++top] = full; depth[top] = indent
      if (full ~ /^spring[.](config[.]activate[.]onprofile|profiles)$/) perhaps = "?"
      if (value ~ /^\{{/ && full ~ /^({_SECTIONS})$/)
        print "!error " file ", line " line ": " name " in one line"
      if (value != "" || full == "hapi.fhir.cors") tell(full, value)
    }}'
  modes "$@"
fi
printf 'E\n'
"""
)

FIELDS: Final = {
    "file": Field(FieldType.TEXT, "the file"),
    "port": Field(FieldType.INTEGER, "port of the server"),
    "local": Field(FieldType.BOOLEAN, "whether it is bound to this host"),
    "tls": Field(FieldType.BOOLEAN, "whether the server itself speaks TLS"),
    "own_classes": Field(
        FieldType.LIST, "interceptors and beans of the site, which may ask for a login"
    ),
    "asks_login": Field(FieldType.BOOLEAN, "false: nothing can; unknown with classes of the site"),
    "cors_origins": Field(FieldType.LIST, "web sites that may use it from a browser"),
    "database": Field(FieldType.TEXT, "h2, postgresql, ...; of what the JDBC address names"),
    "in_memory": Field(FieldType.BOOLEAN, "whether all records end with the process"),
    "database_password": Field(FieldType.TEXT, "set, empty or variable"),
    **MODE_FIELDS,
}

_LOCAL: Final = re.compile(r"^(localhost|127\.[0-9.]+|::1)$")
_JDBC: Final = re.compile(r"^jdbc:([a-z0-9]+):(mem:)?")


def parse(text: str, _status: int) -> Facts:
    """Parse the settings and modes; the module's docstring shows them."""
    seen = listing(text)
    if "E" not in seen.plain:
        raise ValueError("the answer has no end")
    if not seen.files and seen.notes:
        return {"hapi_fhir": missing(FactStatus.DENIED, judge_notes(seen.notes, ()).reason)}
    if not seen.files:
        return {"hapi_fhir": absent("no application.yaml of HAPI FHIR is where hipscan looks")}
    modes = read_modes(seen.plain)
    records = [_record(path, lines) | modes.get(path, {}) for path, lines in seen.files.items()]
    return {"hapi_fhir": judge_notes(seen.notes, records)}


def _record(path: str, lines: tuple[str, ...]) -> dict[str, Value]:
    """Return what the file makes it do; what hangs on the profile (`?` before a name) is None."""
    always = _meaning(path, _settings(line for line in lines if not line.startswith("?")))
    at_most = _meaning(path, _settings(line.removeprefix("?") for line in lines))
    return {key: value if at_most[key] == value else None for key, value in always.items()}


def _settings(lines: Iterable[str]) -> dict[str, list[str]]:
    settings: dict[str, list[str]] = {}
    for line in lines:
        key, tab, value = line.partition("\t")
        if not tab:
            raise ValueError(f"not a setting: {line[:60]!r}")
        settings.setdefault(key, []).append(value)
    return settings


def _meaning(path: str, settings: dict[str, list[str]]) -> dict[str, Value]:
    last = {key: values[-1] for key, values in settings.items()}
    # A section without the setting lets every site in (AppProperties.Cors).
    everybody = ("*",) if any(key.startswith("hapi.fhir.cors.") for key in settings) else ()
    url = _JDBC.match(last.get("spring.datasource.url", "jdbc:h2:mem:test_mem"))
    own = [
        *_words(settings.get("hapi.fhir.custominterceptorclasses", ())),
        *_words(settings.get("hapi.fhir.custombeanpackages", ())),
    ]
    return {
        "file": path,
        "port": _port(last.get("server.port", "8080")),
        "local": bool(_LOCAL.match(last.get("server.address", ""))),
        "tls": _tls(last),
        "own_classes": own,
        "asks_login": None if own else False,
        "cors_origins": _words(settings.get("hapi.fhir.cors.allowedorigin", everybody)),
        "database": url[1] if url else None,
        "in_memory": bool(url[2]) if url else None,
        "database_password": last.get("spring.datasource.password", "empty"),
    }


def _words(values: Iterable[str]) -> list[str]:
    return [word.strip() for value in values for word in value.split(",") if word.strip()]


def _port(text: str) -> int | None:
    found = re.fullmatch(r"(?:\$\{[A-Z_]+:)?([0-9]{1,5})\}?", text)
    return int(found[1]) if found else None


def _tls(settings: dict[str, str]) -> bool:
    given = any(key.startswith(("server.ssl.keystore", "server.ssl.cert")) for key in settings)
    return given and settings.get("server.ssl.enabled", "true") == "true"


PROBE: Final = Probe(
    name="hapi",
    facts=(FactSpec("hapi_fhir", "An application.yaml of HAPI FHIR.", ("file",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    commands=("stat",),
)
