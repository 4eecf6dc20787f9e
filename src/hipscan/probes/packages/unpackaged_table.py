"""Which software is looked for outside of the package manager, and what tells its version.

Nothing that is found is ever started. A version stands in a text file that its makers ship, or
in the name of a file of theirs; the name of a folder is a person's choice and tells nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Software:
    """One product as it lies in the folder that it was unpacked or installed into.

    `product` is its name at endoflife.date. `program` is the file that makes it run, `text` the
    file that its version stands in, `names` a pattern of the shell for files that have it in their
    name; where both are empty, nothing readable tells it.
    """

    product: str
    program: str
    text: str = ""
    names: str = ""


JAVA: Final = "java"

SOFTWARE: Final = (
    Software("tomcat", "lib/catalina.jar", "RELEASE-NOTES"),
    Software(JAVA, "bin/java", "release"),
    Software("nodejs", "bin/node", "include/node/node_version.h"),
    Software("postgresql", "bin/postgres", "include/pg_config.h"),
    Software("php", "bin/php", "include/php/main/php_version.h"),
    Software("openssl", "bin/openssl", "include/openssl/opensslv.h"),
    Software("apache-http-server", "bin/httpd", "include/ap_release.h"),
    Software("mysql", "bin/mysqld", "include/mysql_version.h"),
    Software("mariadb", "bin/mariadbd", "include/mysql/mysql_version.h"),
    Software("go", "bin/go", "VERSION"),
    Software("keycloak", "bin/kc.sh", "version.txt"),
    Software("red-hat-jboss-eap", "bin/standalone.sh", "version.txt"),
    Software("eclipse-jetty", "start.jar", "VERSION.txt"),
    Software("logstash", "bin/logstash", "logstash-core/versions-gem-copy.yml"),
    Software("kibana", "bin/kibana", "package.json"),
    Software("wordpress", "wp-login.php", "wp-includes/version.php"),
    Software("nextcloud", "occ", "version.php"),
    Software("drupal", "core/core.services.yml", "core/lib/Drupal.php"),
    Software("python", "include", names="include/python3*/patchlevel.h"),
    Software("erlang", "bin/erl", names="releases/*/OTP_VERSION"),
    Software("elasticsearch", "bin/elasticsearch", names="lib/elasticsearch-[0-9]*.jar"),
    Software("opensearch", "bin/opensearch", names="lib/opensearch-[0-9]*.jar"),
    Software("apache-kafka", "bin/kafka-server-start.sh", names="libs/kafka_[0-9]*-[0-9]*.jar"),
    Software("zookeeper", "bin/zkServer.sh", names="lib/zookeeper-[0-9]*.jar"),
    Software("apache-cassandra", "bin/cassandra", names="lib/apache-cassandra-[0-9]*.jar"),
    Software("neo4j", "bin/neo4j", names="lib/neo4j-[0-9]*.jar"),
    Software("apache-activemq", "bin/activemq", names="activemq-all-[0-9]*.jar"),
    Software(
        "solr", "bin/solr", names="server/solr-webapp/webapp/WEB-INF/lib/solr-core-[0-9]*.jar"
    ),
    Software("rabbitmq", "sbin/rabbitmq-server", names="plugins/rabbit-[0-9]*"),
    Software("dotnet", "dotnet", names="shared/Microsoft.NETCore.App/[0-9]*"),
    Software("nginx", "sbin/nginx"),
    Software("redis", "bin/redis-server"),
    Software("valkey", "bin/valkey-server"),
    Software("memcached", "bin/memcached"),
    Software("mongodb", "bin/mongod"),
    Software("haproxy", "sbin/haproxy"),
    Software("squid", "sbin/squid"),
    Software("docker-engine", "bin/dockerd"),
    Software("grafana", "bin/grafana-server"),
    Software("jenkins", "jenkins.war"),
)

# Name of a file -> what of it leaves the target: an extended regular expression that is the same
# to awk and to Python. No backslashes, which awk reads twice.
TEXTS: Final[Mapping[str, str]] = {
    "RELEASE-NOTES": "Apache Tomcat Version [0-9][0-9.]*",
    "release": '^(JAVA_VERSION|IMPLEMENTOR|BUILD_TYPE)="[^"]*"',
    "node_version.h": "NODE_(MAJOR|MINOR|PATCH)_VERSION +[0-9]+",
    "pg_config.h": ' PG_VERSION "[0-9][0-9.]*',
    "php_version.h": ' PHP_VERSION "[0-9][0-9.]*',
    "opensslv.h": ' OPENSSL_VERSION_TEXT[ \t]+"OpenSSL [0-9][0-9.]*[a-z]*',
    "ap_release.h": " AP_SERVER_(MAJORVERSION|MINORVERSION|PATCHLEVEL)_NUMBER +[0-9]+",
    "mysql_version.h": ' MYSQL_SERVER_VERSION[ \t]+"[^"]*"',
    "VERSION": "^go[0-9][0-9.]*",
    "version.txt": " - Version [0-9][0-9.]*",
    "VERSION.txt": "^jetty-[0-9][0-9.]*",
    "versions-gem-copy.yml": "^logstash: [0-9][0-9.]*",
    "package.json": '^ *"version": *"[0-9][0-9.]*',
    "version.php": "(wp_version|OC_VersionString) = .[0-9][0-9.]*",
    "Drupal.php": "const VERSION = .[0-9][0-9.]*",
    "patchlevel.h": ' PY_VERSION[ \t]+"[0-9][0-9.]*',
    "OTP_VERSION": "^[0-9][0-9.]*",
}

# Who built a Java, as its file `release` says -> the product; the key begins IMPLEMENTOR.
JAVAS: Final[Mapping[str, str]] = {
    "Eclipse Adoptium": "eclipse-temurin",
    "Eclipse Foundation": "eclipse-temurin",
    "Amazon.com": "amazon-corretto",
    "Azul Systems": "azul-zulu",
    "BellSoft": "bellsoft-liberica",
    "Microsoft": "microsoft-build-of-openjdk",
    "Red Hat": "red-hat-build-of-openjdk",
    "SAP": "sapmachine",
    "IBM": "ibm-semeru",
    "International Business Machines": "ibm-semeru",
    "Oracle Corporation": "openjdk-builds-from-oracle",
}

_VERSION: Final = re.compile(r"[0-9]+(?:[.][0-9]+)*[a-z]{0,2}(?![a-z])")
_LAST_DIGITS: Final = re.compile(r"[0-9]+$")
_IN_PARTS: Final = ("node_version.h", "ap_release.h")


def in_text(name: str, lines: tuple[str, ...]) -> str:
    """Return the version that the lines of a file called `name` tell, "" where they tell none.

     OPENSSL_VERSION_TEXT "OpenSSL 1.1.1w             -> 1.1.1w
    NODE_MAJOR_VERSION 18                             -> 18.20.4, of three such lines
    """
    if name in _IN_PARTS:
        numbers = [match[0] for line in lines[:3] if (match := _LAST_DIGITS.search(line))]
        return ".".join(numbers) if len(numbers) == 3 else ""  # noqa: PLR2004  # major, minor, patch
    found = _VERSION.search(lines[0]) if lines else None
    return found[0] if found else ""


def in_name(name: str) -> str:
    """Return the last version that stands in the name of a file, "" where none does.

    kafka_2.13-3.6.0.jar                              -> 3.6.0
    """
    return next(iter(reversed(_VERSION.findall(name.removesuffix(".jar")))), "")


def mysql(lines: tuple[str, ...]) -> str:
    """Return the product that a mysql_version.h is of.

    MYSQL_SERVER_VERSION "10.11.19-MariaDB"
    MYSQL_SERVER_VERSION "8.0.35-27"                 Percona's, which counts its own builds
    """
    if any("MariaDB" in line for line in lines):
        return "mariadb"
    return "percona-server" if any(re.search('-[0-9.]+"', line) for line in lines) else "mysql"


def java(lines: tuple[str, ...]) -> tuple[str, str]:
    """Return (product, version) of the lines of a Java's file `release`.

    IMPLEMENTOR="Eclipse Adoptium"
    JAVA_VERSION="1.8.0_402"                          -> eclipse-temurin, 8.0_402
    BUILD_TYPE="commercial"                           Oracle's own, not its free builds
    """
    told = {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}
    maker = told.get("IMPLEMENTOR", "")
    product = next((name for begin, name in JAVAS.items() if maker.startswith(begin)), JAVA)
    if told.get("BUILD_TYPE") == "commercial":
        product = "oracle-jdk"
    return product, told.get("JAVA_VERSION", "").removeprefix("1.")
