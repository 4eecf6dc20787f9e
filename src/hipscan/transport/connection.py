"""From a name to a connected socket, within a limit of time.

hipscan opens its own sockets, because paramiko's never set TCP_NODELAY (two stalls of 40 ms a
connection) and its look-up of names knows no limit.
"""

import contextlib
import errno
import socket
import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Any, Final

from hipscan import sanitize
from hipscan.errors import TargetError, Unreachable

RESOLVE_SECONDS: Final = 5.0  # a resolver that is away, not one that is slow
_READ_AHEAD: Final = 16 * 1024
_LONG: Final = 512 * 1024
_LEAST_SECONDS: Final = 0.5  # what an address gets however many there are
_FAMILIES: Final = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
_NO_ROUTE: Final = frozenset(
    {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM, errno.EADDRNOTAVAIL}
)
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

# (family, type, protocol, canonical name, socket address), as socket.getaddrinfo has it
Address = tuple[int, int, int, str, tuple[Any, ...]]


class EagerSocket(socket.socket):
    """A TCP socket that sends at once, acknowledges at once, and reads ahead.

    TCP_QUICKACK falls back to delayed acknowledgements by itself, so it is set again each time;
    it takes a connection and one exec from 72 to 27 ms. A reply comes in many small packets, and
    to wake a thread for each of them costs more than all that is in them: `pause` is how many
    seconds they may pile up before they are read, until the reply turns out to be a long one.
    """

    def __init__(self, family: int, kind: int, protocol: int) -> None:
        super().__init__(family, kind, protocol)
        self.pause = 0.0
        self._ahead = b""
        self._is_busy = False
        self._received = 0
        self._is_shut = threading.Event()

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive as socket.socket does, from what was read ahead where there is some."""
        if not self._ahead:
            if self.pause and not self._is_busy and self._received < _LONG:
                self._is_shut.wait(self.pause)
            self._ahead = super().recv(_READ_AHEAD, flags)
            self._is_busy = len(self._ahead) == _READ_AHEAD
            self._received += len(self._ahead)
            self.acknowledge_at_once()
        data, self._ahead = self._ahead[:bufsize], self._ahead[bufsize:]
        return data

    def shutdown(self, how: int, /) -> None:
        """Shut down as socket.socket does; nobody waits for packets to pile up any more."""
        self._is_shut.set()
        super().shutdown(how)

    def acknowledge_at_once(self) -> None:
        """Ask the kernel not to delay the next acknowledgement, where it can be asked."""
        option = getattr(socket, "TCP_QUICKACK", None)
        if option is not None:
            with contextlib.suppress(OSError):
                self.setsockopt(socket.IPPROTO_TCP, option, 1)


def resolve(host: str, port: int, *, family: str = "any", seconds: float) -> tuple[Address, ...]:
    """Return the addresses of `host`; `family` is any, inet or inet6. Raises TargetError(DNS).

    The resolver of the C library cannot be interrupted: it runs in a thread of its own that is
    left behind when it does not answer in time.
    """
    wanted = _FAMILIES.get(family, socket.AF_UNSPEC)
    with contextlib.suppress(socket.gaierror, UnicodeError):
        return tuple(_look_up(host, port, wanted, socket.AI_NUMERICHOST))
    answers: SimpleQueue[Sequence[Address] | OSError | UnicodeError] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_look_up(host, port, wanted, 0))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    limit = min(seconds, RESOLVE_SECONDS)
    try:
        answer = answers.get(timeout=limit)
    except Empty:
        raise _no_address(host, f"the resolver gave no answer in {limit:g} s") from None
    if isinstance(answer, OSError | UnicodeError):
        reason = answer.strerror if isinstance(answer, OSError) else "not a host name"
        raise _no_address(host, reason or str(answer)) from answer
    return tuple(answer)


def _look_up(host: str, port: int, family: int, flags: int) -> Sequence[Address]:
    return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=flags)


def _no_address(host: str, reason: str) -> TargetError:
    return TargetError(
        Unreachable.DNS,
        f"no address for {sanitize.line(host)}: {reason}",
        hint="check the spelling, HostName in ssh_config, and the resolver of this machine",
    )


def connect(addresses: Sequence[Address], *, seconds: float) -> EagerSocket:
    """Return a socket connected to the first of `addresses` that answers; they share `seconds`.

    Raises TargetError with cause REFUSED or TIMEOUT.
    """
    until = time.monotonic() + seconds
    failed: list[OSError] = []
    for number, address in enumerate(addresses):
        share = (until - time.monotonic()) / (len(addresses) - number)
        try:
            return _connect_one(address, max(share, min(_LEAST_SECONDS, seconds)))
        except OSError as error:
            failed.append(error)
        if time.monotonic() >= until:
            break
    raise _not_connected(addresses, failed, seconds)


def _connect_one(address: Address, seconds: float) -> EagerSocket:
    family, kind, protocol, _, place = address
    connection = EagerSocket(family, kind, protocol)
    try:
        connection.settimeout(seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect(place)
        connection.acknowledge_at_once()
    except BaseException:
        connection.close()
        raise
    return connection


def name_of(place: Sequence[Any]) -> str:
    """Return a socket address as people write it: `192.0.2.7:22`, `[2001:db8::7]:22`."""
    host, port = str(place[0]), place[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _not_connected(
    addresses: Sequence[Address], failed: list[OSError], seconds: float
) -> TargetError:
    where = ", ".join(name_of(address[4]) for address in addresses[: len(failed)])
    codes = {error.errno for error in failed}
    if codes & _EXHAUSTED:
        return TargetError(
            Unreachable.PROTOCOL,
            f"this machine has no socket left to reach {where}: {failed[-1].strerror}",
            hint="lower --jobs, or raise `ulimit -n`",
        )
    if codes & {errno.ECONNREFUSED, errno.ECONNRESET}:
        return TargetError(
            Unreachable.REFUSED,
            f"{where} refused the connection",
            hint="is sshd running there, and is the port right?",
        )
    if codes & _NO_ROUTE:
        return TargetError(
            Unreachable.REFUSED,
            f"no way to {where}: {failed[-1].strerror}",
            hint="check the network, the VPN and the firewalls between",
        )
    return TargetError(
        Unreachable.TIMEOUT,
        f"{where} did not answer within {seconds:g} s",
        hint="is the host up, and does a firewall drop the port?",
    )
