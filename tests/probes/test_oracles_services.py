"""The probes of services and settings against the services themselves, on real hosts."""

import json
import re
from collections.abc import Callable

import pytest

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.model.fact import Record
from hipscan.probes.base import Probe, read_frame
from hipscan.probes.databases import mysql, postgresql
from hipscan.probes.system import sysctl
from hipscan.probes.web import apache, nginx
from tests.lab.conftest import lab, start  # noqa: F401  # fixtures by name
from tests.lab.hosts import Host

pytestmark = pytest.mark.lab
Start = Callable[[str], Host]

CERTIFICATE = """
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=clinic.example \
  -keyout /etc/ssl/private/t.key -out /etc/ssl/t.pem 2>/dev/null
"""
POSTGRESQL = r"""
set -e
cd /etc/postgresql/15/main
cat >>postgresql.conf <<'X'
LISTEN_ADDRESSES 'localhost'
log_connections=T
log_disconnections = f
shared_preload_libraries = ''
include_if_exists 'conf.d/none'
ssl_min_protocol_version = 'TLSv1.3'
X
echo "log_disconnections = tru # yes" >conf.d/b.conf
echo "log_disconnections = off" >conf.d/a.conf
sed -i 's/^#*ssl = .*/ssl = no/' postgresql.conf
cat >>pg_hba.conf <<'X'
local  all  "all",joe  peer map=x
host sales,"my db",replication +staff 10.1.2.0 255.255.255.0 md5
hostssl all all 2001:db8::/32 \
   scram-sha-256   # a comment
hostnossl sameuser all samenet reject
host all all .example.org password
X
systemctl start postgresql
for try in 1 2 3 4 5 6 7 8 9; do
  su postgres -c 'psql -Atc "ALTER SYSTEM SET log_statement = ddl"' && break; sleep 0.5
done
systemctl restart postgresql
"""
ROWS = """su postgres -c "psql -Atc \\"select json_agg(t) from ({query}) t\\"" """
VHOSTS = """
a2enmod -q ssl; a2ensite -q default-ssl
cp /etc/ssl/private/t.key /etc/ssl/private/ssl-cert-snakeoil.key
cp /etc/ssl/t.pem /etc/ssl/certs/ssl-cert-snakeoil.pem
printf 'Listen 8080\nListen 127.0.0.1:8081\n' >>/etc/apache2/ports.conf
cat >/etc/apache2/sites-enabled/clinic.conf <<'X'
<VirtualHost *:80 *:8080>
  ServerName one.example
  ServerAlias www.one.example
</VirtualHost>
<IfModule mod_nonsense.c>
<VirtualHost *:80>
  ServerName never.example
</VirtualHost>
</IfModule>
<VirtualHost 127.0.0.1:8081>
  ServerName local.example
</VirtualHost>
X
"""


def records(host: Host, probe: Probe) -> dict[str, tuple[Record, ...]]:
    """Return what the probe's facts hold on this host; each must be read in full."""
    script = compile_probes([probe])
    text = script.text + script.call(f"nonce ab\nrun {probe.name}\n")
    reply = read_reply(host.run("sh -s", text=text).stdout.encode(), "ab", [probe])
    facts = read_frame(probe, reply.frames[probe.name], probe_digest(probe))
    assert all(fact.is_decided for fact in facts.values()), facts
    return {name: fact.records for name, fact in facts.items()}


def test_settings_and_lines_are_those_of_postgresql(
    start: Start,  # noqa: F811  # the fixture
) -> None:
    host = start("debian12-services")
    host.run(POSTGRESQL)
    found = records(host, postgresql.PROBE)
    names = {str(record["key"]): record["value"] for record in found["postgresql_setting"]}
    rows = json.loads(host.run(ROWS.format(query="select name, setting from pg_settings")).stdout)
    theirs = {row["name"]: row["setting"] for row in rows}
    assert names == {name: theirs[name] for name in names}
    rows = json.loads(host.run(ROWS.format(query="select * from pg_hba_file_rules")).stdout)
    assert [_hba(record) for record in found["pg_hba"]] == [_rule(row) for row in rows]


def _hba(record: Record) -> tuple[object, ...]:
    address = str(record["address"]).partition("/")[0]
    users = record["users"]
    assert isinstance(users, list)
    plain = [name.replace('"', "") for name in users]
    return (record["line"], record["type"], record["databases"], plain, address, record["method"])


def _rule(row: dict[str, object]) -> tuple[object, ...]:
    address = row["address"] or ""
    return (
        row["line_number"],
        row["type"],
        row["database"],
        row["user_name"],
        address,
        row["auth_method"],
    )


def test_options_are_those_that_mariadb_reads(
    start: Start,  # noqa: F811  # the fixture
) -> None:
    host = start("debian12-services")
    host.run(
        "printf '[mariadb-10.11]\\nbind_address=::\\n[mariadb-10.5]\\nport=1\\n[mysqld]\\n"
        "disable-local-infile\\nloose_tls_version=TLSv1.2\\n[client]\\nport=2\\n' "
        ">/etc/mysql/mariadb.conf.d/99-x.cnf"
    )
    found = records(host, mysql.PROBE)["mysql_setting"]
    held = {str(record["key"]): record["value"] for record in found}
    said = host.run("mariadbd --verbose --help 2>/dev/null").stdout
    lines = (re.match(r"([a-z-]+) +(\S.*)$", line) for line in said.splitlines())
    theirs = {line[1].replace("-", "_"): line[2].strip() for line in lines if line}
    assert held == {"bind_address": "::", "local_infile": "off", "tls_version": "TLSv1.2"}
    assert theirs["bind_address"] == "::"
    assert theirs["local_infile"] == "FALSE"
    assert theirs["tls_version"] == "TLSv1.2"
    assert theirs["port"] != "1"


def test_hosts_are_those_of_apache(
    start: Start,  # noqa: F811  # the fixture
) -> None:
    host = start("debian12-services")
    host.run(CERTIFICATE + VHOSTS)
    found = records(host, apache.PROBE)["apache_host"]
    said = host.run("apache2ctl -t -D DUMP_VHOSTS 2>/dev/null").stdout
    theirs = {(file, int(line)) for file, line in re.findall(r"\((/\S+):(\d+)\)", said)}
    assert {(record["file"], record["line"]) for record in found} == theirs


TLS = """
cat >/etc/nginx/conf.d/tls.conf <<'X'
ssl_certificate /etc/ssl/t.pem; ssl_certificate_key /etc/ssl/private/t.key;
server { listen 127.0.0.1:1443 ssl; }
server { listen 127.0.0.1:2443 ssl; ssl_ciphers ALL:@SECLEVEL=0; }
server { listen 127.0.0.1:3443 ssl; ssl_protocols TLSv1.2; }
X
systemctl start nginx
"""


@pytest.mark.parametrize(
    ("port", "severity", "is_open"),
    [(1443, "low", False), (2443, "high", True), (3443, "info", False)],
)
def test_old_protocols_weigh_as_much_as_a_handshake_shows(
    start: Start,  # noqa: F811  # the fixture
    port: int,
    severity: str,
    *,
    is_open: bool,
) -> None:
    host = start("debian12-services")
    host.run(CERTIFICATE + TLS)
    server = next(r for r in records(host, nginx.PROBE)["nginx_server"] if str(port) in str(r))
    assert server["severity"] == severity
    hello = (
        f"openssl s_client -connect 127.0.0.1:{port} -tls1_1 -cipher 'ALL@SECLEVEL=0' </dev/null"
    )
    said = host.run(f"{hello} 2>/dev/null", check=False).stdout
    assert ("Protocol  : TLSv1.1" in said and "Cipher is (NONE)" not in said) is is_open


SYSCTL = """
rm -f /etc/sysctl.d/* /usr/lib/sysctl.d/*
put() { printf "$2" >"/etc/sysctl.d/$1.conf"; }
put 10-a 'net.ipv4.conf.all.log_martians = 1\\nnet/ipv4/conf/default/log_martians=1\\n'
put 20-b '; net.ipv4.conf.all.log_martians = 0\\n-net.ipv4.tcp_syncookies = 2\\n'
put 30-c 'net.ipv4.conf.*.rp_filter = 1\\nnet.ipv4.conf.default.rp_filter=2\\n'
put 40-d 'net.ipv4.conf.*.send_redirects = 0\\n-net.ipv4.conf.default.send_redirects\\n'
put 50-e 'net.ipv6.conf.all.accept_ra=0\\n'
put 60-f 'net.ipv6.conf.all.accept_ra = 2 \\n'
ln -s /dev/null /etc/sysctl.d/70-g.conf
printf 'net.ipv4.ip_forward=1\\n' >/usr/lib/sysctl.d/70-g.conf
sysctl -qw net.ipv4.conf.default.send_redirects=1
/usr/lib/systemd/systemd-sysctl
"""


def test_configured_settings_are_those_that_systemd_applies(
    start: Start,  # noqa: F811  # the fixture
) -> None:
    host = start("debian12")
    host.run(SYSCTL)
    found = {str(record["key"]): record for record in records(host, sysctl.PROBE)["sysctl"]}
    made = {key: record for key, record in found.items() if "configured" in record}
    assert len(made) == 7
    assert {key: r["running"] for key, r in made.items()} == {
        key: r["configured"] for key, r in made.items()
    }
    assert "configured" not in found["net.ipv4.ip_forward"]
    assert "configured" not in found["net.ipv4.conf.default.send_redirects"]
