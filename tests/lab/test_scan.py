"""The promises of a scan, on real hosts over real SSH.

Any login shell; sudo in every form it takes; a script that is pinned by its digest; nothing
written; nothing left running; no secret anywhere.
"""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.changes import Kind
from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab
Start = Callable[[str], Host]

# What logging in and sudo write on a host by themselves.
_RECORDS = re.compile(
    r"/var/log/(wtmp|btmp|lastlog|auth\.log|syslog|faillog)(\.db)?"
    r"|/var/lib/(lastlog|wtmpdb)/[^/]+"
    r"|/var/log/journal(/.*)?"
    r"|/var/lib/sudo(/.*)?"
)

BUSYBOX_LOGIN = """
printf '#!/bin/sh\\nexec busybox sh "$@"\\n' >/usr/local/bin/bbsh
chmod 0755 /usr/local/bin/bbsh
"""
SHELLS = {
    "bash": ("/bin/bash", "true"),
    "dash": ("/bin/dash", "true"),
    "fish": ("/usr/bin/fish", "true"),
    "csh": ("/bin/tcsh", "true"),
    "mksh": ("/bin/mksh", "true"),
    "busybox": ("/usr/local/bin/bbsh", "sh /usr/local/bin/make-bbsh"),
    "noisy": ("/bin/bash", r"sed -i '1i echo Welcome; printf \"no end of line\"' ~scan/.bashrc"),
}


@pytest.mark.parametrize("name", SHELLS)
def test_any_login_shell_will_do(start: Start, client: Client, name: str) -> None:
    host = start("debian12-shells")
    shell, prepare = SHELLS[name]
    host.run("cat >/usr/local/bin/make-bbsh", text=BUSYBOX_LOGIN)
    host.run(f"{prepare}; echo {shell} >>/etc/shells; usermod -s {shell} scan")
    snapshot = client.collect(host, user="scan")
    assert snapshot["broken"] == ""
    assert snapshot["facts"]["platform"]["status"] == "ok"
    assert snapshot["facts"]["package"]["status"] == "ok"


def test_a_login_that_runs_something_else_is_unreachable(debian12: Host, client: Client) -> None:
    debian12.run("usermod -s /usr/sbin/nologin scan")
    done = client.run(debian12, "check", user="scan")
    assert done.returncode == 3
    assert "no POSIX shell answered" in done.stdout
    assert "not available" in done.stdout


def password_file(folder: Path, text: str) -> str:
    path = folder / "password"
    path.write_text(text + "\n")
    return str(path)


SUDO = {
    "NOPASSWD": ("nopass", "true", "right", 0, "as root"),
    "a password": ("scan", "true", "right", 0, "as root"),
    "a wrong password": ("scan", "true", "wrong", 3, "did not accept the password"),
    "no password given": ("scan", "true", "", 3, "none was given"),
    "use_pty": ("scan", "echo 'Defaults use_pty' >/etc/sudoers.d/z", "right", 0, "as root"),
    "requiretty": ("scan", "echo 'Defaults requiretty' >/etc/sudoers.d/z", "right", 3, "terminal"),
    "a lecture": (
        "scan",
        "echo 'Defaults lecture=always' >/etc/sudoers.d/z",
        "right",
        0,
        "as root",
    ),
    "a prompt of its own": (
        "scan",
        "echo 'Defaults passprompt_override, passprompt=\"Kennwort: \"' >/etc/sudoers.d/z",
        "right",
        0,
        "as root",
    ),
    "no sudo at all": ("scan", "mv /usr/bin/sudo /usr/bin/sudo.away", "right", 3, "not installed"),
    "not allowed": ("scan", "rm /etc/sudoers.d/lab-scan", "right", 3, "sudo"),
}


@pytest.mark.parametrize("name", SUDO)
def test_sudo_in_every_form(debian12: Host, client: Client, name: str) -> None:
    user, prepare, kind, status, said = SUDO[name]
    debian12.run(f"{prepare}; chmod 0440 /etc/sudoers.d/* 2>/dev/null || true")
    password = debian12.password if kind == "right" else "wr0ng-" + debian12.password
    options = ["--become", "sudo", "--timeout", "40"]
    if kind:
        options += ["--sudo-password-file", password_file(client.state, password)]
    done = client.run(debian12, "check", *options, user=user)
    assert said in done.stdout, done.stdout + done.stderr
    assert done.returncode == status
    assert password not in done.stdout + done.stderr


def test_a_wrong_sudo_password_is_one_attempt(debian12: Host, client: Client) -> None:
    file = password_file(client.state, "wr0ng")
    client.run(debian12, "check", "--become", "sudo", "--sudo-password-file", file, user="scan")
    log = debian12.run("journalctl -q --no-pager _COMM=sudo").stdout
    assert len(re.findall(r"authentication failure;", log)) == 1, log
    assert "wr0ng" not in log


def test_a_pinned_script_is_all_that_its_account_may_run(debian12: Host, client: Client) -> None:
    def plan(*options: str) -> str:
        argv = [sys.executable, "-m", "hipscan", "plan", *options]
        done = subprocess.run(
            argv, capture_output=True, text=True, check=True, env=client.environment()
        )
        return done.stdout

    debian12.run("rm /etc/sudoers.d/lab-scan; install -d /usr/local/libexec")
    debian12.run("cat >/usr/local/libexec/hipscan-collect", text=plan("--script"))
    debian12.run("chmod 0755 /usr/local/libexec/hipscan-collect")
    debian12.run("cat >/etc/sudoers.d/hipscan", text=plan("--sudoers", "scan"))
    debian12.run("chmod 0440 /etc/sudoers.d/hipscan; visudo -c")

    facts = client.collect(debian12, "--become", "pinned", user="scan")["facts"]
    assert facts["platform"]["records"][0]["root"] is True
    assert facts["account"]["status"] == "ok"

    for command in ("id", "sh -s", "/usr/local/libexec/hipscan-collect x"):
        denied = subprocess.run(
            debian12.ssh_argv("scan", f"sudo -n {command}"),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert denied.returncode != 0, command

    debian12.run("echo '# changed' >>/usr/local/libexec/hipscan-collect")
    done = client.run(debian12, "check", "--become", "pinned", user="scan")
    assert done.returncode == 3
    assert "sudo" in done.stdout


@pytest.mark.parametrize("image", ["debian12", "debian13", "rpm", "busybox", "debian12-services"])
def test_a_scan_changes_nothing(start: Start, client: Client, image: str) -> None:
    host = start(image)
    host.settle()
    client.collect(host)
    changed = [path for kind, path in host.changes() if not _RECORDS.fullmatch(path)]
    assert changed == []


def test_a_scan_with_sudo_changes_nothing(debian12: Host, client: Client) -> None:
    debian12.settle()
    client.collect(debian12, "--become", "sudo", user="nopass")
    changed = [path for kind, path in debian12.changes() if not _RECORDS.fullmatch(path)]
    assert changed == []


def test_the_comparison_sees_a_write(debian12: Host) -> None:
    debian12.settle()
    debian12.run("touch /etc/hipscan-was-here")
    assert (Kind.ADDED, "/etc/hipscan-was-here") in debian12.changes()


@pytest.mark.parametrize("become", ["none", "sudo"])
def test_a_client_that_dies_leaves_nothing_running(
    debian12: Host, client: Client, become: str
) -> None:
    user = "root" if become == "none" else "nopass"
    # A tool that a probe runs becomes one that does not end and that we can find.
    debian12.run(
        "printf '#!/bin/sh\\nexec sleep 987\\n' >/usr/bin/apt-cache; chmod +x /usr/bin/apt-cache"
    )
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "hipscan", "collect", *client.reach(debian12, user)),
            *("--become", become, "-d", str(client.state)),
        ],
        env=client.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert _await(lambda: "sleep 987" in debian12.run("ps -eo args").stdout)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert _await(lambda: not _ours(debian12)), _ours(debian12)


def _ours(host: Host) -> list[str]:
    lines = host.run("ps -eo args").stdout.splitlines()
    return [line for line in lines if re.search(r"sleep 987|sh -s|#begin|hipscan", line)]


def _await(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return False


def test_without_root_it_says_what_it_could_not_read(debian12: Host, client: Client) -> None:
    report = client.scan(debian12, user="scan")
    open_ones = [f for f in report["findings"] if f["outcome"] == "notchecked"]
    assert open_ones
    assert all(finding["reason"] for finding in open_ones)
    assert report["targets"][0]["status"] == "partial"


def test_secrets_of_the_command_are_nowhere_on_the_target(debian12: Host, client: Client) -> None:
    file = password_file(client.state, debian12.password)
    debian12.run(
        "(while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; sleep 0.02; done)"
        " </dev/null >/run/seen 2>/dev/null & echo $! >/run/watcher"
    )
    client.collect(debian12, "--become", "sudo", "--sudo-password-file", file, user="scan")
    debian12.run("kill $(cat /run/watcher)")
    seen = debian12.run("cat /run/seen").stdout
    assert "HIPSCAN_DATA" in seen or "hipscan" in seen, "the watcher saw nothing of the scan"
    assert debian12.password not in seen
