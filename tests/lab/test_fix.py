"""`hipscan fix` on a real host: what its script or playbook mended, the next scan passes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab
ANSIBLE = Path(sys.executable).parent / "ansible-playbook"
CHOSEN = [word for rule in ("ssh-*", "home-open", "sudo-*") for word in ("--rule", rule)]
# The lab's own account, which may do everything without a password.
LEFT = {"sudo-without-password"}


def scan(client: Client, host: Host) -> dict[str, Any]:
    """Return the report of the chosen rules, by an account that is not root: root is locked out."""
    report = client.scan(host, *CHOSEN, "--fail-on", "never", "--become", "sudo", user="nopass")
    assert report["targets"][0]["status"] != "unreachable", report["targets"][0]["reason"]
    return report


def scripted(report: dict[str, Any]) -> set[str]:
    """Return the rules that failed and have a fix that a script can do."""
    failed = {f["rule"] for f in report["findings"] if f["outcome"] == "fail"}
    return {rule for rule in failed if report["rules"][rule]["fix"]["shell"]} - LEFT


def fixes(client: Client, name: str) -> str:
    """Return what `hipscan fix` writes for the last scan."""
    done = client.command("fix", "last", "-f", name, *CHOSEN)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_mends_what_the_scan_found(debian12: Host, client: Client) -> None:
    broken = scripted(scan(client, debian12))
    assert len(broken) > 5
    script = fixes(client, "shell")
    ran = debian12.run("sh -s", text=script)
    assert ran.stderr == ""
    assert scripted(scan(client, debian12)) == set()
    debian12.settle()
    debian12.run("sh -s", text=script)
    assert [path for _, path in debian12.changes() if not path.endswith(".hipscan")] == []


def test_the_playbook_does_the_same(debian12: Host, client: Client) -> None:
    broken = scripted(scan(client, debian12))
    assert len(broken) > 5
    playbook = client.state / "fix.yaml"
    playbook.write_text(
        fixes(client, "ansible").replace(f"hosts: {debian12.address}", "hosts: web1")
    )
    inventory = client.state / "hosts.ini"
    inventory.write_text(
        f"web1 ansible_host={debian12.address} ansible_port={debian12.port} ansible_user=nopass "
        f"ansible_ssh_private_key_file={debian12.identity} ansible_ssh_common_args="
        f"'-F /dev/null -o UserKnownHostsFile={debian12.known_hosts}'\n"
    )
    ran = subprocess.run(
        [str(ANSIBLE), "-i", str(inventory), str(playbook)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(client.state),
            "LC_ALL": "C.UTF-8",
            # The folder of a test is too long for the path of a control socket.
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=no -o ControlPath=none",
        },
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert scripted(scan(client, debian12)) == set()
