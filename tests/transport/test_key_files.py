"""Key files of every kind that ssh-keygen writes, and of kinds that nobody writes."""

import base64
import itertools
import socket
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.model.secret import Secret
from hipscan.transport.paramiko_key_files import load_private_key, read_key_file
from hipscan.transport.paramiko_keys import agent_keys
from hipscan.transport.ssh_config import SshSettings
from tests.sshd import make_key

KINDS = ("rsa", "ecdsa", "ed25519")
PASSPHRASE = "canary"  # noqa: S105  # of keys that nothing accepts
MARKS = ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "-----BEGIN RSA PRIVATE KEY-----\n", "ssh-rsa ")


def public_blob(key: Path) -> bytes:
    return base64.b64decode(key.with_suffix(".pub").read_text().split()[1])


def rewritten(folder: Path, kind: str, form: str, passphrase: str) -> Path:
    key = make_key(folder / "key", kind, passphrase=passphrase)
    if form != "RFC4716":
        change = ["ssh-keygen", "-q", "-p", "-P", passphrase, "-N", passphrase, "-m", form, "-f"]
        subprocess.run([*change, str(key)], check=True, capture_output=True)
    return key


@pytest.mark.parametrize(
    ("kind", "form", "passphrase"),
    [
        (kind, form, passphrase)
        for kind, form, passphrase in itertools.product(
            KINDS, ("RFC4716", "PEM", "PKCS8"), ("", PASSPHRASE)
        )
        if kind != "ed25519" or form == "RFC4716"  # the only form that ssh-keygen gives it
    ],
)
def test_every_form_of_key(tmp_path: Path, kind: str, form: str, passphrase: str) -> None:
    key = rewritten(tmp_path, kind, form, passphrase)
    seen = read_key_file(key)
    assert (seen.private, seen.encrypted) == (True, bool(passphrase))
    assert seen.public == public_blob(key)
    loaded = load_private_key(key, Secret(passphrase) if passphrase else None)
    assert loaded.asbytes() == public_blob(key)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_passphrase_is_an_error(tmp_path: Path, kind: str) -> None:
    key = make_key(tmp_path / "key", kind, passphrase=PASSPHRASE)
    with pytest.raises(ValueError, match=r".*"):
        load_private_key(key, Secret("wrong"))


def test_a_public_half_says_what_an_agent_may_hold(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key", "ed25519")
    seen = read_key_file(key.with_suffix(".pub"))
    assert (seen.public, seen.private) == (public_blob(key), False)


@given(content=st.binary(max_size=300), mark=st.sampled_from(MARKS), encoded=st.booleans())
def test_no_bytes_raise(
    tmp_path_factory: pytest.TempPathFactory, *, content: bytes, mark: str, encoded: bool
) -> None:
    body = base64.b64encode(b"openssh-key-v1\0" + content) if encoded else content
    path = tmp_path_factory.getbasetemp() / "key-of-any-bytes"
    path.write_bytes(mark.encode() + body)
    assert read_key_file(path).path == path


@pytest.mark.parametrize("prepare", ["nothing", "a file", "a socket where nobody listens"])
def test_an_agent_that_is_away(tmp_path: Path, prepare: str) -> None:
    path = tmp_path / "agent"
    if prepare == "a file":
        path.write_text("")
    elif prepare != "nothing":
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(str(path))
    with agent_keys(SshSettings("h", 22, "me", identity_agent=path), 1) as keys:
        assert keys == {}
