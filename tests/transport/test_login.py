"""Logging in to a real sshd: which key is offered, when a password is asked for, how often."""

import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hipscan.errors import TargetError, Unreachable
from hipscan.model.secret import Secret
from hipscan.model.target import Target
from hipscan.transport.base import Credentials, Ending
from hipscan.transport.paramiko_transport import ParamikoTransport
from tests.sshd import PASSWORD, Sshd, StartSshd, make_key
from tests.transport.exchanges import PATIENT, paramiko_to, request, target, trust

needs_password = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can make an account with a password for a test"
)
BY_PASSWORD = "PasswordAuthentication yes"  # noqa: S105  # a line of sshd_config


def refusal(transport: ParamikoTransport, aim: Target) -> TargetError:
    with pytest.raises(TargetError) as caught:
        transport.exchange(aim, request(), PATIENT)
    assert caught.value.cause is Unreachable.AUTH
    return caught.value


def failures(server: Sshd, method: str = "password") -> int:
    return len(re.findall(f"Failed {method} for", server.log_text()))


@contextmanager
def ssh_agent(folder: Path, *keys: Path) -> Iterator[Path]:
    """Run an agent that holds `keys`."""
    path = folder / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL) as agent:
        while not path.exists():
            pass
        env = {**os.environ, "SSH_AUTH_SOCK": str(path)}
        for key in keys:
            subprocess.run(["ssh-add", "-q", key], env=env, check=True, capture_output=True)
        yield path
        agent.terminate()


def configure(server: Sshd, *lines: str) -> None:
    """Replace the user's configuration."""
    (server.folder / "ssh_config").write_text(
        "\n".join(["GlobalKnownHostsFile /dev/null", *lines]) + "\n"
    )


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_keys_of_each_type(start_sshd: StartSshd, kind: str) -> None:
    server = start_sshd()
    key = make_key(server.folder / "mine", kind)
    (server.folder / "authorized_keys").write_text(key.with_suffix(".pub").read_text())
    reply = paramiko_to(server).exchange(target(server, identity=key), request(), PATIENT)
    assert reply.ending is Ending.COMPLETE


def test_a_refused_login_says_what_was_tried(start_sshd: StartSshd) -> None:
    server = start_sshd()
    key = make_key(server.folder / "other", "ed25519")
    error = refusal(paramiko_to(server), target(server, identity=key))
    assert f"login as {server.user} refused: offered {key}" in error.message
    assert "it allows publickey" in error.message
    assert "ssh-copy-id" in error.hint


def test_the_identity_goes_before_twenty_agent_keys(start_sshd: StartSshd) -> None:
    server = start_sshd("MaxAuthTries 3")
    keys = [make_key(server.folder / f"agent{number}", "ed25519") for number in range(20)]
    with ssh_agent(server.folder, *keys) as agent:
        configure(server, f"IdentityAgent {agent}")
        reply = paramiko_to(server).exchange(target(server), request(), PATIENT)
    assert reply.ending is Ending.COMPLETE
    assert failures(server, "publickey") == 0


def test_no_more_than_three_keys_are_offered(start_sshd: StartSshd) -> None:
    server = start_sshd("MaxAuthTries 10")
    keys = [make_key(server.folder / f"agent{number}", "ed25519") for number in range(6)]
    with ssh_agent(server.folder, *keys) as agent:
        configure(server, f"IdentityAgent {agent}", "IdentityFile none")
        error = refusal(paramiko_to(server), target(server, identity=None))
    assert error.message.count("agent key") == 3
    assert failures(server, "publickey") == 3


def test_an_agent_key_is_used(start_sshd: StartSshd) -> None:
    server = start_sshd()
    with ssh_agent(server.folder, server.client_key) as agent:
        configure(server, f"IdentityAgent {agent}", "IdentityFile none")
        aim = target(server, identity=None)
        reply = paramiko_to(server).exchange(aim, request(), PATIENT)
    assert reply.peer["login"].startswith("publickey (agent key")


def test_identities_only_leaves_the_agent_alone(start_sshd: StartSshd) -> None:
    server = start_sshd()
    with ssh_agent(server.folder, server.client_key) as agent:
        configure(server, f"IdentityAgent {agent}", "IdentityFile none", "IdentitiesOnly yes")
        error = refusal(paramiko_to(server), target(server, identity=None))
    assert "no key to offer" in error.message


def test_a_locked_key_that_the_agent_holds_needs_no_passphrase(start_sshd: StartSshd) -> None:
    server = start_sshd()
    locked = server.folder / "locked"
    locked.write_bytes(server.client_key.read_bytes())
    locked.chmod(0o600)
    with ssh_agent(server.folder, server.client_key) as agent:
        lock = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "canary", "-f", str(locked)]
        subprocess.run(lock, check=True, capture_output=True)
        configure(server, f"IdentityAgent {agent}", "IdentitiesOnly yes")
        aim = target(server, identity=locked)
        reply = paramiko_to(server).exchange(aim, request(), PATIENT)
    assert reply.peer["login"] == f"publickey ({locked} (agent))"


def with_passphrase(server: Sshd, passphrase: str | None) -> ParamikoTransport:
    secret = None if passphrase is None else Secret(passphrase)
    return ParamikoTransport(Credentials(passphrase=lambda _path: secret), trust(server))


@pytest.mark.parametrize("form", ["openssh", "PEM", "PKCS8"])
def test_a_passphrase_is_asked_for(start_sshd: StartSshd, form: str) -> None:
    server = start_sshd()
    key = make_key(server.folder / "locked", "ecdsa", passphrase="canary")  # noqa: S106  # a test's
    if form != "openssh":
        change = [
            "ssh-keygen",
            "-q",
            "-p",
            "-P",
            "canary",
            "-N",
            "canary",
            "-m",
            form,
            "-f",
            str(key),
        ]
        subprocess.run(change, check=True, capture_output=True)
    (server.folder / "authorized_keys").write_text(key.with_suffix(".pub").read_text())
    aim = target(server, identity=key)
    assert with_passphrase(server, "canary").exchange(aim, request(), PATIENT).stdout
    assert "passphrase is wrong" in refusal(with_passphrase(server, "no"), aim).message
    assert "none was given" in refusal(with_passphrase(server, None), aim).message


def test_a_key_that_others_may_read_is_not_used(start_sshd: StartSshd) -> None:
    server = start_sshd()
    server.client_key.chmod(0o644)
    error = refusal(paramiko_to(server), target(server))
    assert "other accounts may read it" in error.message
    assert error.hint == f"chmod 600 {server.client_key}"


def test_a_certificate_beside_the_key_is_used(start_sshd: StartSshd, tmp_path: Path) -> None:
    authority = make_key(tmp_path / "ca", "ed25519")
    server = start_sshd(f"TrustedUserCAKeys {authority}.pub", "AuthorizedKeysFile none")
    sign = ["ssh-keygen", "-q", "-s", str(authority), "-I", "me", "-n", server.user]
    subprocess.run([*sign, f"{server.client_key}.pub"], check=True, capture_output=True)
    reply = paramiko_to(server).exchange(target(server), request(), PATIENT)
    assert "-cert.pub" in reply.peer["login"]


def test_a_key_and_no_password_where_both_are_wanted(start_sshd: StartSshd) -> None:
    server = start_sshd("AuthenticationMethods publickey,password", BY_PASSWORD)
    error = refusal(paramiko_to(server), target(server))
    assert "no password was given; it allows password" in error.message


@needs_password
def test_a_key_and_a_password_where_both_are_wanted(start_sshd: StartSshd) -> None:
    server = start_sshd("AuthenticationMethods publickey,password", BY_PASSWORD)
    transport = paramiko_to(server, password=PASSWORD)
    assert transport.exchange(target(server), request(), PATIENT).ending is Ending.COMPLETE


@needs_password
def test_a_password(start_sshd: StartSshd) -> None:
    server = start_sshd(BY_PASSWORD)
    configure(server, "IdentityFile none", "IdentityAgent none")
    transport = paramiko_to(server, password=PASSWORD)
    reply = transport.exchange(target(server, identity=None), request(), PATIENT)
    assert reply.peer["login"] == "password"
    assert failures(server) == 0


@needs_password
def test_a_password_is_not_sent_on_first_sight(start_sshd: StartSshd) -> None:
    server = start_sshd(BY_PASSWORD)
    configure(server, "IdentityFile none", "IdentityAgent none")
    server.known_hosts.write_text("")
    transport = paramiko_to(server, password=PASSWORD, accept_new=True)
    error = refusal(transport, target(server, identity=None))
    assert "whose key is new to us" in error.message
    assert "password for" not in server.log_text()


def test_a_password_is_not_asked_for_in_vain(start_sshd: StartSshd) -> None:
    server = start_sshd()
    asked: list[Target] = []

    def ask(aim: Target) -> Secret:
        asked.append(aim)
        return Secret("x")

    configure(server, "IdentityFile none", "IdentityAgent none")
    transport = ParamikoTransport(Credentials(login_password=ask), trust(server))
    refusal(transport, target(server, identity=None))
    assert asked == []


def in_parallel(jobs: list[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_wrong_password_is_tried_three_times_over_all_targets(start_sshd: StartSshd) -> None:
    server = start_sshd(BY_PASSWORD)
    configure(server, "IdentityFile none", "IdentityAgent none")
    transport = paramiko_to(server, password="wrong")  # noqa: S106  # on purpose
    errors: list[TargetError] = []
    aim = target(server, identity=None)
    in_parallel([lambda: errors.append(refusal(transport, aim)) for _ in range(20)])
    assert failures(server) == 3
    assert sum("password not tried" in error.message for error in errors) == 17
