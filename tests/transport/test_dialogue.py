"""The dialogue, against a scripted other side: no processes, no clock of this world."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.errors import TargetError, Unreachable
from hipscan.transport.base import Budget, Ending, Reply, Request
from hipscan.transport.dialogue import converse
from tests.transport.exchanges import END, QUICK, handshake, request
from tests.transport.scripted import ScriptedChannel, Step

SUDO_CASES = yaml.safe_load((Path(__file__).parent / "cases/sudo.yaml").read_text())
PASSWORD = "canary-1"  # noqa: S105  # sent to nobody


def play(channel: ScriptedChannel, what: Request, budget: Budget = QUICK) -> Reply:
    return converse(channel, what, budget, clock=channel.clock, sleep=channel.sleep)


def step(case: dict[str, Any]) -> Step:
    nonces = handshake()
    after = {"": b"", "password": b"\n", "script": b"SCRIPT"}[case.get("after", "")]
    out, err = (
        case.get(stream, "")
        .encode()
        .replace(b"PROMPT", nonces.prompt)
        .replace(b"READY", nonces.ready)
        for stream in ("out", "err")
    )
    return Step(out, err, after, case.get("exit"))


@pytest.mark.parametrize("case", SUDO_CASES, ids=lambda case: case["name"])
def test_sudo_is_told_apart(case: dict[str, Any]) -> None:
    channel = ScriptedChannel([step(part) for part in case["steps"]])
    password = PASSWORD if case.get("password", True) else None
    asked = request(b"SCRIPT", handshake=handshake(password))
    expected = case["expect"]
    if "error" in expected:
        with pytest.raises(TargetError) as caught:
            play(channel, asked)
        assert caught.value.cause is Unreachable.SUDO
        assert re.search(expected["error"], caught.value.message), caught.value.message
        assert caught.value.hint
        assert PASSWORD not in caught.value.message
        assert b"SCRIPT" not in channel.sent
    else:
        assert play(channel, asked).ending.value == expected["ending"]
    assert channel.sent.count(PASSWORD.encode()) == expected["password_sent"]


def test_a_password_of_two_lines_is_never_sent() -> None:
    channel = ScriptedChannel([Step(err=handshake().prompt)])
    with pytest.raises(TargetError, match="line break"):
        play(channel, request(handshake=handshake("one\ntwo")))
    assert not channel.sent


def test_a_flood_instead_of_sudo_ends() -> None:
    budget = Budget(stdout_bytes=100)
    channel = ScriptedChannel([Step(out=b"x" * 101)])
    with pytest.raises(TargetError) as caught:
        play(channel, request(handshake=handshake()), budget)
    assert caught.value.cause is Unreachable.FLOOD


def test_the_end_line_ends_the_reply_while_the_stream_stays_open() -> None:
    channel = ScriptedChannel([Step(out=b"noise\nhello\n@0f end 3\n")])
    reply = play(channel, request())
    assert reply.ending is Ending.COMPLETE
    assert channel.now == 0


def test_the_end_in_the_middle_of_a_line_is_no_end() -> None:
    channel = ScriptedChannel([Step(out=b"hello @0f end\n"), Step(out=b"|@0f end\n", exit=0)])
    assert play(channel, request()).ending is Ending.CLOSED


def test_an_end_before_ready_is_no_end() -> None:
    nonces = handshake()
    script = [Step(out=END + b"\n" + nonces.ready + b"\n"), Step(out=b"later\n", exit=2)]
    reply = play(ScriptedChannel(script), request(handshake=nonces))
    assert (reply.ending, reply.exit_status) == (Ending.CLOSED, 2)


def test_the_deadline_covers_the_whole_exchange() -> None:
    class Drip(ScriptedChannel):
        def receive(self, _seconds: float) -> tuple[bytes, bytes, bool]:
            self.now += 0.2
            return b".", b"", False

    channel = Drip([])
    assert play(channel, request()).ending is Ending.DEADLINE
    assert QUICK.seconds <= channel.now <= QUICK.seconds + 0.3


def test_too_much_output_is_a_flood_and_is_cut() -> None:
    budget = Budget(stdout_bytes=100)
    reply = play(ScriptedChannel([Step(out=b"x" * 5000)]), request(), budget)
    assert (reply.ending, len(reply.stdout)) == (Ending.FLOOD, 100)


def test_too_much_on_standard_error_is_dropped() -> None:
    budget = Budget(stderr_bytes=10, stdout_bytes=1000)
    script = [Step(err=b"e" * 500), Step(out=END + b"\n")]
    reply = play(ScriptedChannel(script), request(), budget)
    assert (reply.ending, reply.stderr) == (Ending.COMPLETE, b"e" * 10)


def test_endless_standard_error_is_a_flood() -> None:
    budget = Budget(stderr_bytes=10, stdout_bytes=1000)
    script = [Step(err=b"e" * 500)] * 3
    assert play(ScriptedChannel(script), request(), budget).ending is Ending.FLOOD


def test_a_child_that_holds_the_stream_is_not_waited_for() -> None:
    class Held(ScriptedChannel):
        def receive(self, seconds: float) -> tuple[bytes, bytes, bool]:
            out, err, _ = super().receive(seconds)
            return out, err, False

    channel = Held([Step(out=b"half", exit=0)])
    assert play(channel, request()).ending is Ending.CLOSED
    assert channel.now < 2


def test_an_exit_status_may_come_after_the_end_of_the_stream() -> None:
    class Late(ScriptedChannel):
        def exit_status(self) -> int | None:
            return 5 if self.now > 0.5 else None

    channel = Late([Step(exit=0)])
    assert play(channel, request()).exit_status == 5


def test_a_script_is_sent_while_output_comes() -> None:
    script = b"x" * 1000
    steps = [Step(out=b"echo", after=b"x" * 900), Step(out=b"\n@0f end\n")]
    channel = ScriptedChannel(steps, takes=90)
    assert play(channel, request(script)).stdout == b"echo\n@0f end\n"
    assert 900 <= len(channel.sent) <= 1000


@given(st.lists(st.integers(0, 60)), st.binary(max_size=20))
def test_the_reply_does_not_depend_on_how_it_was_cut(cuts: list[int], noise: bytes) -> None:
    whole = noise.replace(b"\n", b"") + b"\n@0f frame a\n|xx@0f end\n@0f end 0\n"
    places = sorted({min(cut, len(whole)) for cut in cuts} | {0, len(whole)})
    pieces = [whole[a:b] for a, b in pairwise(places)]
    channel = ScriptedChannel([Step(out=piece) for piece in pieces])
    reply = play(channel, request())
    assert (reply.ending, reply.stdout) == (Ending.COMPLETE, whole)
