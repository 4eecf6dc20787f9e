"""This machine as a target, with real processes."""

import os
import stat
import time
from pathlib import Path

import pytest

from hipscan.errors import TargetError, Unreachable
from hipscan.model.target import Become
from hipscan.transport.base import Budget, Ending, Request
from hipscan.transport.local import SYSTEM_PATH, LocalTransport
from tests.transport.exchanges import END, QUICK, handshake, held, request, target

LOCAL = target(host="local")
# Behaves as `sudo -k -S -p PROMPT -- COMMAND`: asks on standard error, then becomes the command.
FAKE_SUDO = """#!/bin/sh
printf '%s' "$4" >&2
IFS= read -r answer
[ "$answer" = right ] || { printf 'Sorry\\n%s' "$4" >&2; read -r answer; exit 1; }
shift 5
exec "$@"
"""


def session_of(pid_file: Path) -> list[str]:
    """Return the processes that are left of the session whose id a script wrote down."""
    leader = pid_file.read_text().strip()
    left = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] == leader and fields[0] != "Z":
            left.append(entry.parent.name)
    return left


def test_a_script_runs_and_both_streams_come_back() -> None:
    reply = LocalTransport().exchange(LOCAL, request(), QUICK)
    assert reply.stdout == b"hello\n\n@0f end\n"
    # The end line ends the reply; what came on the other stream just before may be too late.
    assert reply.stderr in {b"noise\n", b""}
    assert reply.ending is Ending.COMPLETE
    assert reply.peer["transport"] == "local"


def test_an_exit_status_comes_back() -> None:
    reply = LocalTransport().exchange(LOCAL, request(b"exit 7\n"), QUICK)
    assert (reply.ending, reply.exit_status) == (Ending.CLOSED, 7)


def test_a_signal_is_an_exit_status_as_in_the_shell() -> None:
    reply = LocalTransport().exchange(LOCAL, request(b"kill -9 $$\n"), QUICK)
    assert reply.exit_status == 137


def test_a_large_script_is_sent_while_its_output_is_read() -> None:
    script = b"cat <<'E'\n" + b"x" * 3_000_000 + b"\nE\nprintf '\\n@0f end\\n'\n"
    reply = LocalTransport().exchange(LOCAL, request(script), QUICK)
    assert reply.ending is Ending.COMPLETE
    assert len(reply.stdout) > 3_000_000


def test_three_megabytes_on_standard_error_stop_nothing() -> None:
    script = b"head -c 3000000 /dev/zero >&2; printf '\\n@0f end\\n'\n"
    reply = LocalTransport().exchange(LOCAL, request(script), QUICK)
    assert reply.ending is Ending.COMPLETE
    assert len(reply.stderr) == QUICK.stderr_bytes


@pytest.mark.parametrize(
    ("script", "ending"),
    [
        (b"yes", Ending.FLOOD),
        (b"yes >&2", Ending.FLOOD),
        (b"sleep 600", Ending.DEADLINE),
        (b"timeout 600 sleep 600", Ending.DEADLINE),
        (b"trap '' TERM HUP; sleep 600; sleep 600", Ending.DEADLINE),
        (b"sleep 600 & printf '\\n@0f end\\n'; sleep 600", Ending.COMPLETE),
        (b"sleep 600 & exit 3", Ending.CLOSED),
    ],
)
def test_nothing_stays_behind(script: bytes, ending: Ending, tmp_path: Path) -> None:
    budget = Budget(seconds=1, stdout_bytes=1 << 20)
    mine = tmp_path / "pid"
    before = held()
    whole = b"echo $$ >%s\n%s\n" % (os.fsencode(mine), script)
    reply = LocalTransport().exchange(LOCAL, request(whole), budget)
    assert reply.ending is ending
    # Whoever was killed may still be on the way out.
    until = time.monotonic() + 5
    while session_of(mine) and time.monotonic() < until:
        time.sleep(0.05)
    assert session_of(mine) == []
    assert held() == before


def test_the_environment_of_the_user_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_TOKEN", "canary-2")
    monkeypatch.setenv("BASH_ENV", "/nonexistent")
    reply = LocalTransport().exchange(LOCAL, request(b"env; printf '\\n@0f end\\n'\n"), QUICK)
    names = {line.partition(b"=")[0] for line in reply.stdout.splitlines()}
    assert b"PATH" in names
    assert not names & {b"CI_TOKEN", b"BASH_ENV", b"VIRTUAL_ENV"}


def fake_sudo(folder: Path) -> LocalTransport:
    program = folder / "sudo"
    program.write_text(FAKE_SUDO)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return LocalTransport(path=f"{folder}:{SYSTEM_PATH}")


def sudo_request(password: str | None) -> Request:
    nonces = handshake(password)
    prompt, ready = nonces.prompt.decode(), nonces.ready.decode()
    command = f"sudo -k -S -p '{prompt}' -- sh -c 'echo {ready}; exec sh -s'"
    return Request(command, request().payload, END, nonces)


def test_the_handshake_with_a_password(tmp_path: Path) -> None:
    reply = fake_sudo(tmp_path).exchange(LOCAL, sudo_request("right"), QUICK)
    assert reply.ending is Ending.COMPLETE
    assert b"hello" in reply.stdout
    assert b"right" not in reply.stdout + reply.stderr


def test_a_wrong_password_is_tried_once(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="did not accept the password"):
        fake_sudo(tmp_path).exchange(LOCAL, sudo_request("wrong"), QUICK)


def test_sudo_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(TargetError) as caught:
        LocalTransport(path=str(tmp_path)).exchange(LOCAL, sudo_request(None), QUICK)
    assert caught.value.cause is Unreachable.SUDO


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs no sudo to become root")
def test_root_needs_no_sudo(tmp_path: Path) -> None:
    root = target(host="local", become=Become.SUDO)
    reply = LocalTransport().exchange(root, sudo_request(None), QUICK)
    assert reply.ending is Ending.COMPLETE
    assert not list(tmp_path.iterdir())
