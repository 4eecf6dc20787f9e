"""The SSH probes against OpenSSH itself: ssh-keygen, ssh -Q and a real sshd."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hipscan.probes.ssh.algorithms import ANNOUNCEMENTS, Grade, Kind, grade_algorithm
from hipscan.probes.ssh.ssh_keys import key_print
from hipscan.probes.ssh.sshd_match import deciding_lines, directives, redact
from hipscan.probes.ssh.sshd_settings import settings
from tests.sshd import _AS_ROOT as AS_ROOT
from tests.sshd import _UNSHARE as UNSHARE
from tests.sshd import _make_account as make_account
from tests.sshd import find_sshd, make_key

needs_ssh = pytest.mark.skipif(not shutil.which("ssh"), reason="no OpenSSH client here")


def output(*argv: str | Path) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@needs_ssh
@pytest.mark.parametrize(
    ("query", "kind"),
    [("kex", Kind.KEX), ("cipher", Kind.CIPHER), ("mac", Kind.MAC), ("key-sig", Kind.HOSTKEY)],
)
def test_table_knows_every_name_of_openssh(query: str, kind: Kind) -> None:
    names = set(output("ssh", "-Q", query).split()) - ANNOUNCEMENTS
    assert all("does not know" not in grade_algorithm(kind, name).reason for name in names)


@pytest.mark.parametrize(
    ("kind", "name", "grade"),
    [
        (Kind.KEX, "diffie-hellman-group99-sha1", Grade.FAIL),
        (Kind.KEX, "gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==", Grade.WARN),
        (Kind.CIPHER, "blowfish-ctr", Grade.FAIL),
        (Kind.CIPHER, "des-cfb", Grade.FAIL),
        (Kind.CIPHER, "aes512-xyz", Grade.WARN),
        (Kind.MAC, "hmac-md5-64@example.org", Grade.FAIL),
        (Kind.HOSTKEY, "ssh-rsa-cert-v01@openssh.com", Grade.FAIL),
        (Kind.HOSTKEY, "sk-ssh-ed25519-cert-v01@openssh.com", Grade.OK),
    ],
)
def test_names_outside_the_table(kind: Kind, name: str, grade: Grade) -> None:
    assert grade_algorithm(kind, name).grade is grade


@needs_ssh
@pytest.mark.parametrize(
    ("kind", "bits", "expected"),
    [
        ("rsa", "1024", ("rsa", 1024)),
        ("rsa", "2048", ("rsa", 2048)),
        ("ecdsa", "384", ("ec", 384)),
        ("ed25519", "256", ("ed25519", 256)),
    ],
)
def test_type_and_bits_of_a_key(
    tmp_path: Path, kind: str, bits: str, expected: tuple[str, int]
) -> None:
    key = tmp_path / "key"
    output("ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", "an (odd) name", "-f", key)
    assert key_print(output("ssh-keygen", "-lf", key)) == expected


def asked(folder: Path, *lines: str) -> list[str]:
    """Return what a real sshd prints for a configuration."""
    server, env = find_sshd()
    config = folder / "sshd_config"
    config.write_text("\n".join([*lines, f"HostKey {make_key(folder / 'key', 'ed25519')}"]) + "\n")
    argv = [server, "-T", "-f", str(config)]
    if os.geteuid() == 0:
        make_account(folder, "/bin/sh")
        argv = [*UNSHARE, "sh", "-c", AS_ROOT, "sh", str(folder), *argv]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=os.environ | env)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_setting_of_a_real_sshd_is_known(tmp_path: Path) -> None:
    assert settings(asked(tmp_path, "AllowUsers a b", "SetEnv A=b"))["unlisted"] == []


def test_the_deciding_line_is_the_one_that_sshd_obeys(tmp_path: Path) -> None:
    included = tmp_path / "first.conf"
    included.write_text("MaxAuthTries 3\nMatch User eve\nMaxSessions 1\n")
    lines = ("# MaxAuthTries 9", f"Include {included}", "MaxAuthTries=5", "maxsessions 7")
    answer = settings(asked(tmp_path, *lines))
    files = {
        "main": tuple(lines),
        str(included): tuple(included.read_text().splitlines()),
    }
    assert (answer["maxauthtries"], answer["maxsessions"]) == (3, 7)
    assert deciding_lines(directives(files, "main")) == [
        f"maxauthtries {included}:1",
        "maxsessions main:4",
    ]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("setenv TOKEN=canary", "setenv TOKEN="),
        (":\tSetEnv TOKEN=canary OTHER=canary", ":\tSetEnv TOKEN="),
        ("forcecommand /bin/run --password canary", "forcecommand /bin/run"),
        (":ForceCommand=internal-sftp -d canary", ":ForceCommand=internal-sftp"),
        ("permitrootlogin no\nforcecommand none", "permitrootlogin no\nforcecommand none"),
    ],
)
def test_secrets_are_taken_out_once_more(sent: str, kept: str) -> None:
    assert redact(sent.encode()) == kept.encode()
