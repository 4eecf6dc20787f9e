"""paramiko against a real sshd: what comes back, what is refused, and in which words."""

import re
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hipscan.errors import TargetError, Unreachable
from hipscan.transport.base import Budget, Ending
from tests.sshd import Sshd, StartSshd, free_port, make_key
from tests.transport.exchanges import (
    PATIENT,
    QUICK,
    handshake,
    held,
    paramiko_to,
    request,
    target,
)


def refusal(server: Sshd, **changes: object) -> TargetError:
    with pytest.raises(TargetError) as caught:
        paramiko_to(server).exchange(target(server, **changes), request(), PATIENT)
    return caught.value


def named(line: str) -> str:
    """Return the algorithm that a first line of sshd_config allows."""
    return line.split()[1]


def test_an_exchange(start_sshd: StartSshd) -> None:
    server = start_sshd()
    paramiko_to(server).exchange(target(server), request(), PATIENT)
    before = held()
    reply = paramiko_to(server).exchange(target(server), request(), PATIENT)
    assert reply.stdout == b"hello\n\n@0f end\n"
    # The end line ends the reply; what came on the other stream just before may be too late.
    assert reply.stderr in {b"noise\n", b""}
    assert reply.ending is Ending.COMPLETE
    assert held() == before


def test_the_peer_is_described(start_sshd: StartSshd) -> None:
    server = start_sshd()
    peer = paramiko_to(server).exchange(target(server), request(), PATIENT).peer
    shown = subprocess.run(
        ["ssh-keygen", "-lf", server.host_keys["ed25519"]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert peer["host_key"] == f"ssh-ed25519 {shown.stdout.split()[1]}"
    assert peer["address"] == f"127.0.0.1:{server.port}"
    assert peer["strict_kex"] == "yes"
    assert (peer["transport"], peer["login"]) == ("paramiko", f"publickey ({server.client_key})")


def test_exit_statuses_and_large_replies(start_sshd: StartSshd) -> None:
    server = start_sshd()
    transport = paramiko_to(server)
    reply = transport.exchange(target(server), request(b"exit 7\n"), PATIENT)
    assert (reply.ending, reply.exit_status) == (Ending.CLOSED, 7)
    script = b"head -c 5000000 /dev/zero >&2; head -c 5000000 /dev/zero; printf '\\n@0f end\\n'\n"
    reply = transport.exchange(target(server), request(b"# x\n" * 500_000 + script), PATIENT)
    assert (reply.ending, len(reply.stdout)) == (Ending.COMPLETE, 5_000_009)


def test_a_server_that_renews_its_keys_often(start_sshd: StartSshd) -> None:
    """The packets of an exchange of keys pile up between those of the reply."""
    server = start_sshd("RekeyLimit 32K")
    script = b"for n in 1 2 3 4 5 6 7 8 9; do head -c 20000 /dev/zero; sleep .05; done\n"
    script += b"printf '\\n@0f end\\n'\n"
    reply = paramiko_to(server).exchange(target(server), request(script), PATIENT)
    assert (reply.ending, len(reply.stdout)) == (Ending.COMPLETE, 180_009)


def test_a_child_that_holds_the_stream(start_sshd: StartSshd) -> None:
    server = start_sshd()
    script = b"sleep 60 & printf '\\n@0f end\\n'; sleep 60\n"
    reply = paramiko_to(server).exchange(target(server), request(script), PATIENT)
    assert reply.ending is Ending.COMPLETE


def test_a_flood_ends(start_sshd: StartSshd) -> None:
    server = start_sshd()
    budget = Budget(stdout_bytes=1 << 20)
    reply = paramiko_to(server).exchange(target(server), request(b"yes\n"), budget)
    assert (reply.ending, len(reply.stdout)) == (Ending.FLOOD, 1 << 20)


def test_nothing_of_a_login_is_sent_to_an_unknown_host(start_sshd: StartSshd) -> None:
    server = start_sshd("LogLevel DEBUG2")
    server.known_hosts.write_text("")
    error = refusal(server)
    assert error.cause is Unreachable.HOST_KEY_UNKNOWN
    assert "userauth-request" not in server.log_text()
    assert "SSH2_MSG_NEWKEYS" in server.log_text()


def test_a_changed_key_is_told_with_file_line_and_fingerprints(start_sshd: StartSshd) -> None:
    server = start_sshd()
    other = make_key(server.folder / "other", "ed25519").with_suffix(".pub").read_text()
    server.known_hosts.write_text(f"# first line\n[127.0.0.1]:{server.port} {other}")
    error = refusal(server)
    assert error.cause is Unreachable.HOST_KEY_CHANGED
    assert f"{server.known_hosts}:2" in error.message
    assert len(re.findall(r"SHA256:[\w+/]{43}", error.message)) >= 2


def test_a_new_host_key_is_accepted_once(start_sshd: StartSshd) -> None:
    server = start_sshd()
    server.known_hosts.write_text("")
    transport = paramiko_to(server, accept_new=True)
    assert transport.exchange(target(server), request(), PATIENT).ending is Ending.COMPLETE
    assert server.public("ed25519") in server.known_hosts.read_text()
    assert paramiko_to(server).exchange(target(server), request(), PATIENT).stdout


def test_a_sudo_password_never_goes_to_a_host_on_first_sight(start_sshd: StartSshd) -> None:
    server = start_sshd()
    server.known_hosts.write_text("")
    transport = paramiko_to(server, accept_new=True)
    with pytest.raises(TargetError, match="not sent to a host on first sight"):
        transport.exchange(target(server), request(handshake=handshake("x")), PATIENT)


@pytest.mark.parametrize(
    "line",
    [
        "Ciphers aes128-cbc",
        "Ciphers 3des-cbc",
        "MACs hmac-sha1\nCiphers aes128-ctr",
        "MACs hmac-md5\nCiphers aes128-ctr",
        "KexAlgorithms diffie-hellman-group14-sha1",
        "KexAlgorithms diffie-hellman-group1-sha1",
        "HostKeyAlgorithms ssh-rsa",
    ],
)
def test_weak_algorithms_are_refused_by_name(start_sshd: StartSshd, line: str) -> None:
    server = start_sshd(line, host_key_types=("rsa",))
    error = refusal(server)
    assert error.cause is Unreachable.KEX
    assert named(line) in error.message


@pytest.mark.parametrize(
    "line",
    [
        "KexAlgorithms curve25519-sha256",
        "KexAlgorithms diffie-hellman-group16-sha512",
        "Ciphers aes256-gcm@openssh.com",
        "MACs hmac-sha2-512-etm@openssh.com\nCiphers aes256-ctr",
    ],
)
def test_strong_algorithms_are_spoken(start_sshd: StartSshd, line: str) -> None:
    server = start_sshd(line)
    peer = paramiko_to(server).exchange(target(server), request(), PATIENT).peer
    assert "note" not in peer
    assert named(line) in (peer["kex"], peer["cipher"], peer["mac"])


@pytest.mark.parametrize(
    "line",
    [
        "Ciphers chacha20-poly1305@openssh.com",
        "MACs umac-128-etm@openssh.com\nCiphers aes128-ctr",
        "KexAlgorithms sntrup761x25519-sha512@openssh.com",
        "KexAlgorithms diffie-hellman-group18-sha512",
    ],
)
def test_what_paramiko_cannot_speak_goes_to_openssh(start_sshd: StartSshd, line: str) -> None:
    server = start_sshd(line)
    reply = paramiko_to(server).exchange(target(server), request(), PATIENT)
    assert reply.ending is Ending.COMPLETE
    assert "the target offers only: " + named(line) in reply.peer["note"]


def test_a_jump_host_goes_to_openssh(start_sshd: StartSshd) -> None:
    server = start_sshd()
    transport = paramiko_to(server)
    command = f"ProxyCommand {sys.executable} {Path(__file__).parent / 'pipe.py'} %h %p"
    with (server.folder / "ssh_config").open("a") as config:
        config.write(command + "\n")
    reply = transport.exchange(target(server), request(), PATIENT)
    assert reply.ending is Ending.COMPLETE
    assert "ProxyCommand" in reply.peer["note"]


def test_a_port_where_nobody_listens(start_sshd: StartSshd) -> None:
    error = refusal(start_sshd(), port=free_port())
    assert error.cause is Unreachable.REFUSED
    assert "refused the connection" in error.message


def test_a_name_that_does_not_exist(start_sshd: StartSshd) -> None:
    error = refusal(start_sshd(), host="no-such-host.invalid")
    assert error.cause is Unreachable.DNS
    assert "no-such-host.invalid" in error.message


def test_a_listener_that_never_accepts(start_sshd: StartSshd) -> None:
    server = start_sshd()
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.settimeout(0)
            one.connect_ex(full.getsockname())
        aim = target(server, port=full.getsockname()[1])
        with pytest.raises(TargetError) as caught:
            paramiko_to(server).exchange(aim, request(), QUICK)
        for one in crowd:
            one.close()
    assert caught.value.cause in (Unreachable.TIMEOUT, Unreachable.BANNER)


def test_a_forced_command_is_a_reply_without_our_end(start_sshd: StartSshd) -> None:
    server = start_sshd("ForceCommand echo only this")
    reply = paramiko_to(server).exchange(target(server), request(), PATIENT)
    assert (reply.ending, reply.stdout) == (Ending.CLOSED, b"only this\n")


def test_a_busy_server_is_tried_again(start_sshd: StartSshd) -> None:
    server = start_sshd("MaxStartups 1:100:1")
    with socket.create_connection(("127.0.0.1", server.port)) as other:
        other.recv(1)
        pauses: list[float] = []

        def leave(seconds: float) -> None:
            pauses.append(seconds)
            other.close()
            time.sleep(0.5)  # for the server to notice

        transport = paramiko_to(server)
        transport._sleep = leave
        reply = transport.exchange(target(server), request(), PATIENT)
    assert reply.ending is Ending.COMPLETE
    assert 1 <= pauses[0] <= 1.25


def test_a_crowd_through_one_address_loses_nobody(start_sshd: StartSshd) -> None:
    server = start_sshd("MaxStartups 10:100:10")
    transport = paramiko_to(server)

    def visit(_number: int) -> Ending:
        return transport.exchange(target(server), request(), PATIENT).ending

    with ThreadPoolExecutor(40) as pool:
        assert set(pool.map(visit, range(60))) == {Ending.COMPLETE}


@pytest.mark.skipif(shutil.which("ssh") is None, reason="needs the OpenSSH client")
def test_paramiko_writes_nothing_to_the_terminal(
    start_sshd: StartSshd, capfd: pytest.CaptureFixture[str]
) -> None:
    server = start_sshd("DenyUsers *")
    refusal(server)
    assert capfd.readouterr() == ("", "")
