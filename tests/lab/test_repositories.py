"""Credentials in repository files of a real host: nothing of them leaves it, not even unparsed."""

import secrets
from collections.abc import Callable

import pytest

from hipscan.collect.compiler import compile_probes
from hipscan.collect.framing import read_reply
from hipscan.probes.table import probes
from tests.lab.hosts import Host
from tests.probes.running import NONCE

pytestmark = pytest.mark.lab

PROBES = ("automatic_updates", "packages", "repositories", "updates")
PLANT = {
    "rpm": r"""
cd /etc/yum.repos.d
printf '[ward]\nname=@C@\nbaseurl=https://u:p@@C@@ward.example.org/a?token=@C@\n' >w.repo
printf 'username=u\npassword=@C@\nproxy=http://u:@C@@proxy\nproxy_password=@C@\n' >>w.repo
printf 'proxy=http://u:@C@@proxy:3128\nproxy_password = @C@\n' >>/etc/dnf/dnf.conf
""",
    "debian12": r"""
cd /etc/apt/sources.list.d
printf 'deb [arch=amd64] https://u:p@@C@@ward.example.org/a stable main # @C@\n' >w.list
printf 'Types: deb\nURIs: https://u:@C@@three.example.org/a\nSuites: stable\n' >w.sources
printf 'Components: main\nSigned-By:\n @C@\nX-Note: @C@\n more @C@\n' >>w.sources
printf 'Acquire::http::Proxy "http://u:@C@@proxy:3128";\n' >../apt.conf.d/w
printf 'Unattended-Upgrade::Sender "@C@";\n' >>../apt.conf.d/w
""",
}


@pytest.mark.parametrize("image", sorted(PLANT))
def test_no_credential_leaves_with_a_repository(start: Callable[[str], Host], image: str) -> None:
    canary = secrets.token_hex(12)
    host = start(image)
    host.run(PLANT[image].replace("@C@", canary))
    asked = [probes()[name] for name in PROBES]
    script = compile_probes(asked)
    call = script.call("\n".join([f"nonce {NONCE}", *(f"run {name}" for name in PROBES), ""]))
    host.settle()
    answer = host.run("sh -s", text=script.text + call).stdout.encode()
    payloads = {name: f.payload for name, f in read_reply(answer, NONCE, asked).frames.items()}
    assert payloads.keys() == set(PROBES)
    assert b"ward.example.org/a" in payloads["repositories"]
    assert not [name for name, payload in payloads.items() if canary.encode() in payload]
    assert host.changes() == []
