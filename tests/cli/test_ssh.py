"""Against real SSH servers: reached or not, trusted or not, with which password."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hipscan.errors import ExitCode
from tests.cli.conftest import Hipscan
from tests.cli.running import PACK, reach, shell
from tests.sshd import StartSshd, free_port

_JUDGE = ("-p", PACK, "-f", "json")


def test_a_host_over_ssh(hipscan: Hipscan, start_sshd: StartSshd) -> None:
    server = start_sshd()
    done = hipscan("scan", *reach(server), "--identity", server.client_key, *_JUDGE)
    assert done.status == ExitCode.GATE, done.err
    assert [item["status"] for item in done.report["targets"]] == ["scanned"]


@pytest.mark.parametrize("transport", ["paramiko", "openssh"])
def test_check_says_how_it_is_reached(
    transport: str, hipscan: Hipscan, start_sshd: StartSshd
) -> None:
    server = start_sshd()
    way = ("--identity", server.client_key, "--transport", transport)
    done = hipscan("check", *reach(server), *way)
    assert done.status == ExitCode.OK, done.out + done.err
    assert f"127.0.0.1:{server.port}: ok, " in done.out


def test_an_unreachable_host_is_3_and_the_others_count(hipscan: Hipscan) -> None:
    gone = f"127.0.0.1:{free_port()}"
    words = (gone, "local", "--ssh-config", "/dev/null", "--rule", "right-high")
    done = hipscan("scan", *words, *_JUDGE)
    assert done.status == ExitCode.INCOMPLETE
    found = {item["name"]: (item["status"], item["reason"]) for item in done.report["targets"]}
    assert found["local"][0] != "unreachable"
    assert found[gone][1].startswith("refused: ")


def test_an_unknown_host_key_is_refused_with_what_to_do(
    hipscan: Hipscan, start_sshd: StartSshd, tmp_path: Path
) -> None:
    server = start_sshd()
    empty = tmp_path / "empty"
    empty.write_text("")
    words = (f"127.0.0.1:{server.port}", "--known-hosts", empty, "--ssh-config", "/dev/null")
    done = hipscan("check", *words)
    assert done.status == ExitCode.INCOMPLETE
    assert "NOT REACHED: host-key-unknown" in done.out
    assert "try: " in done.out


@pytest.mark.parametrize("way", ["--password-file secret", "--password-fd 3 3<secret"])
def test_a_password_logs_in_and_is_nowhere(way: str, start_sshd: StartSshd, tmp_path: Path) -> None:
    server = start_sshd("PasswordAuthentication yes", "AuthorizedKeysFile none")
    if server.password is None:
        pytest.skip("only root can make an account with a password")
    (tmp_path / "secret").write_text(f"{server.password}\n")
    words = " ".join((*reach(server), f"-p {PACK} --debug -o html=r.html -f json"))
    done = shell(tmp_path, f"hipscan scan {words} {way}")
    assert done.status == ExitCode.GATE, done.err
    (tmp_path / "secret").unlink()
    said = [done.out, done.err, *_texts(tmp_path / "state"), *_texts(tmp_path, "r.html")]
    assert [text for text in said if server.password in text] == []


def _texts(folder: Path, pattern: str = "**/*.json") -> Iterator[str]:
    found = list(folder.glob(pattern))
    assert found
    return (path.read_text("utf-8") for path in found)


def test_a_wrong_password_is_tried_once(
    hipscan: Hipscan, start_sshd: StartSshd, tmp_path: Path
) -> None:
    server = start_sshd("PasswordAuthentication yes", "AuthorizedKeysFile none")
    if server.password is None:
        pytest.skip("only root can make an account with a password")
    (tmp_path / "secret").write_text("not-the-password\n")
    done = hipscan("scan", *reach(server), "--password-file", "secret", *_JUDGE)
    assert done.status == ExitCode.INCOMPLETE
    assert done.report["targets"][0]["reason"].startswith("auth: ")
    assert server.log_text().count("Failed password") == 1
