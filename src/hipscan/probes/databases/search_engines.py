"""Elasticsearch and OpenSearch, and their web pages Kibana and OpenSearch Dashboards.

Elasticsearch asks for a login by default since 8.0 (its breaking changes), so the version decides;
it is read from the name of its library. OpenSearch does where its security plug-in is installed and
not switched off, nor left to encrypt alone (ssl_only). Both listen on the loopback address by
default, and speak TLS over HTTP only where it is switched on.
"""

import re
from collections.abc import Mapping
from posixpath import basename
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_remote, words
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member
from hipscan.probes.yaml_lines import is_true, yaml_settings

_ENGINES: Final = ("/etc/elasticsearch/elasticsearch.yml", "/etc/opensearch/opensearch.yml")
_PAGES: Final = (
    "/etc/kibana/kibana.yml",
    "/etc/opensearch-dashboards/opensearch_dashboards.yml",
)
_KEYS: Final = (
    "host|bind_host|port|enabled|disabled|ssl_only|roles|allow-origin|anonymous_auth_enabled"
)

SCRIPT: Final = rf"""
set --
for path in {" ".join(_ENGINES)} {" ".join(_PAGES)}; do
  if [ -e "$path" ]; then set -- "$@" "$path"; fi
done
files "$@" | yaml_only '{_KEYS}'
for path in /usr/share/elasticsearch/lib/elasticsearch-[0-9]*.jar; do
  [ ! -e "$path" ] || printf 'library %s\n' "${{path##*/}}"
done
if [ -d /usr/share/opensearch/plugins/opensearch-security ]; then printf 'plugin\n'; fi
"""

ENGINE: Final = {
    "server": Field(FieldType.TEXT, "elasticsearch or opensearch"),
    "version": Field(FieldType.TEXT, "Elasticsearch's version"),
    "listen": Field(FieldType.LIST, "http.bind_host, or what stands in for it: network.host"),
    "remote": Field(FieldType.BOOLEAN, "whether it listens beyond this host"),
    "login": Field(FieldType.BOOLEAN, "whether users have to log in"),
    "anonymous": Field(FieldType.BOOLEAN, "whether who does not log in has rights all the same"),
    "http_tls": Field(FieldType.BOOLEAN, "whether clients are answered over TLS"),
    "transport_tls": Field(FieldType.BOOLEAN, "whether nodes talk to each other over TLS"),
    "audited": Field(FieldType.BOOLEAN, "whether accesses are recorded; null where not known"),
    "any_origin": Field(FieldType.BOOLEAN, "whether scripts of every web page may send requests"),
    "file": Field(FieldType.TEXT, "its configuration"),
}
PAGE: Final = {
    "server": Field(FieldType.TEXT, "kibana or opensearch_dashboards"),
    "listen": Field(FieldType.LIST, "server.host"),
    "remote": Field(FieldType.BOOLEAN, "whether it listens beyond this host"),
    "tls": Field(FieldType.BOOLEAN, "whether browsers are answered over TLS"),
    "file": Field(FieldType.TEXT, "its configuration"),
}


def parse(read: Listing) -> Facts:
    """Parse the configurations.

    F/etc/elasticsearch/elasticsearch.yml
    :network.host: 0.0.0.0
    :xpack.security.http.ssl:
    :  enabled: true
    library elasticsearch-8.12.2.jar
    """
    if not read.files and not read.notes:
        raise ValueError("no configuration of a search engine")
    engines = [path for path in _ENGINES if path in read.files]
    pages = [path for path in _PAGES if path in read.files]
    return {
        "search_engine": ok(*(_engine(path, read) for path in engines)),
        "search_page": ok(*(_page(path, read) for path in pages)),
    }


def _engine(path: str, read: Listing) -> Record:
    server = basename(path).removesuffix(".yml")
    held = yaml_settings(read.files[path])
    version = _version(read) if server == "elasticsearch" else ""
    places = ("http.bind_host", "http.host", "network.bind_host", "network.host")
    listen = words(next((held[place] for place in places if held.get(place)), "_local_"))
    record: dict[str, Value] = {
        "server": server,
        "version": version,
        "listen": listen,
        "remote": is_remote(listen),
        "any_origin": is_true(held.get("http.cors.enabled", ""))
        and held.get("http.cors.allow-origin", "") in ("*", "/.*/"),
        "file": path,
    }
    if server == "opensearch":
        return record | _opensearch(held, has_plugin="plugin" in read.plain)
    return record | _elasticsearch(held, version)


def _version(read: Listing) -> str:
    stated = " ".join(line for line in read.plain if line.startswith("library "))
    found = re.search(r"elasticsearch-(\d+\.\d+\.\d+)\.jar", stated)
    return found[1] if found else ""


def _elasticsearch(held: Mapping[str, str], version: str) -> dict[str, Value]:
    given = held.get("xpack.security.enabled")
    login: bool | None = is_true(given) if given else None
    if login is None and version:
        login = int(version.partition(".")[0]) >= 8  # noqa: PLR2004  # the release that changed it
    return {
        "login": login,
        "anonymous": bool(held.get("xpack.security.authc.anonymous.roles")),
        "http_tls": is_true(held.get("xpack.security.http.ssl.enabled", "")),
        "transport_tls": is_true(held.get("xpack.security.transport.ssl.enabled", "")),
        "audited": is_true(held.get("xpack.security.audit.enabled", "")),
    }


def _opensearch(held: Mapping[str, str], *, has_plugin: bool) -> dict[str, Value]:
    # the names of Open Distro, from which it comes, are still taken
    held = {re.sub(r"^opendistro_security\.", "plugins.security.", k): v for k, v in held.items()}
    on = has_plugin and not is_true(held.get("plugins.security.disabled", ""))
    login = on and not is_true(held.get("plugins.security.ssl_only", ""))
    return {
        "login": login,
        # the security plug-in keeps this in files of its own, or in an index
        "anonymous": None if login else False,
        "http_tls": on and is_true(held.get("plugins.security.ssl.http.enabled", "")),
        "transport_tls": on and is_true(held.get("plugins.security.ssl.transport.enabled", "true")),
        "audited": None if login else False,
    }


def _page(path: str, read: Listing) -> Record:
    held = yaml_settings(read.files[path])
    listen = words(held.get("server.host", "localhost"))
    record: dict[str, Value] = {
        "server": basename(path).removesuffix(".yml"),
        "listen": listen,
        "remote": is_remote(listen),
        "tls": is_true(held.get("server.ssl.enabled", "")),
        "file": path,
    }
    return record


MEMBER: Final = Member(
    name="search",
    title="search engine",
    paths=(*_ENGINES, *_PAGES),
    facts=(
        FactSpec("search_engine", "Elasticsearch and OpenSearch.", ("server",), ENGINE),
        FactSpec("search_page", "Kibana and OpenSearch Dashboards.", ("server",), PAGE),
    ),
    script=SCRIPT,
    parse=parse,
    whole=frozenset({"search_engine", "search_page"}),
)
