"""What no snippet can show: files that are missing or strange, clients that hang, tickets."""

import base64
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from hipscan.errors import TargetError, Unreachable, UsageError
from hipscan.model.target import Target
from hipscan.transport import (
    ssh_config_client,
    ssh_config_kerberos,
    ssh_config_reader,
    ssh_config_system,
)
from hipscan.transport.base import TrustOptions
from hipscan.transport.ssh_config import SshSettings, check_options, resolve
from hipscan.transport.ssh_config_identity import is_hardware_key, public_blob
from hipscan.transport.ssh_config_keywords import HONOURED, OVERRIDDEN, unhonoured

pytestmark = pytest.mark.skipif(
    shutil.which("ssh") is None, reason="the OpenSSH client is not installed"
)
# Application `ssh:` and a public key: nobody holds the hardware behind it.
SK_BLOB = b"".join(
    len(part).to_bytes(4, "big") + part
    for part in (b"sk-ssh-ed25519@openssh.com", bytes(range(32)), b"ssh:")
)


def resolved(tmp_path: Path, text: str, **changes: object) -> SshSettings:
    config = tmp_path / "config"
    config.write_text(text)
    target = Target("name", "web1", **changes)  # type: ignore[arg-type]  # a test's shorthand
    return resolve(target, TrustOptions(ssh_config=config))


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_config_client, "program", lambda: None)


def test_files_of_the_flags_are_looked_for_first(tmp_path: Path) -> None:
    missing = tmp_path / "nothing-here"
    for options in (TrustOptions(ssh_config=missing), TrustOptions(known_hosts=missing)):
        with pytest.raises(UsageError, match="nothing-here"):
            check_options(options)
    check_options(TrustOptions(known_hosts=missing, accept_new=True, ssh_config=Path("none")))
    check_options(TrustOptions(known_hosts=Path("/dev/null")))


def test_a_file_that_went_away_is_one_target_less(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="nothing-here"):
        resolve(Target("n", "web1"), TrustOptions(ssh_config=tmp_path / "nothing-here"))


@pytest.mark.usefixtures("alone")
def test_a_file_that_went_away_is_one_target_less_without_the_client(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="nothing-here"):
        resolve(Target("n", "web1"), TrustOptions(ssh_config=tmp_path / "nothing-here"))


def test_a_missing_identity_concerns_one_target(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="No such file") as caught:
        resolved(tmp_path, "", identity=tmp_path / "no-key")
    assert caught.value.cause is Unreachable.AUTH


def gone(pid: int) -> bool:
    """Wait until a process has ended; whether anybody has reaped it is not our business."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_hanging_match_exec_ends_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_config_client, "SECONDS", 0.5)
    pid_file = tmp_path / "pid"
    with pytest.raises(TargetError, match="no answer") as caught:
        resolved(tmp_path, f'Match exec "echo $$ > {pid_file}; sleep 600; true"\n')
    assert caught.value.cause is Unreachable.TIMEOUT
    assert gone(int(pid_file.read_text()))


def test_a_host_that_ssh_refuses_is_one_target_less(tmp_path: Path) -> None:
    with pytest.raises(TargetError) as caught:
        resolved(tmp_path, 'HostName "a b;c"\nIdentityFile ${HIPSCAN_NO_SUCH_VARIABLE}\n')
    assert caught.value.cause is Unreachable.UNSUPPORTED


def test_known_hosts_of_the_flags_replace_the_users(tmp_path: Path) -> None:
    config, mine = tmp_path / "config", tmp_path / "my known hosts"
    config.write_text('UserKnownHostsFile "/a b"\nGlobalKnownHostsFile /c /d\n')
    options = TrustOptions(known_hosts=mine, ssh_config=config)
    found = resolve(Target("n", "web1"), options)
    assert found.known_hosts_files == (mine, Path("/c"), Path("/d"))
    assert found.needs_openssh == ""


def test_a_host_key_alias_is_looked_up_without_a_port(tmp_path: Path) -> None:
    assert resolved(tmp_path, "Port 2222\n").host_key_name == ("web1", 2222)
    assert resolved(tmp_path, "Port 2222\nHostKeyAlias Farm\n").host_key_name == ("farm", 22)


@pytest.mark.parametrize(
    "host", ["-oProxyCommand=touch {0}", "$(touch {0})", "a;touch {0}", "-F{0}"]
)
def test_no_host_becomes_an_option_or_a_word_of_a_shell(tmp_path: Path, host: str) -> None:
    """The inventory refuses such names; were one to come through, ssh must not act on it."""
    canary, config = tmp_path / "canary", tmp_path / "config"
    config.write_text('Match exec "true %n"\n')
    hostile = Target("n", host.format(canary))
    with pytest.raises(TargetError):
        resolve(hostile, TrustOptions(ssh_config=config))
    assert not canary.exists()


@pytest.mark.parametrize("file", ["none", "/dev/null"])
def test_new_keys_are_not_accepted_into_nowhere(tmp_path: Path, file: str) -> None:
    config = tmp_path / "config"
    config.write_text(f"UserKnownHostsFile {file}\n")
    options = TrustOptions(ssh_config=config, accept_new=True)
    with pytest.raises(TargetError, match=f"UserKnownHostsFile is {file}") as caught:
        resolve(Target("n", "web1"), options)
    assert caught.value.cause is Unreachable.HOST_KEY_UNKNOWN
    mine = TrustOptions(known_hosts=tmp_path / "mine", ssh_config=config, accept_new=True)
    assert resolve(Target("n", "web1"), mine).known_hosts_files[0] == tmp_path / "mine"


def test_a_binary_revocation_list_needs_the_client(tmp_path: Path) -> None:
    krl = tmp_path / "revoked.krl"
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", str(krl)], check=True)
    found = resolved(tmp_path, f"RevokedHostKeys {krl}\n")
    assert found.needs_openssh == f"the binary RevokedHostKeys {krl}"


def test_a_security_key_needs_the_client(tmp_path: Path) -> None:
    key = tmp_path / "id_sk"
    text = f"sk-ssh-ed25519@openssh.com {base64.b64encode(SK_BLOB).decode()} me\n"
    key.with_suffix(".pub").write_text(text)
    assert resolved(tmp_path, f"IdentityFile {key}\n").needs_openssh == ""
    key.write_text("the private half, in a format we do not know")
    assert is_hardware_key(key)
    assert resolved(tmp_path, f"IdentityFile {key}\n").needs_openssh == f"the security key {key}"


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("passphrase", ["", "secret words"])
def test_a_private_key_names_its_public_half(tmp_path: Path, kind: str, passphrase: str) -> None:
    key = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(key)], check=True)
    public = key.with_suffix(".pub")
    wanted = base64.b64decode(public.read_text().split()[1])
    assert public_blob(public) == wanted
    public.unlink()
    assert public_blob(key) == wanted
    assert not is_hardware_key(key)


def test_what_is_no_key_names_none(tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"-----BEGIN OPENSSH PRIVATE KEY-----\n!!!!\n-----END")
    assert public_blob(junk) is None
    assert public_blob(tmp_path / "missing") is None
    assert public_blob(tmp_path) is None


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a file in the place of the system's ssh_config; nobody has one of their own."""
    file = tmp_path / "system_ssh_config"
    original = ssh_config_client.ask

    def ask(ssh: str, target: Target, _: TrustOptions, *, config: str = "") -> object:
        return original(ssh, target, TrustOptions(), config=config or str(file))

    monkeypatch.setattr(ssh_config_client, "ask", ask)
    monkeypatch.setattr(ssh_config_system, "FILES", (str(tmp_path / "none"), str(file)))
    return file


@pytest.mark.parametrize("expected", ["GSSAPIAuthentication", ""])
def test_kerberos_of_the_distribution_counts_with_a_ticket(
    system: Path, monkeypatch: pytest.MonkeyPatch, expected: str
) -> None:
    system.write_text("GSSAPIAuthentication yes\n")
    monkeypatch.setattr(ssh_config_system, "has_ticket", lambda: expected != "")
    assert resolve(Target("n", "web1"), TrustOptions()).needs_openssh == expected


def test_algorithms_of_the_distribution_restrict(system: Path) -> None:
    system.write_text(
        "Match final all\nCiphers aes256-ctr,aes128-ctr\nRequiredRSASize 2048\nIPQoS none\n"
    )
    found = resolve(Target("n", "web1"), TrustOptions())
    assert found.restrictions == {"ciphers": ("aes256-ctr", "aes128-ctr")}
    assert found.required_rsa_size == 2048
    assert found.needs_openssh == "IPQoS"


def test_algorithms_of_the_user_need_the_client(tmp_path: Path) -> None:
    found = resolved(tmp_path, "Ciphers aes256-ctr\n")
    assert (found.needs_openssh, found.restrictions) == ("Ciphers", {})


def test_a_ticket_is_seen_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", "FILE:/somewhere")
    assert ssh_config_kerberos.has_ticket()


@pytest.mark.usefixtures("alone")
def test_the_own_file_must_be_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / ".ssh/config"
    config.parent.mkdir()
    config.write_text("User ann\n")
    monkeypatch.setattr(ssh_config_reader, "home", lambda: str(tmp_path))
    monkeypatch.setattr(ssh_config_reader, "_SYSTEM", tmp_path / "none")
    config.chmod(0o600)
    assert resolve(Target("n", "web1"), TrustOptions()).user == "ann"
    config.chmod(0o620)
    with pytest.raises(TargetError, match="others may write"):
        resolve(Target("n", "web1"), TrustOptions())


def test_every_keyword_of_this_client_is_classified() -> None:
    assert not HONOURED & OVERRIDDEN
    default = ssh_config_client.without_configuration(ssh_config_client.program() or "")
    later = {"keywordofanothercentury": ("yes",)}
    assert unhonoured({**default, **later}, default) == ("keywordofanothercentury",)
    assert HONOURED & default.keys() >= {"hostname", "port", "user", "userknownhostsfile"}
