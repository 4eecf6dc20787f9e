"""SSH servers that misbehave, one port for each behaviour, in a process of its own.

Run as `python -m tests.transport.hostile FOLDER`; it makes its host key there, prints one line of
JSON, {"ports": {behaviour: port}, "host_key": "type base64"}, and serves until its standard input
ends. It is a process, so that its threads and memory are not counted as the client's.
"""

import contextlib
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
    cMSG_CHANNEL_EOF,
    cMSG_CHANNEL_REQUEST,
    cMSG_IGNORE,
)
from paramiko.message import Message
from paramiko.server import InteractiveQuery

_STALL_SECONDS: Final = 600
_MEGABYTE: Final = b"x" * (1 << 20)
BANNER: Final = b"SSH-2.0-hostile\r\n"

Session = Callable[[paramiko.Transport, paramiko.Channel], None]
Raw = Callable[[socket.socket], None]


def stall() -> None:
    """Do nothing for longer than any budget."""
    time.sleep(_STALL_SECONDS)


class Server(paramiko.ServerInterface):
    """Lets everybody in, unless its behaviour is about that."""

    def __init__(self, behaviour: str) -> None:
        self.behaviour = behaviour
        self.started = threading.Event()

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002  # paramiko's
        if self.behaviour.startswith("interactive"):
            return "keyboard-interactive"
        return "publickey,password"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:  # noqa: ARG002  # the same
        if self.behaviour == "auth-stall":
            stall()
        refuses = self.behaviour.startswith(("auth-refused", "interactive", "password"))
        return AUTH_FAILED if refuses else AUTH_SUCCESSFUL

    def check_auth_password(self, username: str, password: str) -> int:  # noqa: ARG002  # the same
        if self.behaviour == "password-stall":
            stall()
        return AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> InteractiveQuery:  # noqa: ARG002  # the same
        echo = self.behaviour == "interactive-shows-what-is-typed"
        return InteractiveQuery("", "", ("Password: ", echo))

    def check_auth_interactive_response(self, responses: list[str]) -> int | InteractiveQuery:
        if self.behaviour == "interactive-asks-again":
            return InteractiveQuery("", "", ("Password again: ", False))
        return AUTH_SUCCESSFUL if responses == ["right"] else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002  # the same
        if self.behaviour == "channel-stall":
            stall()
        if self.behaviour == "channel-refused":
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:  # noqa: ARG002  # the same
        if self.behaviour == "exec-stall":
            stall()
        if self.behaviour == "exec-refused":
            return False
        self.started.set()
        return True


def _repeat(write: Callable[[bytes], int], piece: bytes, pause: float = 0) -> None:
    while True:
        view = memoryview(piece)
        while view:
            sent = write(bytes(view[:32768]))
            if not sent:
                return
            view = view[sent:]
        time.sleep(pause)


def _send(transport: paramiko.Transport, message: Message, body: bytes = b"") -> None:
    whole = Message(message.asbytes() + body)
    transport._send_user_message(whole)  # type: ignore[attr-defined]  # not in the stubs


def _end_with(
    transport: paramiko.Transport, channel: paramiko.Channel, kind: str, body: bytes
) -> None:
    """Send a request such as exit-status about the channel, then close it."""
    message = Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string(kind)
    _send(transport, message, b"\0" + body)
    channel.close()


def _string(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


def _tiny_packets(transport: paramiko.Transport, channel: paramiko.Channel) -> None:
    for _ in range(100_000):
        if not channel.send(b"."):
            return
    transport.close()


def _rekey(transport: paramiko.Transport, _channel: paramiko.Channel) -> None:
    while transport.is_active():
        transport.renegotiate_keys()


def _after_eof(transport: paramiko.Transport, channel: paramiko.Channel) -> None:
    message = Message()
    message.add_byte(cMSG_CHANNEL_EOF)
    message.add_int(channel.remote_chanid)
    _send(transport, message)
    _repeat(channel.send, _MEGABYTE)


def _ignore_flood(transport: paramiko.Transport, _channel: paramiko.Channel) -> None:
    message = Message()
    message.add_byte(cMSG_IGNORE)
    message.add_string(b"x" * 30000)
    while transport.is_active():
        _send(transport, message)


def _cut(transport: paramiko.Transport, channel: paramiko.Channel) -> None:
    channel.send(b"half of a fra")
    time.sleep(0.2)
    transport.sock.shutdown(socket.SHUT_RDWR)


def _half_open(transport: paramiko.Transport, _channel: paramiko.Channel) -> None:
    """Neither read nor write any more, as a host whose cable was pulled."""
    transport.packetizer.read_message = stall  # type: ignore[method-assign,assignment]  # on purpose
    stall()


SESSIONS: Final[dict[str, Session]] = {
    "endless-stdout": lambda _t, c: _repeat(c.send, b"line\n" * 6000),
    "endless-stderr": lambda _t, c: _repeat(c.send_stderr, b"line\n" * 6000),
    "one-byte-a-second": lambda _t, c: _repeat(c.send, b".", 1),
    "one-endless-line": lambda _t, c: _repeat(c.send, _MEGABYTE),
    "never-closes": lambda _t, _c: stall(),
    "closes-without-status": lambda _t, c: c.close(),
    "exit-signal": lambda t, c: _end_with(
        t, c, "exit-signal", _string(b"KILL") + b"\0" + _string(b"gone") + _string(b"")
    ),
    "wrong-exit-type": lambda t, c: _end_with(t, c, "exit-status", b"\0"),
    "reads-nothing": lambda _t, _c: stall(),
    "rekey-storm": _rekey,
    "tiny-packets": _tiny_packets,
    "data-after-eof": _after_eof,
    "ignore-flood": _ignore_flood,
    "disconnect-in-the-middle": _cut,
    "half-open": _half_open,
    "interactive": lambda _t, c: c.close(),
    "interactive-asks-again": lambda _t, _c: stall(),
    "interactive-shows-what-is-typed": lambda _t, _c: stall(),
    "password-stall": lambda _t, _c: stall(),
    "auth-stall": lambda _t, _c: stall(),
    "auth-refused": lambda _t, _c: stall(),
    "channel-stall": lambda _t, _c: stall(),
    "channel-refused": lambda _t, _c: stall(),
    "exec-stall": lambda _t, _c: stall(),
    "exec-refused": lambda _t, _c: stall(),
}


def _drip(peer: socket.socket) -> None:
    while True:
        peer.sendall(b"%d\r\n" % time.monotonic_ns())
        time.sleep(0.2)


def _flood(peer: socket.socket) -> None:
    while True:
        peer.sendall(_MEGABYTE)


def _then_stall(data: bytes) -> Raw:
    def behave(peer: socket.socket) -> None:
        peer.sendall(data)
        stall()

    return behave


def _huge_packet(peer: socket.socket) -> None:
    peer.sendall(BANNER + struct.pack(">IB", 0x7FFFFFF4, 4))
    _flood(peer)


RAW: Final[dict[str, Raw]] = {
    "silent": lambda _peer: stall(),
    "banner-tarpit": _drip,
    "banner-flood": _flood,
    "kex-stall": _then_stall(BANNER),
    "huge-packet": _huge_packet,
    "no-ssh": lambda peer: peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "escapes": lambda peer: peer.sendall(b"\x1b]0;owned\x07\x1b[2J\x9b31m\r\n"),
    "closes-at-once": lambda _peer: None,
    "too-busy": lambda peer: peer.sendall(b"Exceeded MaxStartups\r\n"),
}


def _serve_session(peer: socket.socket, behaviour: str, key: paramiko.PKey) -> None:
    transport = paramiko.Transport(peer)
    transport.add_server_key(key)
    server = Server(behaviour)
    transport.start_server(server=server)
    channel = transport.accept(_STALL_SECONDS)
    if channel is not None and server.started.wait(_STALL_SECONDS):
        SESSIONS[behaviour](transport, channel)


def _serve(listener: socket.socket, behaviour: str, key: paramiko.PKey) -> None:
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=_one, args=(peer, behaviour, key), daemon=True).start()


def _one(peer: socket.socket, behaviour: str, key: paramiko.PKey) -> None:
    with peer, contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        if behaviour in RAW:
            RAW[behaviour](peer)
        else:
            _serve_session(peer, behaviour, key)


def main() -> None:
    """Listen on a port for each behaviour until standard input ends."""
    key = paramiko.ECDSAKey.generate()
    ports = {}
    for behaviour in [*RAW, *SESSIONS]:
        listener = socket.create_server(("127.0.0.1", 0))
        ports[behaviour] = listener.getsockname()[1]
        threading.Thread(target=_serve, args=(listener, behaviour, key), daemon=True).start()
    word = {"ports": ports, "host_key": f"{key.get_name()} {key.get_base64()}"}
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    paramiko.util.get_logger("paramiko").disabled = True
    Path("/proc/self/oom_score_adj").write_text("1000")
    main()
