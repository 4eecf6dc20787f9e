"""The lab itself: hosts are what they say, are reached over SSH, and leave nothing behind."""

import base64
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab import leftovers
from tests.lab.build import layers
from tests.lab.cell import GROUP_PREFIX
from tests.lab.changes import Kind
from tests.lab.definitions import load
from tests.lab.hosts import CACHE, CHECKOUT, Host, Lab
from tests.lab.inside import Namespaces

pytestmark = pytest.mark.lab
IMAGES = [image.name for image in load().values() if image.init]
Start = Callable[[str], Host]


def ssh(host: Host, user: str, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        host.ssh_argv(user, command), capture_output=True, text=True, check=False, timeout=30
    )


@pytest.mark.parametrize("image", IMAGES)
def test_a_host_answers_over_ssh_as_the_system_it_is(start: Start, image: str) -> None:
    host = start(image)
    answer = ssh(host, "root", "cat /etc/os-release")
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    for key, value in host.image.os_release.items():
        assert f"{key}={value}" in lines or f'{key}="{value}"' in lines


@pytest.mark.parametrize("image", IMAGES)
def test_changes_are_what_was_written_and_nothing_else(start: Start, image: str) -> None:
    host = start(image)
    assert ssh(host, "root", "true").returncode == 0
    assert host.changes() == []
    host.run(
        "echo x >/etc/new; chmod 0600 /etc/group; rm /etc/hosts; touch -d 2001-02-03 /etc/passwd"
    )
    assert host.changes() == [
        (Kind.CHANGED, "/etc/group"),
        (Kind.REMOVED, "/etc/hosts"),
        (Kind.ADDED, "/etc/new"),
        (Kind.TOUCHED, "/etc/passwd"),
    ]


def test_sudo_asks_scan_for_a_password_and_nopass_for_nothing(debian12: Host) -> None:
    assert "password is required" in ssh(debian12, "scan", "sudo -n id -u").stderr
    assert ssh(debian12, "nopass", "sudo -n id -u").stdout == "0\n"
    asked = debian12.run("sudo -S -p '' id -u", user="scan", text=debian12.password + "\n")
    assert asked.stdout == "0\n"


def test_systemd_runs_the_whole_host(debian12: Host) -> None:
    assert debian12.run("systemctl is-system-running --wait").stdout == "running\n"


def test_kernel_settings_of_the_machine_are_read_only(debian12: Host) -> None:
    denied = debian12.run("echo 1 >/proc/sys/kernel/dmesg_restrict", check=False)
    assert "Read-only file system" in denied.stderr
    assert debian12.run("echo 1 >/proc/sys/net/ipv4/ip_forward").returncode == 0


def test_a_stopped_host_leaves_nothing(start: Start) -> None:
    host = start("debian12")
    folder = host.known_hosts.parent
    host.stop()
    assert not folder.exists()
    assert host.name not in leftovers.hosts(CACHE)
    assert ssh(host, "root", "true").returncode == 255


@pytest.fixture
def cache(lab: Lab, tmp_path: Path) -> Path:
    """Return a cache of the test's own that has the images of the lab's."""
    layers(lab.images["debian12"], lab.cache)
    (tmp_path / "images").symlink_to(lab.cache / "images")
    return tmp_path


def _until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def _remains(cache: Path, name: str) -> list[str]:
    with leftovers.groups() as groups:
        found = [path.name for path in groups.glob(f"{GROUP_PREFIX}{name}")]
    return [*found, *leftovers.hosts(cache), *(path.name for path in cache.glob("run/*"))]


def test_nothing_survives_a_lab_that_is_killed(cache: Path) -> None:
    script = (
        "import sys, pathlib, time; from tests.lab.hosts import Lab;"
        "print(Lab(pathlib.Path(sys.argv[1])).start('debian12').name, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", script, str(cache)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        name = process.stdout.readline().strip() if process.stdout else ""
        assert leftovers.hosts(cache) == [name]
        process.kill()
    assert _until(lambda: _remains(cache, name) == [])


def test_a_script_that_hangs_keeps_no_host_alive(start: Start) -> None:
    host = start("uml")
    assert host.keeper.stdin
    hanging = base64.b64encode(b"sleep 200").decode()
    host.keeper.stdin.write(f"root {hanging}. .\n")
    host.stop()
    assert host.keeper.returncode == 0


def test_a_host_does_not_survive_its_keeper(cache: Path) -> None:
    with Lab(cache) as lab:
        host = lab.start("debian12")
        assert isinstance(host.inside, Namespaces)
        first = Path(f"/proc/{host.inside.init}")
        host.keeper.kill()
        assert _until(lambda: not first.exists())
        leftovers.remove(cache)
        assert _remains(cache, host.name) == []


def test_pending_updates_are_there_on_an_old_host(start: Start) -> None:
    pending = start("debian12-old").run("apt list --upgradable").stdout
    assert "bookworm-security" in pending or "oldstable-security" in pending


def test_a_kernel_of_its_own_has_audit_encryption_and_settings(start: Start) -> None:
    host = start("uml")
    assert host.run("auditctl -w /etc/passwd -p wa; auditctl -l").stdout == "-w /etc/passwd -p wa\n"
    host.run("echo 1 >/proc/sys/kernel/dmesg_restrict; aa-enabled")
    host.run(
        "printf x | cryptsetup -q luksFormat"
        " --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/ubda -"
        " && printf x | cryptsetup open /dev/ubda phi --key-file -"
        " && mkfs.ext4 -q /dev/mapper/phi && mount /dev/mapper/phi /srv"
    )
    assert "crypt" in host.run("lsblk -rno NAME,TYPE,MOUNTPOINT").stdout
    assert host.run("wc -c", text="x" * 50_000).stdout == "50000\n"
