"""Short ways to make requests and targets for the transports' tests."""

import threading
from pathlib import Path

from hipscan.model.secret import Secret
from hipscan.model.target import Target
from hipscan.transport.base import Budget, Credentials, Handshake, Request, TrustOptions
from hipscan.transport.openssh import OpensshTransport
from hipscan.transport.paramiko_transport import ParamikoTransport
from tests.sshd import Sshd

END = b"@0f end"
SAY = b"f() { echo hello; echo noise >&2; printf '\\n@0f end\\n'; exit 0; }; f\n"
QUICK = Budget(connect_seconds=2, login_seconds=3, seconds=5)
PATIENT = Budget(connect_seconds=10, login_seconds=20, seconds=30)


def request(script: bytes = SAY, *, handshake: Handshake | None = None) -> Request:
    """Return a request that runs `script` in a plain shell."""
    return Request("sh -s", script, END, handshake)


def handshake(password: str | None = None) -> Handshake:
    """Return a handshake with known nonces."""
    return Handshake(b"[prompt-77]", b"ready-77", None if password is None else Secret(password))


def target(server: Sshd | None = None, **changes: object) -> Target:
    """Return a target for `server`, reached with its key unless `changes` say otherwise."""
    values: dict[str, object] = {"name": "t", "host": "127.0.0.1"}
    if server is not None:
        values |= {"port": server.port, "user": server.user, "identity": server.client_key}
    return Target(**(values | changes))  # type: ignore[arg-type]  # a test's shorthand


def trust(server: Sshd, **changes: object) -> TrustOptions:
    """Return flags that leave the user's own configuration out, and know the server's keys."""
    config = server.folder / "ssh_config"
    if not config.exists():
        config.write_text("GlobalKnownHostsFile /dev/null\nIdentityAgent none\n")
    values: dict[str, object] = {"known_hosts": server.known_hosts, "ssh_config": config}
    return TrustOptions(**(values | changes))  # type: ignore[arg-type]  # a test's shorthand


def paramiko_to(
    server: Sshd, *, password: str | None = None, **changes: object
) -> ParamikoTransport:
    """Return a paramiko transport for tests; `changes` go to the trust options."""
    secret = None if password is None else Secret(password)
    credentials = Credentials(login_password=lambda _target: secret)
    return ParamikoTransport(credentials, trust(server, **changes), sleep=lambda _seconds: None)


def openssh_to(server: Sshd, **changes: object) -> OpensshTransport:
    """Return an OpenSSH transport for tests."""
    return OpensshTransport(trust(server, **changes))


def held() -> tuple[frozenset[threading.Thread], int]:
    """Return what this process holds: its threads, and how many files."""
    files = sum(1 for _ in Path("/proc/self/fd").iterdir())
    return frozenset(threading.enumerate()), files
