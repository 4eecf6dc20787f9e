"""Packages that makers of software build themselves, and how they are told from a distribution's.

What the distribution built lives as long as the distribution supports it, and is none of these.
A package of rpm says who built it. A package of dpkg is somebody else's where its Origin says so,
where only others offer it, where the version has a mark that the distribution never sets, or where
the distribution has no package of that name.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hipscan.feeds.distributions import has_foreign_mark
from hipscan.model.fact import Record


@dataclass(frozen=True, slots=True)
class Made:
    """Packages of one product: `names` is a pattern (re.fullmatch) of their names.

    `alone`: no supported distribution has packages of these names, so the name is evidence enough;
    `except_on` is the distribution, by ID of os-release, that has them all the same. `only` is the
    package manager whose packages are meant.
    """

    product: str
    names: str
    alone: bool = False
    except_on: str = ""
    only: str = ""


MADE: Final = (
    Made("postgresql", r"postgresql-[0-9.]+|postgresql[0-9]+-server"),
    Made("nginx", r"nginx"),
    Made("php", r"php[0-9.]+-common|php[0-9]+-php-common"),
    Made("php", r"php-common", only="rpm"),  # dpkg's counts the defaults of its maintainers
    Made("nodejs", r"nodejs"),
    Made("mysql", r"mysql-(?:community|commercial)-server", alone=True),
    Made("mariadb", r"mariadb-server(?:-[0-9.]+)?|MariaDB-server"),
    Made("mongodb", r"mongodb-(?:org|enterprise)-server", alone=True),
    Made("redis", r"redis(?:-server)?"),
    Made("valkey", r"valkey(?:-server)?"),
    Made("elasticsearch", r"elasticsearch", alone=True),
    Made("kibana", r"kibana", alone=True),
    Made("logstash", r"logstash", alone=True),
    Made("beats", r"filebeat|metricbeat|heartbeat-elastic|auditbeat|packetbeat", alone=True),
    Made("opensearch", r"opensearch", alone=True),
    Made("grafana", r"grafana(?:-enterprise)?"),
    Made("docker-engine", r"docker-ce", alone=True),
    Made("containerd", r"containerd[.]io", alone=True),
    Made("kubernetes", r"kubelet"),
    Made("eclipse-temurin", r"temurin-[0-9]+-(?:jdk|jre)", alone=True),
    Made("azul-zulu", r"zulu[0-9]+-.*(?:jdk|jre)(?:-headless)?", alone=True),
    Made(
        "amazon-corretto",
        r"java-[0-9.]+-amazon-corretto(?:-(?:jdk|devel))?",
        alone=True,
        except_on="amzn",
    ),
    Made("bellsoft-liberica", r"bellsoft-java[0-9]+(?:-runtime)?(?:-lite|-full)?", alone=True),
    Made("microsoft-build-of-openjdk", r"msopenjdk-[0-9]+", alone=True),
    Made("oracle-jdk", r"jdk-?[0-9.]+", alone=True),
    Made("rabbitmq", r"rabbitmq-server"),
    Made("erlang", r"esl-erlang", alone=True),
    Made("haproxy", r"haproxy"),
    Made("jenkins", r"jenkins", alone=True),
    Made("gitlab", r"gitlab-(?:ce|ee)", alone=True),
    Made("influxdb", r"influxdb2?"),
    Made("telegraf", r"telegraf"),
    Made("zabbix", r"zabbix-server-(?:mysql|pgsql)|zabbix-agent2?|zabbix-proxy-.*"),
    Made("icinga", r"icinga2-bin"),
    Made("hashicorp-vault", r"vault", alone=True),
    Made("consul", r"consul"),
    Made("apache-cassandra", r"cassandra"),
    Made("apache-couchdb", r"couchdb"),
    Made("neo4j", r"neo4j", alone=True),
    Made("couchbase-server", r"couchbase-server(?:-community)?", alone=True),
    Made("clickhouse", r"clickhouse-server"),
    Made("mssqlserver", r"mssql-server", alone=True),
    Made("dotnet", r"dotnet-runtime-[0-9.]+"),
    Made("powershell", r"powershell", alone=True),
    Made("apache-http-server", r"apache2-bin|httpd"),
    Made("tomcat", r"tomcat[0-9]*"),
    Made("python", r"python3[.][0-9]+"),
    Made("dovecot", r"dovecot-core"),
    Made("openvpn", r"openvpn"),
    Made("squid", r"squid"),
    Made("memcached", r"memcached"),
    Made("openssl", r"openssl"),
)

# Who builds distributions, as their packages say: what they build is theirs to support.
_DISTRIBUTORS: Final = re.compile(
    r"debian|ubuntu|canonical|red hat|centos|almalinux|rocky|fedora|suse(?![.]org)|oracle america"
    r"|amazon|cloudlinux|raspbian|linux mint|kali|scientific linux|alpine",
    re.IGNORECASE,
)
# Whoever built these built the distribution, whatever they call themselves.
_BASE: Final = frozenset({"base-files", "filesystem", "glibc", "rpm"})
# What only distributions set: a mirror of theirs may bear another name.
_OWN_MARK: Final = re.compile(r"[+~]deb[0-9]+u[0-9]|ubuntu[0-9]")
_UNNAMED: Final = "not the distribution"
# Builds that distributions ship under their makers' names.
_OWN_JAVA: Final = frozenset({"java", "red-hat-build-of-openjdk", "openjdk-builds-from-oracle"})
_UPSTREAM: Final = re.compile(r"(?:[0-9]+:)?([0-9]+(?:[.][0-9a-z]+)*)")


def made_elsewhere(
    packages: Sequence[Record], system: str, offered: Mapping[str, str]
) -> Iterator[tuple[str, Record, str]]:
    """Yield (product, package, maker) of what others than the distribution built.

    `system` is ID of os-release; `offered` has who offers packages that only others than the
    distribution offer.
    """
    own = {str(item.get("vendor") or "") for item in packages if item["name"] in _BASE}
    for package in packages:
        name = str(package["name"])
        if name[:_HEAD] not in _HEADS or not package.get("installed"):
            continue
        made = _BY_NAME.fullmatch(name)
        if made and made.lastindex:
            what, origin = MADE[made.lastindex - 1], offered.get(name, "")
            if what.except_on != system and _is_elsewhere(package, what, own, origin):
                yield what.product, package, str(package.get("vendor") or origin or _UNNAMED)


def is_distributions(java: str, system: str) -> bool:
    """Say whether a Java of that product may be the distribution's own, by ID of os-release.

    Distributions put their names into it, which makes it `java`; some are makers themselves.
    """
    return java in _OWN_JAVA or any(
        made.product == java for made in MADE if made.except_on == system
    )


def upstream(version: str) -> str:
    """Return the makers' version in that of a package.

    6:7.2.4-1rl1~bookworm1                            -> 7.2.4
    """
    match = _UPSTREAM.match(version)
    return match[1] if match else ""


def _is_elsewhere(package: Record, made: Made, own: Collection[str], origin: str) -> bool:
    vendor, version = str(package.get("vendor") or ""), str(package["version"])
    manager = str(package.get("manager"))
    if (made.only or manager) != manager or manager == "apk":
        return False
    if made.alone or has_foreign_mark(version):
        return True
    if origin and not _OWN_MARK.search(version):
        return True
    if vendor in own:
        return False
    return not _DISTRIBUTORS.search(vendor) if vendor else manager == "rpm"


_BY_NAME: Final = re.compile("|".join(f"({made.names})" for made in MADE))
# Most packages begin like none of the names: no pattern has to be tried on them.
_HEAD: Final = 3
_HEADS: Final = frozenset(
    name[:_HEAD] for made in MADE for name in re.sub(r"\(.*?\)", "", made.names).split("|")
)
