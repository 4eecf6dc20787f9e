"""Packages of languages on a real host: vulnerable copies are found, the distribution's are not."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.feeds import making
from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab

# The twin of what Debian owns has its name and version, in an environment of its own.
_PUT = r"""
set -e
put() { mkdir -p "$1"; printf '%b' "$3" >"$1/$2"; }
site=/opt/app/lib/python3.11/site-packages
put $site/Jinja2-2.11.2.dist-info METADATA 'Metadata-Version: 2.1\nName: Jinja2\nVersion: 2.11.2\n'
put $site/pip/_vendor vendor.txt 'urllib3==1.26.4\n'
twin=$(ls -d /usr/lib/python3/dist-packages/python_apt-*.egg-info)
mkdir -p $site/python_apt.egg-info
cp "$twin/PKG-INFO" $site/python_apt.egg-info/
put /srv/web/node_modules/lodash package.json '{\n  "name": "lodash",\n  "version": "4.17.15"\n}\n'
put /srv/web/node_modules/colourama package.json '{"name":"colourama","version":"1.0.0"}'
pom=META-INF/maven/org.apache.logging.log4j/log4j-core
mkdir -p /srv/java/$pom
cd /srv/java
printf 'version=2.14.1\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\n' \
  >$pom/pom.properties
python3 -m zipfile -c log4j-core-2.14.1.jar META-INF
rm -r META-INF
chmod -R 777 /srv/web
"""


def _record(
    identity: str, ecosystem: str, name: str, fixed: str = "", cve: str = ""
) -> Mapping[str, Any]:
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    affected = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return {"id": identity, "aliases": [cve] if cve else [], "affected": [affected]}


_RECORDS = [
    _record("DEBIAN-CVE-2026-10000", "Debian:12", "no-such-package", "1"),
    _record("GHSA-1", "PyPI", "jinja2", "2.11.3", "CVE-2026-10001"),
    _record("GHSA-2", "PyPI", "urllib3", "1.26.5", "CVE-2026-10002"),
    _record("GHSA-3", "PyPI", "python-apt", "99", "CVE-2026-10003"),
    _record("GHSA-4", "npm", "lodash", "4.17.21", "CVE-2026-10004"),
    _record("MAL-2026-1", "npm", "colourama"),
    _record("GHSA-5", "Maven", "org.apache.logging.log4j:log4j-core", "2.15.0", "CVE-2026-10005"),
]
_SITE = "/opt/app/lib/python3.11/site-packages"
_PLACES = {
    "CVE-2026-10001": [f"{_SITE}/Jinja2-2.11.2.dist-info"],
    "CVE-2026-10002": [f"{_SITE}/pip/_vendor/vendor.txt"],
    "CVE-2026-10003": [f"{_SITE}/python_apt.egg-info"],
    "CVE-2026-10004": ["/srv/web/node_modules/lodash"],
    "CVE-2026-10005": ["/srv/java/log4j-core-2.14.1.jar"],
    "MAL-2026-1": ["/srv/web/node_modules/colourama"],
}
_FILES = r"""
set -e
put() { mkdir -p "$top$1"; printf '%b' "$3" >"$top$1/$2"; }
theirs() {
  put /usr/lib/python3.9/site-packages/lab-1.0.dist-info METADATA 'Name: lab\nVersion: 1.0\n'
  put /usr/lib/node_modules/npm package.json '{\n "name": "npm",\n "version": "10.0.0"\n}\n'
}
top=''
put /usr/lib/python3.9/site-packages/own-2.0.dist-info METADATA 'Name: own\nVersion: 2.0\n'
"""
_OWNED = {
    "rpm": r"""
top=/tmp/b/root; theirs
cat >/tmp/b/x.spec <<'END'
Name: lab-languages
Version: 1
Release: 1
Summary: x
License: x
BuildArch: noarch
%description
x
%install
mkdir -p %{buildroot}
cp -r /tmp/b/root/usr %{buildroot}/
%files
/usr/lib/python3.9/site-packages/lab-1.0.dist-info
/usr/lib/node_modules
END
cd /tmp/b
rpmbuild --quiet --define '_topdir /tmp/b' --define '_rpmdir /tmp/b/out' --target noarch -bb x.spec
rpm -i out/noarch/*.rpm
rm -r /tmp/b
""",
    "busybox": r"""
top=''; theirs
mkdir -p /lib/apk/db
printf 'P:lab-languages\nV:1\nF:usr/lib/python3.9/site-packages/lab-1.0.dist-info\nR:METADATA\n' \
  >/lib/apk/db/installed
printf 'F:usr/lib/node_modules/npm\nR:package.json\n\n' >>/lib/apk/db/installed
""",
}
_RULES = ("malicious-package", "vulnerabilities-fixable")


@pytest.fixture
def broken(start: Callable[[str], Host], client: Client) -> Host:
    """Return a host with vulnerable packages of languages; the feeds of the client know them."""
    host = start("debian12-services")
    host.run(_PUT)
    path = making.write_zip(client.state / "x.zip", _RECORDS)
    assert client.command("feeds", "import", str(path)).returncode == 0
    return host


def test_vulnerable_copies_are_found_where_they_are(broken: Host, client: Client) -> None:
    done = client.run(broken, "vulns", "-f", "json")
    entries = json.loads(done.stdout)
    assert done.returncode == 1
    assert "NOT LOOKED UP" not in done.stderr
    places = {(*entry["cves"], entry["advisory"])[0]: entry["places"] for entry in entries}
    assert places == _PLACES


def test_rules_name_them_and_forget_them_when_they_are_gone(broken: Host, client: Client) -> None:
    before = _verdicts(broken, client)
    assert before["malicious-package"] == ["npm:colourama MAL-2026-1"]
    assert before["vulnerabilities-fixable"] == [
        "Maven:org.apache.logging.log4j:log4j-core CVE-2026-10005",
        "PyPI:jinja2 CVE-2026-10001",
        "PyPI:python-apt CVE-2026-10003",
        "PyPI:urllib3 in pip CVE-2026-10002",
        "npm:lodash CVE-2026-10004",
    ]
    broken.run("rm -r /opt/app /srv/web /srv/java")
    assert _verdicts(broken, client) == {}


def test_an_account_that_may_not_look_everywhere_gets_no_pass(broken: Host, client: Client) -> None:
    broken.run("rm -r /opt/app /srv/web /srv/java; install -d -m 0700 /home/keeper")
    report = client.state / "report.json"
    client.run(broken, "scan", *_words(), "-o", f"json={report}", user="nopass")
    found = json.loads(report.read_text())
    reasons = {entry["rule"]: entry["reason"] for entry in found["findings"]}
    assert {entry["outcome"] for entry in found["findings"]} == {"notchecked"}
    assert all("folders could not be searched" in reasons[rule] for rule in _RULES)


def _words() -> list[str]:
    return [word for rule in _RULES for word in ("--rule", rule)]


def _verdicts(host: Host, client: Client) -> dict[str, list[str]]:
    """Return the subjects of the rules that fail; what does not fail has passed."""
    report = client.state / "report.json"
    client.run(host, "scan", *_words(), "-o", f"json={report}")
    found = json.loads(report.read_text())
    failed = {
        entry["rule"]: sorted(item["subject"] for item in entry["observations"])
        for entry in found["findings"]
    }
    assert set(_RULES) - failed.keys() == set(found["targets"][0]["pass"])
    return failed


@pytest.mark.parametrize("image", _OWNED)
def test_what_rpm_and_apk_own_is_known(
    image: str, start: Callable[[str], Host], client: Client
) -> None:
    """What lies in Python's own folder is left out, what lies elsewhere has an owner."""
    host = start(image)
    host.run(_FILES + _OWNED[image])
    records = client.collect(host)["facts"]["language_package"]["records"]
    found = {item["name"]: item.get("owner", "") for item in records if "3.9" in item["path"]}
    found |= {item["name"]: item["owner"] for item in records if item["name"] == "npm"}
    assert found == {"own": "", "npm": "lab-languages"}
