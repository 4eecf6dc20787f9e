"""A password is on the wire and nowhere else."""

import contextlib
import logging
import os
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from hipscan.errors import TargetError
from hipscan.model.secret import Secret
from hipscan.transport.base import Credentials
from hipscan.transport.local import SYSTEM_PATH, LocalTransport
from tests.sshd import PASSWORD, StartSshd
from tests.transport.exchanges import PATIENT, handshake, paramiko_to, request, target
from tests.transport.test_local import FAKE_SUDO, sudo_request

CANARY = "canary-9f31c2"


@contextlib.contextmanager
def watching_processes(secret: str) -> Iterator[list[str]]:
    """Collect each process on this machine, on either end, that shows `secret`."""
    shown: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.005):
            for name in ("cmdline", "environ"):
                for path in Path("/proc").glob(f"[0-9]*/{name}"):
                    with contextlib.suppress(OSError):
                        if secret.encode() in path.read_bytes():
                            shown.append(str(path))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield shown
    finally:
        done.set()
        watcher.join()


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Let all loggers talk, paramiko's too."""
    caplog.set_level(logging.DEBUG)
    paramiko = logging.getLogger("paramiko")
    level, paramiko.propagate = paramiko.level, True
    paramiko.setLevel(logging.DEBUG)
    yield caplog
    paramiko.propagate = False
    paramiko.setLevel(level)


@pytest.mark.parametrize("password", [PASSWORD, CANARY], ids=["right", "wrong"])
def test_a_login_password(
    start_sshd: StartSshd, loud: pytest.LogCaptureFixture, password: str
) -> None:
    if os.geteuid() != 0 and password == PASSWORD:
        pytest.skip("only root can make an account with a password for a test")
    server = start_sshd("PasswordAuthentication yes", "LogLevel DEBUG3")
    (server.folder / "ssh_config").write_text("IdentityFile none\nIdentityAgent none\n")
    transport = paramiko_to(server, password=password)
    told = ""
    with watching_processes(password) as shown:
        try:
            reply = transport.exchange(target(server, identity=None), request(), PATIENT)
            told = repr(reply)
        except TargetError:
            told = traceback.format_exc()
    assert ("login" in told) or ("password was refused" in told)
    assert loud.records
    for text in (told, loud.text, repr(vars(transport)), server.log_text()):
        assert password not in text
    assert shown == []


@pytest.mark.parametrize("right", [True, False])
def test_a_sudo_password(tmp_path: Path, *, right: bool) -> None:
    program = tmp_path / "sudo"
    program.write_text(FAKE_SUDO.replace("= right", f"= {CANARY if right else 'other'}"))
    program.chmod(0o700)
    transport = LocalTransport(path=f"{tmp_path}:{SYSTEM_PATH}")
    with watching_processes(CANARY) as shown:
        try:
            told = repr(transport.exchange(target(host="local"), sudo_request(CANARY), PATIENT))
        except TargetError:
            told = traceback.format_exc()
    assert right is ("hello" in told)
    assert CANARY not in told
    assert shown == []


def test_nothing_that_holds_a_secret_shows_it() -> None:
    secret = Secret(CANARY)
    asked = request(handshake=handshake(CANARY))
    credentials = Credentials(login_password=lambda _target: secret)
    for value in (secret, asked, asked.handshake, credentials):
        assert CANARY not in f"{value!r} {value!s}"
