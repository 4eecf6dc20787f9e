"""A real sshd on loopback for tests; nothing is installed and no service is started.

The server comes from the system, or from `apt-get download` unpacked under .cache/. An ordinary
user runs it as themselves. Root runs it in a mount namespace with account files of its own, since
sshd as root wants the account `sshd` and a folder in /run; there an account with a password and
any login shell can be had too.

    def test_it(start_sshd: StartSshd) -> None:
        server = start_sshd("MaxAuthTries 2")
        ... 127.0.0.1, server.port, server.user, server.client_key, server.known_hosts
"""

import contextlib
import fcntl
import getpass
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

CACHE: Final = Path(__file__).parent.parent / ".cache" / "sshd"
PASSWORD: Final = "hip-canary-4711"  # noqa: S105  # of an account in a namespace of the test
_HASHED: Final = (
    "$6$hipscantest$nfFcl2HSV/276xpM3g4GTwhx3ilK2TE2EHHa6f6zLKFoo6CZvsXU0hV5RmLMX2yQTPt5b0dVZmq9lg"
    "q9j6Mbf1"
)
# libwrap is what Debian's sshd needs beyond the libraries of its client, then what libwrap needs.
_PACKAGES: Final = ("openssh-server", "libwrap0", "libnsl2", "libtirpc3", "libtirpc3t64")
_START_SECONDS: Final = 20.0
# With the server, everything that its sessions started ends too.
_UNSHARE: Final = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--")
_AS_ROOT: Final = """
set -e
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/shadow" /etc/shadow
mount -t tmpfs none /run
mkdir -m 755 /run/sshd
shift
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running sshd: where it listens, what it trusts, and what it may be known by.

    `host_keys` are private keys by type (ed25519, rsa, ecdsa), their public halves beside them;
    `known_hosts` names all of them. `password` is None where no account with one can be made.
    """

    port: int
    user: str
    folder: Path
    client_key: Path
    known_hosts: Path
    host_keys: dict[str, Path]
    log: Path
    password: str | None
    pid: int

    def public(self, key_type: str) -> str:
        """Return `type base64` of a host key."""
        words = self.host_keys[key_type].with_suffix(".pub").read_text().split()
        return f"{words[0]} {words[1]}"

    def log_text(self) -> str:
        """Return what the server has logged so far."""
        return self.log.read_text(errors="replace")


StartSshd = Callable[..., Sshd]


@cache
def find_sshd() -> tuple[str, dict[str, str]]:
    """Return the server's path and the environment it needs; skip the test where there is none."""
    found = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/libexec:" + os.defpath)
    if found is not None:
        return found, {}
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        pytest.skip("no sshd here, and no apt-get to download one")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = CACHE / "root/usr/sbin/sshd"
        if not server.exists():
            _download()
    if not server.exists():
        pytest.skip("no sshd here, and `apt-get download openssh-server` failed")
    triplet = f"{platform.machine()}-linux-gnu"
    folders = [f"{CACHE}/root/{lib}/{triplet}" for lib in ("lib", "usr/lib")]
    return str(server), {"LD_LIBRARY_PATH": ":".join(folders)}


def _download() -> None:
    for package in _PACKAGES:
        subprocess.run(
            ["apt-get", "-q", "download", package], cwd=CACHE, capture_output=True, check=False
        )
    for archive in sorted(CACHE.glob("*.deb"), reverse=True):  # openssh-server last but one
        subprocess.run(["dpkg-deb", "-x", str(archive), str(CACHE / "root")], check=True)


@cache
def _version() -> tuple[int, int]:
    server, env = find_sshd()
    answer = subprocess.run([server, "-?"], capture_output=True, check=False, env=_with(env))
    found = re.search(rb"OpenSSH_(\d+)\.(\d+)", answer.stderr + answer.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _with(env: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **env}


@contextlib.contextmanager
def running_sshd(
    folder: Path,
    *lines: str,
    host_key_types: tuple[str, ...] = ("ed25519",),
    shell: str = "/bin/sh",
) -> Iterator[Sshd]:
    """Run an sshd whose configuration begins with `lines` (the first value counts).

    `shell` is the login shell of its account; only root can have another than their own.
    """
    server, env = find_sshd()
    folder.mkdir(parents=True, exist_ok=True)
    user = _make_account(folder, shell)
    client_key = make_key(folder / "client_ed25519", "ed25519")
    shutil.copy(client_key.with_suffix(".pub"), folder / "authorized_keys")
    host_keys = {kind: make_key(folder / f"host_{kind}", kind) for kind in host_key_types}
    log = folder / "sshd.log"
    # Most keywords count where they stand first, MaxStartups where it stands last.
    given = {line.split()[0] for block in lines for line in block.splitlines()}
    common = [line for line in _common(folder, host_keys) if line.split()[0] not in given]
    process, port = _start(server, env, folder, [*lines, *common])
    known_hosts = folder / "known_hosts"
    running = Sshd(
        port=port,
        user=user,
        folder=folder,
        client_key=client_key,
        known_hosts=known_hosts,
        host_keys=host_keys,
        log=log,
        password=PASSWORD if os.geteuid() == 0 else None,
        pid=process.pid,
    )
    known_hosts.write_text(
        "".join(f"[127.0.0.1]:{port} {running.public(kind)}\n" for kind in host_keys)
    )
    try:
        yield running
    finally:
        _stop(process)


def make_key(path: Path, key_type: str, *, passphrase: str = "") -> Path:
    """Make a key pair with ssh-keygen, unless it is there; return the private half's path."""
    if not path.exists():
        bits = ["-b", "2048"] if key_type == "rsa" else []
        subprocess.run(
            ["ssh-keygen", "-q", "-t", key_type, *bits, "-N", passphrase, "-C", "", "-f", path],
            check=True,
        )
    return path


def _common(folder: Path, host_keys: dict[str, Path]) -> list[str]:
    lines = [
        *(f"HostKey {key}" for key in host_keys.values()),
        "ListenAddress 127.0.0.1",
        "PidFile none",
        "UsePAM no",
        "StrictModes no",
        f"AuthorizedKeysFile {folder}/authorized_keys",
        "PermitRootLogin yes",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "LogLevel VERBOSE",
        "MaxStartups 100:30:200",
    ]
    if _version() >= (9, 8):
        lines.append("PerSourcePenalties no")
    session = CACHE / "root/usr/lib/openssh/sshd-session"
    if session.exists():  # since 9.8 a program of its own
        lines += [f"SshdSessionPath {session}", f"SshdAuthPath {session.with_name('sshd-auth')}"]
    return lines


def _make_account(folder: Path, shell: str) -> str:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        return getpass.getuser()
    (folder / "passwd").write_text(
        f"root:x:0:0::/root:/bin/sh\nhip:x:0:0::{home}:{shell}\n"
        "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n"
    )
    (folder / "shadow").write_text(
        f"root:*:19000::::::\nhip:{_HASHED}:19000::::::\nsshd:*:19000::::::\n"
    )
    return "hip"


def _start(
    server: str, env: dict[str, str], folder: Path, lines: list[str]
) -> tuple[subprocess.Popen[bytes], int]:
    config, log = folder / "sshd_config", folder / "sshd.log"
    for _ in range(5):
        port = free_port()
        config.write_text("\n".join([*lines, f"Port {port}"]) + "\n")
        log.write_text("")
        argv = [server, "-D", "-f", str(config), "-E", str(log)]
        if os.geteuid() == 0:
            wrapped = [*_UNSHARE, "sh", "-c", _AS_ROOT, "sh", str(folder)]
            argv = [*wrapped, *argv]
        process = subprocess.Popen(
            argv,
            env=_with(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if _listens(process, log):
            return process, port
        _stop(process)
    pytest.fail(f"sshd did not start with {config.read_text()}\n{log.read_text()}")


def _listens(process: subprocess.Popen[bytes], log: Path) -> bool:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if "Server listening" in log.read_text(errors="replace"):
            return True
        time.sleep(0.02)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, and with its group the sessions it still holds."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


def free_port() -> int:
    """Return a port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def start_sshd(tmp_path: Path) -> Iterator[StartSshd]:
    """Start any number of servers, which end with the test; arguments as running_sshd."""
    with contextlib.ExitStack() as stack:
        count = 0

        def start(
            *lines: str, host_key_types: tuple[str, ...] = ("ed25519",), shell: str = "/bin/sh"
        ) -> Sshd:
            nonlocal count
            count += 1
            folder = tmp_path / f"sshd{count}"
            running = running_sshd(folder, *lines, host_key_types=host_key_types, shell=shell)
            return stack.enter_context(running)

        yield start
