"""paramiko's Transport with the limits and the manners it lacks.

* Weak algorithms are not offered: an explicit list of what is, instead of a list of what is not.
* The name `curve25519-sha256` of RFC 8731, which paramiko knows under its old name only.
* Packets and banners are bounded before their bytes are collected.
* What the other side said before it hung up, or offered when nothing matched, is kept for people.
* Its logging stays silent: nothing of a target's reaches a terminal past hipscan.sanitize.
"""

import contextlib
import logging
import socket
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import paramiko
from paramiko.message import Message
from paramiko.packet import Packetizer

from hipscan import sanitize
from hipscan.transport.connection import EagerSocket

_STRONG_KEX: Final = (
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group-exchange-sha256",
)
_STRONG_CIPHERS: Final = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
_STRONG_MACS: Final = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
_STRONG_SIGNATURES: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
_NO_ALGORITHMS: Final = ("kex-strict-", "ext-info-")  # extensions, in the list of exchanges
_MAX_PACKET: Final = 256 * 1024 + 1024  # OpenSSH's own limit, and room for a MAC
_MAX_BANNER: Final = 16 * 1024
_MAX_SAID: Final = 200
_FAREWELL_SECONDS: Final = 0.2
_PAUSE_SECONDS: Final = 0.03
_OLD_CURVE_NAME: Final = "curve25519-sha256@libssh.org"

_LOGGER: Final = logging.getLogger("paramiko")
_LOGGER.addHandler(logging.NullHandler())
_LOGGER.propagate = False
_LOGGER.setLevel(logging.CRITICAL + 1)


class NoCommonAlgorithmError(paramiko.SSHException):
    """Nothing of `kind` that we accept is among what the target offers."""

    def __init__(self, kind: str, offered: Sequence[str]) -> None:
        algorithms = [name for name in offered if not name.startswith(_NO_ALGORITHMS)]
        names = sanitize.line(", ".join(algorithms))[:_MAX_SAID]
        super().__init__(f"no {kind} in common; the target offers only: {names}")


class BoundedPacketizer(Packetizer):
    """Refuses packets and banners that are larger than any honest one."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.lines: list[str] = []
        self._banner_bytes = 0

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:  # noqa: FBT001, FBT002  # paramiko's
        """Read `n` bytes, after looking at `n`."""
        if not 0 <= n <= _MAX_PACKET:
            raise paramiko.SSHException(f"a packet of {n} bytes")
        return super().read_all(n, check_rekey)

    def readline(self, timeout: float) -> str:
        """Read a line before the key exchange, and remember it; its bytes can be anything."""
        try:
            line = super().readline(timeout)
        except UnicodeDecodeError as error:
            line = error.object.decode("utf-8", "replace")
        self.lines.append(line)
        return line

    def start_handshake(self, timeout: float) -> None:
        """Start no timer: it would outlive the connection; hipscan watches the time itself."""

    def _read_timeout(self, timeout: float) -> bytes:
        data: bytes = super()._read_timeout(timeout)  # type: ignore[misc]  # not in the stubs
        self._banner_bytes += len(data)
        if self._banner_bytes > _MAX_BANNER:
            raise paramiko.SSHException(f"a banner of more than {_MAX_BANNER} bytes")
        return data


class Session(paramiko.Transport):
    """One SSH connection as a client, from a socket that is connected already."""

    _preferred_kex = tuple(
        name
        for name in _STRONG_KEX
        if name == "curve25519-sha256" or name in paramiko.Transport._preferred_kex  # type: ignore[attr-defined]  # noqa: SLF001  # not in the stubs
    )
    _preferred_ciphers: tuple[str, ...] = _STRONG_CIPHERS
    _preferred_macs: tuple[str, ...] = _STRONG_MACS
    _preferred_keys: tuple[str, ...] = _STRONG_SIGNATURES
    _preferred_pubkeys: tuple[str, ...] = _STRONG_SIGNATURES
    _kex_info: Mapping[str, Any] = MappingProxyType(
        {
            **paramiko.Transport._kex_info,  # type: ignore[attr-defined]  # noqa: SLF001  # not in the stubs
            "curve25519-sha256": paramiko.Transport._kex_info[_OLD_CURVE_NAME],  # type: ignore[attr-defined]  # noqa: SLF001  # the same
        }
    )
    packetizer: BoundedPacketizer
    remote_cipher: str
    remote_mac: str | None
    agreed_on_strict_kex: bool

    def __init__(
        self,
        connection: socket.socket,
        host_key_types: Sequence[str],
        *,
        seconds: float,
        restrictions: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        """Prefer `host_key_types`; every step is to end within `seconds`.

        `restrictions` are the only algorithms to use, by ssh_config's keyword in lower case.
        """
        super().__init__(connection, strict_kex=True, packetizer_class=BoundedPacketizer)
        strong_keys = tuple(name for name in host_key_types if name in _STRONG_SIGNATURES)
        self._preferred_keys = _within(strong_keys, restrictions.get("hostkeyalgorithms"))
        self._preferred_kex = _within(self._preferred_kex, restrictions.get("kexalgorithms"))
        self._preferred_ciphers = _within(_STRONG_CIPHERS, restrictions.get("ciphers"))
        self._preferred_macs = _within(_STRONG_MACS, restrictions.get("macs"))
        accepted = restrictions.get("pubkeyacceptedalgorithms")
        self._preferred_pubkeys = _within(_STRONG_SIGNATURES, accepted)
        self.banner_timeout = self.handshake_timeout = self.auth_timeout = seconds + 1
        self.channel_timeout = self.clear_to_send_timeout = seconds + 1
        self.kex_name = ""
        self.farewell = ""

    def said_before_banner(self) -> str:
        """Return what came instead of an SSH banner, printable and short."""
        lines = [line for line in self.packetizer.lines if not line.startswith("SSH-")]
        return sanitize.line(" / ".join(lines))[:_MAX_SAID]

    def describe(self) -> dict[str, str]:
        """Return the negotiated algorithms, for the report."""
        return {
            "kex": self.kex_name,
            "cipher": str(self.remote_cipher),
            "mac": "" if "gcm" in str(self.remote_cipher) else str(self.remote_mac),
            "strict_kex": "yes" if self.agreed_on_strict_kex else "no",
            "server": sanitize.line(self.remote_version)[:_MAX_SAID],
        }

    def read_seldom(self) -> None:
        """Let packets pile up for a moment before they are read, for a reply that takes long."""
        if isinstance(self.sock, EagerSocket):
            self.sock.pause = _PAUSE_SECONDS

    def abandon(self) -> None:
        """Cut the connection; whoever waits for it wakes up with an error."""
        self.packetizer.close()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Close everything; neither the thread nor the socket stays.

        The target may first see our end and close its own: a reset would be an error in its log.
        """
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        if self.ident is not None:
            self.join(_FAREWELL_SECONDS)
        self.abandon()
        self.close()
        if self.ident is not None:
            self.join()
        self.sock.close()

    def _parse_kex_init(self, m: Message) -> None:
        offer = self._really_parse_kex_init(Message(m.asbytes()))  # type: ignore[attr-defined]  # not in the stubs
        self.kex_name = _first_common("key exchange", self.preferred_kex, offer["kex_algo_list"])
        _first_common("host key algorithm", self.preferred_keys, offer["server_key_algo_list"])
        for direction in ("client", "server"):
            _first_common("cipher", self.preferred_ciphers, offer[f"{direction}_encrypt_algo_list"])
            _first_common("MAC", self.preferred_macs, offer[f"{direction}_mac_algo_list"])
        super()._parse_kex_init(m)  # type: ignore[misc]  # not in the stubs

    def _parse_disconnect(self, m: Message) -> None:
        m.get_int()
        self.farewell = sanitize.line(m.get_string().decode("utf-8", "replace"))[:_MAX_SAID]


def _within(ours: tuple[str, ...], allowed: Sequence[str] | None) -> tuple[str, ...]:
    return ours if allowed is None else tuple(name for name in ours if name in allowed)


def _first_common(kind: str, ours: Sequence[str], theirs: Sequence[str]) -> str:
    for name in ours:
        if name in theirs:
            return name
    raise NoCommonAlgorithmError(kind, theirs)
