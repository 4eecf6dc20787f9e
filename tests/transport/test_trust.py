"""Trust from end to end, on real servers: new keys, host certificates, loosened configurations."""

import shutil
import subprocess
from pathlib import Path

import pytest

from hipscan.errors import TargetError, Unreachable
from hipscan.model.target import Target
from hipscan.transport import ssh_config_client, ssh_config_system
from hipscan.transport.base import Transport, TrustOptions
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
    fits: bool,  # noqa: FBT001  # a parameter of the test
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


@pytest.fixture
def everybodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a file in the place of the system's ssh_config; nobody has one of their own."""
    file = tmp_path / "system_ssh_config"
    original = ssh_config_client.ask

    def ask(ssh: str, target: Target, _: TrustOptions, *, config: str = "") -> object:
        return original(ssh, target, TrustOptions(), config=config or str(file))

    monkeypatch.setattr(ssh_config_client, "ask", ask)
    monkeypatch.setattr(ssh_config_system, "FILES", (str(file),))
    return file


RESTRICTED = {
    "Ciphers aes256-ctr": ("cipher", "aes256-ctr"),
    "MACs hmac-sha2-512": ("mac", "hmac-sha2-512"),
    "KexAlgorithms ecdh-sha2-nistp384": ("kex", "ecdh-sha2-nistp384"),
    "HostKeyAlgorithms rsa-sha2-256": ("host_key", "ssh-rsa"),
}


@pytest.mark.parametrize(("line", "expected"), RESTRICTED.items(), ids=list(RESTRICTED))
def test_a_distributions_lists_bind_paramiko(
    start_sshd: StartSshd, everybodys: Path, line: str, expected: tuple[str, str]
) -> None:
    server = start_sshd("Ciphers aes128-ctr,aes256-ctr", host_key_types=("ed25519", "rsa"))
    everybodys.write_text(f"{line}\nGlobalKnownHostsFile /dev/null\nIdentityAgent none\n")
    options = TrustOptions(known_hosts=server.known_hosts)
    reply = ParamikoTransport(trust=options).exchange(target(server), request(), PATIENT)
    assert reply.peer["transport"] == "paramiko"
    assert reply.peer[expected[0]].startswith(expected[1])


def test_keys_that_the_distribution_forbids_are_not_offered(
    start_sshd: StartSshd, everybodys: Path
) -> None:
    server = start_sshd()
    everybodys.write_text("PubkeyAcceptedAlgorithms rsa-sha2-512\nIdentityAgent none\n")
    transport = ParamikoTransport(trust=TrustOptions(known_hosts=server.known_hosts))
    with pytest.raises(TargetError) as caught:
        transport.exchange(target(server), request(), PATIENT)
    assert caught.value.cause is Unreachable.AUTH
    assert "Postponed publickey" not in server.log_text()


@pytest.mark.parametrize("transport", ["paramiko", "openssh"])
def test_short_rsa_host_keys_are_refused_where_long_ones_are_required(
    start_sshd: StartSshd, transport: str
) -> None:
    server = start_sshd(host_key_types=("rsa",))
    strict = config(server, "RequiredRSASize 3072\n")
    made = reach(transport, server, ssh_config=strict)
    with pytest.raises(TargetError, match=r"3072|Invalid key length"):
        made.exchange(target(server), request(), PATIENT)
    assert "authenticating user" not in server.log_text()
