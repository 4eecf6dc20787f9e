"""Trust from end to end, on real servers: new keys, host certificates, loosened configurations."""

import shutil
import subprocess
from pathlib import Path

import pytest

from hipscan.errors import TargetError, Unreachable
from hipscan.transport.base import Transport
from hipscan.transport.openssh import OpensshTransport
from hipscan.transport.paramiko_transport import ParamikoTransport
from tests.sshd import Sshd, StartSshd, make_key, running_sshd
from tests.transport.exchanges import PATIENT, request, target, trust

pytestmark = pytest.mark.skipif(
    shutil.which("ssh") is None, reason="the OpenSSH client is not installed"
)
LOOSE = """
NoHostAuthenticationForLocalhost yes
StrictHostKeyChecking no
VerifyHostKeyDNS no
"""
AWKWARD = """
SessionType none
StdinNull yes
ForkAfterAuthentication yes
RemoteCommand echo hijacked
RequestTTY force
PermitLocalCommand yes
LocalCommand echo hijacked
"""


def config(server: Sshd, text: str) -> Path:
    file = server.folder / "loose_config"
    file.write_text(f"GlobalKnownHostsFile /dev/null\nIdentityAgent none\n{text}")
    return file


def reach(transport: str, server: Sshd, **changes: object) -> Transport:
    options = trust(server, **changes)
    if transport == "openssh":
        return OpensshTransport(options)
    return ParamikoTransport(trust=options)


def refusal(server: Sshd, transport: str, **changes: object) -> Unreachable:
    with pytest.raises(TargetError) as caught:
        reach(transport, server, **changes).exchange(target(server), request(), PATIENT)
    return caught.value.cause


@pytest.mark.parametrize("transport", ["paramiko", "openssh"])
def test_a_loose_configuration_loosens_nothing(
    start_sshd: StartSshd, tmp_path: Path, transport: str
) -> None:
    server = start_sshd()
    loose = config(server, LOOSE)
    cause = refusal(server, transport, known_hosts=tmp_path / "empty", ssh_config=loose)
    assert cause is Unreachable.HOST_KEY_UNKNOWN
    assert "authenticating user" not in server.log_text()


@pytest.mark.parametrize("transport", ["paramiko", "openssh"])
def test_an_awkward_configuration_hinders_nothing(start_sshd: StartSshd, transport: str) -> None:
    server = start_sshd()
    made = reach(transport, server, ssh_config=config(server, AWKWARD))
    reply = made.exchange(target(server), request(), PATIENT)
    assert b"hello" in reply.stdout
    assert b"hijacked" not in reply.stdout + reply.stderr


@pytest.mark.parametrize("hashed", ["yes", "no"])
@pytest.mark.parametrize("transport", ["paramiko", "openssh"])
def test_a_new_key_is_accepted_once(
    start_sshd: StartSshd, tmp_path: Path, transport: str, hashed: str
) -> None:
    server, file = start_sshd(), tmp_path / "known_hosts"
    chosen = {"known_hosts": file, "ssh_config": config(server, f"HashKnownHosts {hashed}\n")}
    reach(transport, server, accept_new=True, **chosen).exchange(target(server), request(), PATIENT)
    written = file.read_bytes()
    assert written.startswith(b"|1|") == (hashed == "yes")
    for other in ("openssh", "paramiko"):
        reach(other, server, **chosen).exchange(target(server), request(), PATIENT)
    assert file.read_bytes() == written


@pytest.mark.parametrize("transport", ["paramiko", "openssh"])
def test_a_changed_key_is_never_accepted(
    start_sshd: StartSshd, tmp_path: Path, transport: str
) -> None:
    server, file = start_sshd(), tmp_path / "known_hosts"
    other = make_key(tmp_path / "other", "ed25519").with_suffix(".pub").read_text()
    file.write_text(f"[127.0.0.1]:{server.port} {other}")
    cause = refusal(server, transport, known_hosts=file, accept_new=True)
    assert cause is Unreachable.HOST_KEY_CHANGED
    assert file.read_text().count("\n") == 1


def certified(folder: Path, principal: str) -> Path:
    """Make a host key and its certificate before the server starts; return the authority's key."""
    folder.mkdir()
    authority = make_key(folder / "authority", "ed25519")
    public = make_key(folder / "host_ed25519", "ed25519").with_suffix(".pub")
    sign = ["ssh-keygen", "-q", "-s", authority, "-I", "host", "-h", "-n", principal, public]
    subprocess.run(list(map(str, sign)), check=True)
    return authority.with_suffix(".pub")


@pytest.mark.parametrize(("principal", "fits"), [("127.0.0.1", True), ("web1", False)])
def test_a_host_certificate_is_judged_by_openssh(
    tmp_path: Path,
    principal: str,
    fits: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    authority = certified(tmp_path / "server", principal)
    file = tmp_path / "known_hosts"
    file.write_text(f"@cert-authority [127.0.0.1]:* {authority.read_text()}")
    certificate = tmp_path / "server/host_ed25519-cert.pub"
    with running_sshd(tmp_path / "server", f"HostCertificate {certificate}") as server:
        if not fits:
            assert refusal(server, "paramiko", known_hosts=file) is Unreachable.HOST_KEY_UNKNOWN
            return
        reply = reach("paramiko", server, known_hosts=file).exchange(
            target(server), request(), PATIENT
        )
    assert b"hello" in reply.stdout
    assert "only the OpenSSH client can judge" in reply.peer["note"]
