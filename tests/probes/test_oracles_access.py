"""What root's sessions get, against sessions of root and of a person on real hosts."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.model.fact import Fact
from hipscan.model.knowledge import Knowledge
from hipscan.probes.accounts import login_umask, pam, root_environment
from hipscan.probes.base import read_frame
from hipscan.probes.files import config
from tests.lab.conftest import lab, start  # noqa: F401  # fixtures by name
from tests.lab.hosts import Host

pytestmark = pytest.mark.lab
PROBES = (config.PROBE, pam.PROBE, root_environment.PROBE)
SETTINGS = {
    "as installed": "true",
    "login.defs": "sed -i 's/^UMASK.*/UMASK 027/' /etc/login.defs",
    "an argument of pam_umask": (
        "sed -i 's/pam_umask.so.*/pam_umask.so umask=037/' /etc/pam.d/common-session*"
    ),
    "a file of profile.d": "echo 'umask u=rwx,g=,o=' >/etc/profile.d/ward.sh",
    "behind profile.d": "echo umask 077 >/etc/profile.d/ward.sh; echo umask 023 >>/etc/profile",
    "a file of root": "echo 'umask 077' >>/root/.profile",
}


def read(host: Host) -> dict[str, Fact]:
    script = compile_probes(PROBES)
    names = " ".join(probe.name for probe in PROBES)
    text = script.text + script.call(f"nonce ab\nrun {names}\n")
    frames = read_reply(host.run("sh -s", text=text).stdout.encode(), "ab", PROBES).frames
    return {
        name: fact
        for probe in PROBES
        for name, fact in read_frame(probe, frames[probe.name], probe_digest(probe)).items()
    }


def umask(host: Host, account: str) -> int:
    return 0o777 & ~int(host.run(f"su --login {account} -c umask").stdout, 8)


@pytest.mark.parametrize("image", ["debian12", "debian13"])
def test_a_login_gets_the_umask_that_the_fact_says(
    start: Callable[[str], Host],  # noqa: F811  # the fixture
    image: str,
) -> None:
    for setting, command in SETTINGS.items():
        host = start(image)
        host.run(command)
        facts = read(host)
        knowledge = Knowledge(now=datetime(2026, 11, 21, tzinfo=UTC))
        fact = login_umask.derive(facts.__getitem__, knowledge)
        ours = {str(record["who"]): int(str(record["leaves"]), 8) for record in fact.records}
        assert ours["root"] == umask(host, "root"), setting
        # Debian 13 gives a person's own group the rights of its owner.
        assert ours["people"] & 0o707 == umask(host, "scan") & 0o707, setting


@pytest.mark.parametrize("image", ["debian12", "debian13"])
def test_roots_path_is_made_of_folders_that_the_fact_names(
    start: Callable[[str], Host],  # noqa: F811  # the fixture
    image: str,
) -> None:
    host = start(image)
    host.run("echo 'PATH=$PATH:$HOME/bin:tools' >/etc/profile.d/ward.sh")
    path = host.run("su --login root -c 'echo \"$PATH\"'").stdout.strip()
    folders = {record["folder"] for record in read(host)["root_path"].records}
    assert set(path.split(":")) <= folders
    assert {"tools", "/root/bin"} <= set(path.split(":"))
