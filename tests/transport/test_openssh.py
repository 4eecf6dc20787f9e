"""The OpenSSH client as a transport: what is always off, and what its failures mean."""

import subprocess
from pathlib import Path

import pytest
import yaml

from hipscan.errors import TargetError, Unreachable
from hipscan.transport.base import Budget, Ending
from hipscan.transport.openssh_failures import explain_openssh
from tests.sshd import StartSshd, free_port, make_key
from tests.transport.exchanges import (
    PATIENT,
    QUICK,
    handshake,
    held,
    openssh_to,
    request,
    target,
    trust,
)

SAYINGS = yaml.safe_load((Path(__file__).parent / "cases/openssh.yaml").read_text())
HOSTILE_CONFIG = """
ForwardAgent yes
ForwardX11 yes
ForwardX11Trusted yes
PermitLocalCommand yes
LocalCommand touch {folder}/local-command
RemoteForward 0 127.0.0.1:1
DynamicForward 127.0.0.1:{port}
RequestTTY force
RemoteCommand touch {folder}/remote-command
ControlMaster auto
ControlPath {folder}/control
ControlPersist yes
"""


@pytest.mark.parametrize("case", SAYINGS, ids=lambda case: case["says"][:40])
def test_the_last_words_of_the_client(case: dict[str, str]) -> None:
    error = explain_openssh(case["says"].encode())
    assert error.cause == case["cause"]
    assert error.message.isprintable()


def test_an_exchange(start_sshd: StartSshd) -> None:
    server = start_sshd()
    before = held()
    reply = openssh_to(server).exchange(target(server), request(), PATIENT)
    assert reply.stdout == b"hello\n\n@0f end\n"
    assert reply.ending is Ending.COMPLETE
    assert reply.peer == {"transport": "openssh", "address": f"127.0.0.1:{server.port}"}
    assert held() == before


def test_what_could_turn_against_the_user_is_off(start_sshd: StartSshd) -> None:
    server = start_sshd("LogLevel DEBUG2", "AllowAgentForwarding yes", "X11Forwarding yes")
    transport = openssh_to(server)
    with (server.folder / "ssh_config").open("a") as config:
        config.write(HOSTILE_CONFIG.format(folder=server.folder, port=free_port()))
    script = b'echo "agent=$SSH_AUTH_SOCK tty=$(tty)"; printf "\\n@0f end\\n"\n'
    reply = transport.exchange(target(server), request(script), PATIENT)
    assert reply.stdout.startswith(b"agent= tty=not a tty")
    names = {path.name for path in server.folder.iterdir()}
    assert not names & {"local-command", "remote-command", "control"}
    log = server.log_text()
    for asked in ("auth-agent-req", "x11-req", "tcpip-forward", "pty-req"):
        assert asked not in log


def test_the_command_line_ends_options_before_the_host(start_sshd: StartSshd) -> None:
    server = start_sshd()
    argv = openssh_to(server).command_line(target(server), request(), QUICK)
    assert argv[-3:] == ["--", "127.0.0.1", "sh -s"]


def test_exit_statuses_come_back(start_sshd: StartSshd) -> None:
    server = start_sshd()
    reply = openssh_to(server).exchange(target(server), request(b"exit 7\n"), PATIENT)
    assert (reply.ending, reply.exit_status) == (Ending.CLOSED, 7)


def test_a_command_that_ends_with_255_is_not_taken_for_the_client(start_sshd: StartSshd) -> None:
    server = start_sshd()
    script = b"echo something; exit 255\n"
    reply = openssh_to(server).exchange(target(server), request(script), PATIENT)
    assert (reply.ending, reply.exit_status) == (Ending.CLOSED, 255)


def test_a_stuck_command_ends_with_the_client(start_sshd: StartSshd) -> None:
    server = start_sshd()
    budget = Budget(seconds=1)
    before = held()
    reply = openssh_to(server).exchange(target(server), request(b"sleep 600\n"), budget)
    assert reply.ending is Ending.DEADLINE
    assert held() == before


@pytest.mark.parametrize("with_sudo", [False, True])
def test_a_refused_login_is_told_before_sudo_is_blamed(
    start_sshd: StartSshd, *, with_sudo: bool
) -> None:
    server = start_sshd()
    key = make_key(server.folder / "other", "ed25519")
    asked = request(handshake=handshake("x") if with_sudo else None)
    with pytest.raises(TargetError) as caught:
        openssh_to(server).exchange(target(server, identity=key), asked, PATIENT)
    assert caught.value.cause is Unreachable.AUTH
    assert "Permission denied (publickey)" in caught.value.message


def test_an_unknown_host_key_is_refused_and_a_new_one_accepted_on_demand(
    start_sshd: StartSshd,
) -> None:
    server = start_sshd()
    server.known_hosts.write_text("")
    with pytest.raises(TargetError) as caught:
        openssh_to(server).exchange(target(server), request(), PATIENT)
    assert caught.value.cause is Unreachable.HOST_KEY_UNKNOWN
    transport = openssh_to(server, accept_new=True)
    with pytest.raises(TargetError):
        transport.exchange(target(server), request(handshake=handshake("x")), PATIENT)
    assert transport.exchange(target(server), request(), PATIENT).ending is Ending.COMPLETE
    assert server.public("ed25519") in server.known_hosts.read_text()


@pytest.mark.parametrize(
    "line", ["Ciphers +aes128-cbc", "MACs +hmac-sha1-96", "HostKeyAlgorithms +ssh-rsa"]
)
def test_weak_algorithms_of_the_user_are_taken_out(start_sshd: StartSshd, line: str) -> None:
    server = start_sshd()
    transport = openssh_to(server)
    with (server.folder / "ssh_config").open("a") as config:
        config.write(line + "\n")
    argv = transport.command_line(target(server), request(), QUICK)
    option, weak = line.split()
    given = [part for part in argv if part.lower().startswith(f"{option.lower()}=")]
    assert given
    assert weak.removeprefix("+") not in given[0].partition("=")[2].split(",")


def test_only_weak_algorithms_are_refused_by_name(start_sshd: StartSshd) -> None:
    server = start_sshd()
    transport = openssh_to(server)
    with (server.folder / "ssh_config").open("a") as config:
        config.write("Ciphers aes128-cbc,3des-cbc\n")
    with pytest.raises(TargetError, match=r"only weak ciphers .*: aes128-cbc, 3des-cbc"):
        transport.command_line(target(server), request(), QUICK)


def test_a_known_hosts_file_with_a_blank_in_its_name(start_sshd: StartSshd) -> None:
    server = start_sshd()
    moved = server.known_hosts.rename(server.folder / "known hosts")
    transport = openssh_to(server, known_hosts=moved)
    assert transport.exchange(target(server), request(), PATIENT).ending is Ending.COMPLETE


def test_without_the_client_it_says_so(
    start_sshd: StartSshd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = start_sshd()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TargetError) as caught:
        openssh_to(server).command_line(target(server), request(), QUICK)
    assert caught.value.cause is Unreachable.UNSUPPORTED


def test_the_group_of_the_client_ends_with_it(start_sshd: StartSshd) -> None:
    server = start_sshd()
    transport = openssh_to(server)
    mark = server.folder / "proxy.pid"
    proxy = server.folder / "proxy"
    proxy.write_text(f"#!/bin/sh\necho $$ >{mark}\nexec sleep 600\n")
    proxy.chmod(0o700)
    with (server.folder / "ssh_config").open("a") as config:
        config.write(f"ProxyCommand {proxy}\n")
    reply = transport.exchange(target(server), request(), Budget(connect_seconds=60, seconds=1))
    assert reply.ending is Ending.DEADLINE
    command = Path(f"/proc/{mark.read_text().strip()}/cmdline")
    assert not command.exists() or not command.read_bytes()  # gone, or waits for init to see it


def test_its_options_are_known_to_the_client(start_sshd: StartSshd) -> None:
    server = start_sshd()
    argv = openssh_to(server).command_line(target(server), request(), QUICK)
    answer = subprocess.run([argv[0], "-G", *argv[1:]], capture_output=True, text=True, check=True)
    effective = dict(line.split(" ", 1) for line in answer.stdout.splitlines() if " " in line)
    assert effective["batchmode"] == "yes"
    assert effective["stricthostkeychecking"] in ("true", "yes")
    assert trust(server).known_hosts == Path(effective["userknownhostsfile"])
