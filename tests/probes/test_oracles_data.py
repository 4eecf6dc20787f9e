"""The probes of stores, file services and mail against the programs themselves, on real hosts.

The configurations are data, in oracles/. Each is laid on a host, read by the probe and by the
program that it is for; what differs is listed for all of them at once.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.collect.compiler import compile_probes
from hipscan.collect.framing import read_reply
from hipscan.model.fact import Record
from hipscan.probes.base import Listing, Probe, listing, read_text
from hipscan.probes.databases import stores
from hipscan.probes.mail import mail
from hipscan.probes.mail.postfix_conf import expand, main_settings, services
from hipscan.probes.mail.postfix_files import DEFAULTS
from hipscan.probes.sharing import sharing
from hipscan.probes.sharing.exports import read_exports
from tests.lab.conftest import lab, start  # noqa: F401  # fixtures by name
from tests.lab.hosts import Host

pytestmark = pytest.mark.lab
Start = Callable[[str], Host]
ORACLES = Path(__file__).parent / "oracles"


def corpus(name: str) -> list[dict[str, Any]]:
    """Return the configurations for one program."""
    cases: list[dict[str, Any]] = yaml.safe_load((ORACLES / f"{name}.yaml").read_text("utf-8"))
    return cases


def lay(host: Host, files: Mapping[str, str]) -> None:
    """Write files on a host."""
    for path, text in files.items():
        host.run(f"mkdir -p {Path(path).parent}; cat >{path}", text=text)


def answer(host: Host, probe: Probe) -> str:
    """Return what the probe's shell prints on this host."""
    script = compile_probes([probe])
    text = script.text + script.call(f"nonce ab\nrun {probe.name}\n")
    frame = read_reply(host.run("sh -s", text=text).stdout.encode(), "ab", [probe]).frames
    payload = frame[probe.name].payload.decode()
    return payload.partition("\n")[2].rpartition("\n#end ")[0]


def records(host: Host, probe: Probe, fact: str) -> tuple[Record, ...]:
    """Return what a fact holds on this host; it must have been read in full."""
    found = read_text(probe, answer(host, probe), 0)[fact]
    assert found.is_decided, found
    return found.records


def part(text: str, member: str) -> Listing:
    """Return what was said about one service."""
    return listing(f"\n{text}".partition(f"\n+{member} ")[2].partition("\n+")[0])


SAMBA_LEVELS = {
    **dict.fromkeys(("default", "if_required", "auto"), "offered"),
    **dict.fromkeys(("no", "disabled"), "off"),
}
OLD = ("CORE", "COREPLUS", "LANMAN1", "LANMAN2", "NT1")


def test_shares_are_those_of_testparm(start: Start) -> None:  # noqa: F811  # the fixture
    host = start("debian12-data")
    for case in corpus("samba"):
        lay(host, {"/etc/samba/smb.conf": case["main"], **case.get("files", {})})
        theirs = _testparm(host.run("testparm -s -v 2>/dev/null").stdout)
        ours = records(host, sharing.PROBE, "samba_server")[0]
        assert {key: ours[key] for key in _server(theirs)} == _server(theirs), case
        shares = {str(r["share"]).lower(): r for r in records(host, sharing.PROBE, "samba_share")}
        expected = {
            name: _share(held) for name, held in theirs.items() if name != "global" and _on(held)
        }
        assert shares.keys() == expected.keys(), case
        for name, fields in expected.items():
            assert {key: shares[name][key] for key in fields} == fields, (name, case)


def _testparm(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {"global": {}}
    section = found["global"]
    for line in text.splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]").lower(), dict(found["global"]))
        elif "=" in line:
            key, _, value = line.strip().partition(" = ")
            section[key.removesuffix(" =")] = value.strip()
    return found


def _on(held: Mapping[str, str]) -> bool:
    return held["available"] == "Yes" and held["printable"] == "No"


def _server(theirs: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    held = theirs["global"]
    least = {"SMB2": "SMB2_10", "SMB3": "SMB3_11"}.get(held["server min protocol"])
    return {
        "map_to_guest": held["map to guest"].lower(),
        "restrict_anonymous": held["restrict anonymous"],
        "smb1": held["server min protocol"] in OLD,
        "smb3": (least or held["server min protocol"]).startswith("SMB3"),
        "encryption": SAMBA_LEVELS.get(
            held["server smb encrypt"].lower(), held["server smb encrypt"].lower()
        ),
        "signing": SAMBA_LEVELS.get(held["server signing"].lower(), held["server signing"].lower()),
        "ntlm": held["ntlm auth"].lower(),
        "hosts_limited": bool(held["hosts allow"])
        or (held["bind interfaces only"] == "Yes" and bool(held["interfaces"])),
    }


def _share(held: Mapping[str, str]) -> dict[str, Any]:
    return {
        "path": held["path"],
        "guest": held["guest ok"] == "Yes",
        "writable": held["read only"] == "No",
        "encrypted": held["server smb encrypt"].lower() == "required",
        "audited": "audit" in held["vfs objects"],
    }


def test_settings_are_those_of_postconf(start: Start) -> None:  # noqa: F811  # the fixture
    host = start("debian12-data")
    base = {f: host.run(f"cat /etc/postfix/{f}").stdout for f in ("main.cf", "master.cf")}
    for case in corpus("postfix"):
        files = {"main.cf": case["main"], "master.cf": case.get("master", "")}
        lay(host, {f"/etc/postfix/{name}": base[name] + text for name, text in files.items()})
        read = part(answer(host, mail.PROBE), "postfix")
        lines = [line.removeprefix("default ") for line in read.plain]
        held = main_settings(lines) | main_settings(read.files["/etc/postfix/main.cf"])
        for key in DEFAULTS:
            theirs = host.run(f"postconf -xh {key} 2>/dev/null").stdout
            assert expand(held.get(key, ""), held).split() == theirs.split(), (key, case)
        ours = {
            f"{each.name}/{each.kind}/{key} = {value}"
            for each in services(read.files["/etc/postfix/master.cf"])
            for key, value in each.options.items()
        }
        said = host.run("postconf -P 2>/dev/null").stdout.splitlines()
        assert ours == {line for line in said if _concerns(line)}, case


def _concerns(line: str) -> bool:
    return line.partition(" = ")[0].rpartition("/")[2] in DEFAULTS and "unix" not in line


LEVELS = ("no", "yes", "required")
DOVECOTS = [
    ("debian12-data", "dovecot", "disable_plaintext_auth", "no"),
    ("debian13-data", "dovecot24", "auth_allow_cleartext", "yes"),
]


@pytest.mark.parametrize(("image", "name", "switch", "state"), DOVECOTS)
def test_settings_are_those_of_doveconf(
    start: Start,  # noqa: F811  # the fixture
    image: str,
    name: str,
    switch: str,
    state: str,
) -> None:
    host = start(image)
    for case in corpus(name):
        host.run("rm -rf /etc/dovecot/more /etc/dovecot/conf.d/99-z.conf")
        lay(host, {"/etc/dovecot/local.conf": case["local"], **case.get("files", {})})
        ours = records(host, mail.PROBE, "dovecot_server")[0]
        views = ["", *(f"-f {each}" for each in case.get("filters", []))]
        said = _Dovecot(host, views)
        assert ours["ssl"] == next(v for v in LEVELS if v in said.values("ssl")), case
        least = min(said.values("ssl_min_protocol"))
        weak = [name for name in ("TLSv1", "TLSv1.1") if name >= least]
        assert ours["weak_protocols"] == weak, case
        clear = state in said.values(switch) and said.values("ssl") != {"required"}
        assert ours["clear_logins"] == clear, case
        mechanisms = " ".join(said.values("auth_mechanisms"))
        assert ours["anonymous"] == ("anonymous" in mechanisms.split()), case
        serves = re.sub(r"(\w+) = (yes|no)", _if_on, " ".join(said.values("protocols")))
        assert ours["protocols"] == sorted(serves.split()), case
        logs = said.values("auth_debug_passwords") | said.values("auth_verbose_passwords")
        assert ours["logs_passwords"] == (logs != {"no"}), case


class _Dovecot:
    """What doveconf says of a setting, for connections of several kinds."""

    def __init__(self, host: Host, views: list[str]) -> None:
        self.host, self.views = host, views

    def values(self, key: str) -> set[str]:
        asked = (self.host.run(f"doveconf {view} -h {key} 2>/dev/null") for view in self.views)
        return {done.stdout.strip() for done in asked}


def _if_on(match: re.Match[str]) -> str:
    return match[1] if match[2] == "yes" else ""


def test_exports_are_those_of_exportfs(start: Start) -> None:  # noqa: F811  # the fixture
    host = start("debian12-data")
    host.run("mkdir -p /srv/a '/srv/a b' '/srv/c d' /srv/b /srv/c /srv/d /etc/exports.d")
    for case in corpus("exports"):
        host.run("rm -f /etc/exports.d/* /var/lib/nfs/etab")
        lay(host, {"/etc/exports": case["main"], **case.get("files", {})})
        ours = {_export(record) for record in records(host, sharing.PROBE, "nfs_export")}
        said = host.run("exportfs -ra 2>/dev/null; cat /var/lib/nfs/etab", check=False).stdout
        assert said, "exportfs wrote nothing"
        active = [line for line in said.splitlines() if line]
        assert active
        host.run(": >/etc/exports; rm -f /etc/exports.d/*")
        theirs = {_export(record) for record in records(host, sharing.PROBE, "nfs_export")}
        assert len(theirs) == len(list(read_exports(active)))
        assert ours == theirs, case


def _export(record: Record) -> tuple[object, ...]:
    client = str(record["client"]).replace("/255.0.0.0", "/8")
    facts = ("kerberos", "encrypted", "writable", "root_is_root", "any_port", "everyone")
    return (record["path"], client, str(record["sec"]), *(record[key] for key in facts))


OUTSIDE = "ip address add 10.9.9.9/32 dev lo"
REDIS = r"""
rm -f /tmp/r.pid /tmp/dump.rdb
redis-server /etc/redis/redis.conf --daemonize yes --dir /tmp --pidfile /tmp/r.pid \
  --save '' >/dev/null
for try in 1 2 3 4 5 6 7 8 9; do [ -s /tmp/r.pid ] && break; sleep 0.1; done
sleep 0.1
redis-cli -h 10.9.9.9 ping 2>&1
kill "$(cat /tmp/r.pid)"
while kill -0 "$(cat /tmp/r.pid 2>/dev/null)" 2>/dev/null; do sleep 0.05; done
"""


def test_redis_is_open_where_it_answers(start: Start) -> None:  # noqa: F811  # the fixture
    host = start("debian12-data")
    host.run(OUTSIDE)
    for case in corpus("redis"):
        host.run("rm -f /etc/redis/*")
        lay(host, {"/etc/redis/redis.conf": case["main"], **case.get("files", {})})
        said = host.run(REDIS, check=False).stdout
        record = records(host, stores.PROBE, "redis_server")[0]
        answers = record["open"] is True and record["port"] != 0
        assert answers == ("PONG" in said), (said, case)


RSYNC = """
rsync --daemon --no-detach --port=8730 --config=/etc/rsyncd.conf --log-file=/tmp/rsync.log &
for try in 1 2 3 4 5 6 7 8 9; do
  rsync --port=8730 127.0.0.1:: >/dev/null 2>&1 && break; sleep 0.1
done
for module in a b c; do
  RSYNC_PASSWORD=wrong rsync --port=8730 10.9.9.9::$module >/dev/null 2>&1 && echo "$module"
done
kill $!
"""


def test_modules_are_open_where_rsync_lists_them(
    start: Start,  # noqa: F811  # the fixture
) -> None:
    host = start("debian12-data")
    host.run(OUTSIDE)
    host.run("umask 077; echo joe:secret >/etc/rsyncd.secrets")
    for case in corpus("rsync"):
        host.run("rm -rf /etc/rsyncd.d")
        lay(host, {"/etc/rsyncd.conf": case["main"], **case.get("files", {})})
        said = host.run(RSYNC, check=False).stdout.split()
        ours = [r["module"] for r in records(host, sharing.PROBE, "rsync_module") if r["open"]]
        assert sorted(map(str, ours)) == said, case
