"""The lab: starts hosts from images and hands out what a test needs to reach and to look at them.

    with Lab(cache) as lab:
        host = lab.start("debian12")
        host.run("echo PermitRootLogin yes >>/etc/ssh/sshd_config")
        subprocess.run(host.ssh_argv("root", "true"))

A host ends with `stop`, with its lab, or with the process that made the lab (see `keeper.py`).
"""

import json
import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import changes
from tests.lab.build import LabError, layers, locked
from tests.lab.changes import Kind, Mark
from tests.lab.definitions import HERE, PASSWORD, Image, load
from tests.lab.inside import Console, Inside, Namespaces
from tests.lab.spec import Spec, Started

SETTLE_ROUNDS, SETTLE_SECONDS = 100, 0.25
AWAKE = "grep -sl '^State:.[RD]' /proc/[0-9]*/status | wc -l"
CHECKOUT = HERE.parent.parent
CACHE = (CHECKOUT / ".cache" / "lab").resolve()


@dataclass(slots=True)
class Host:
    """One running host, reached by SSH at `address`:`port`.

    root, `scan` and `nopass` log in with the key `identity`; sudo asks `scan` for `password` and
    `nopass` for nothing. `known_hosts` holds its host keys under its address.
    """

    name: str
    image: Image
    address: str
    port: int
    identity: Path
    known_hosts: Path
    password: str
    inside: Inside = field(repr=False)
    keeper: subprocess.Popen[str] = field(repr=False)
    lower: tuple[Path, ...] = field(repr=False)
    marked: Mark = field(default_factory=dict, repr=False)

    def run(
        self, script: str, *, user: str = "root", check: bool = True, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell script inside the host, not over SSH, with `text` on standard input."""
        done = self.inside.run(script, user, text)
        if check:
            done.check_returncode()
        return done

    def mark(self) -> None:
        """Remember the file system as it is now, for `changes`."""
        self.marked = self._look()

    def settle(self) -> None:
        """Wait until what came up with the host sleeps and has written what it writes, and mark."""
        self.mark()
        for _ in range(SETTLE_ROUNDS):
            time.sleep(SETTLE_SECONDS)
            if self._is_asleep() and not self.changes():
                break
            self.mark()

    def _is_asleep(self) -> bool:
        """Whether no process runs or wants to, but for the one that looks."""
        return self.run(AWAKE).stdout.strip() == "1"

    def changes(self) -> list[tuple[Kind, str]]:
        """Return what was written to the file system since the last mark, sorted by path."""
        return changes.compare(self.marked, self._look(), self.lower)

    def _look(self) -> Mark:
        if self.image.kernel:
            self.run("sync")
        store = Path(f"/proc/{self.keeper.pid}/root", str(self.known_hosts.parent)[1:], "store")
        return changes.mark(store / "upper", self.lower)

    def ssh_argv(self, user: str = "root", *command: str) -> list[str]:
        """Return the OpenSSH client's command line for this host; it reads no configuration."""
        options = ("BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes")
        return [
            *("ssh", "-F", "none", "-i", str(self.identity), "-p", str(self.port)),
            *(part for option in options for part in ("-o", option)),
            *("-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "GlobalKnownHostsFile=none"),
            *("-l", user, self.address, *command),
        ]

    def stop(self) -> None:
        """End the host and everything of it; a second call does nothing."""
        if self.keeper.stdin:
            self.keeper.stdin.close()
        if self.keeper.stdout:
            self.keeper.stdout.close()
        self.keeper.wait()
        shutil.rmtree(self.known_hosts.parent, ignore_errors=True)


class Lab:
    """Makes hosts; `cache` keeps images, packages and the key pair between runs."""

    def __init__(self, cache: Path = CACHE) -> None:
        self.cache = cache.resolve()
        self.images = load()
        self.hosts: list[Host] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop every host that this lab started."""
        for host in self.hosts:
            host.stop()

    def start(self, image_name: str) -> Host:
        """Start a fresh host; the first one of an image builds it. Raises LabError."""
        image = self.images[image_name]
        if not image.init:
            raise LabError(f"{image_name} is a base for other images, not a host")
        lower = layers(image, self.cache)
        identity = self._identity()
        name = f"{image_name}-{secrets.token_hex(3)}"
        folder = self.cache / "run" / name
        (folder / "store").mkdir(parents=True)
        spec = Spec(
            name=name,
            folder=str(folder / "store"),
            layers=tuple(map(str, lower)),
            init=image.init,
            kernel=tuple(map(str, layers(image.kernel, self.cache) if image.kernel else ())),
            public_key=identity.with_suffix(".pub").read_text(),
        )
        keeper = _start_keeper(spec, folder / "log")
        started = _started(keeper, folder)
        host = Host(
            name=name,
            image=image,
            address=started.address,
            port=started.port,
            identity=identity,
            known_hosts=folder / "known_hosts",
            password=PASSWORD,
            inside=Namespaces(started.init) if started.init else Console(keeper),
            keeper=keeper,
            lower=lower,
        )
        self.hosts.append(host)
        host.known_hosts.write_text(_known_hosts(host))
        host.settle()
        return host

    def _identity(self) -> Path:
        """Return the private key of the lab's accounts, made once."""
        path = self.cache / "identity"
        with locked(self.cache / "identity.lock"):
            if not path.exists():
                command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f")
                subprocess.run([*command, str(path)], check=True)
        return path


def _start_keeper(spec: Spec, log: Path) -> subprocess.Popen[str]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.lab.keeper", json.dumps(asdict(spec))],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            start_new_session=True,
        )


def _started(keeper: subprocess.Popen[str], folder: Path) -> Started:
    line = keeper.stdout.readline() if keeper.stdout else ""
    if not line:
        keeper.wait()
        log = (folder / "log").read_text(errors="replace")[-2000:]
        shutil.rmtree(folder)
        raise LabError(f"{folder.name} did not start:\n{log}")
    return Started(**json.loads(line))


def _known_hosts(host: Host) -> str:
    keys = host.run("cat /etc/ssh/ssh_host_*_key.pub").stdout.splitlines()
    return "".join(f"[{host.address}]:{host.port} {' '.join(key.split()[:2])}\n" for key in keys)
