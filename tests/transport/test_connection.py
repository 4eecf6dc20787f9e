"""Names and sockets, each under a limit of time."""

import errno
import socket
import threading
from collections.abc import Iterator

import pytest

from hipscan.errors import TargetError, Unreachable
from hipscan.transport import connection
from hipscan.transport.connection import Address, connect, name_of, resolve
from tests.sshd import free_port


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def address(port: int, host: str = "127.0.0.1") -> Address:
    return resolve(host, port, seconds=1)[0]


def test_numbers_need_no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "Thread", None)
    assert [name_of(found[4]) for found in resolve("192.0.2.7", 22, seconds=1)] == ["192.0.2.7:22"]
    assert name_of(resolve("2001:db8::7", 22, seconds=1)[0][4]) == "[2001:db8::7]:22"


def test_a_resolver_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    def stuck(_host: str, _port: int, _family: int, flags: int) -> list[Address]:
        if flags:
            raise socket.gaierror
        let_go.wait()
        return []

    monkeypatch.setattr(connection, "_look_up", stuck)
    with pytest.raises(TargetError, match=r"gave no answer in 0\.1 s") as caught:
        resolve("db1.example.org", 22, seconds=0.1)
    let_go.set()
    assert caught.value.cause is Unreachable.DNS


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "no-such-host.invalid", "\udcff"])
def test_a_name_that_cannot_be_found(name: str) -> None:
    with pytest.raises(TargetError) as caught:
        resolve(name, 22, seconds=5)
    assert caught.value.cause is Unreachable.DNS


def test_a_connection_sends_at_once(listener: socket.socket) -> None:
    with connect([address(listener.getsockname()[1])], seconds=2) as made:
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_all_addresses_are_tried(listener: socket.socket) -> None:
    places = [address(free_port()), address(listener.getsockname()[1])]
    with connect(places, seconds=2) as made:
        assert made.getpeername() == listener.getsockname()


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.ECONNREFUSED, Unreachable.REFUSED),
        (errno.EHOSTUNREACH, Unreachable.REFUSED),
        (errno.ENETUNREACH, Unreachable.REFUSED),
        (errno.ETIMEDOUT, Unreachable.TIMEOUT),
        (errno.EMFILE, Unreachable.PROTOCOL),
    ],
)
def test_why_there_is_no_connection(
    monkeypatch: pytest.MonkeyPatch, number: int, cause: Unreachable
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, "words of the system")

    monkeypatch.setattr(connection, "_connect_one", fail)
    with pytest.raises(TargetError) as caught:
        connect([address(22), address(22, "::1")], seconds=1)
    assert caught.value.cause is cause
    assert "127.0.0.1:22, [::1]:22" in caught.value.message
    assert caught.value.hint
