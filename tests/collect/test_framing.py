"""Frames: what is whole counts, whatever comes before, between and after."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hipscan.collect.framing import read_reply, write_reply
from hipscan.probes.base import Frame
from tests.collect.test_script import NONCE, make

PROBES = (make("a", ""), make("b", ""))


@given(first=st.binary(max_size=300), second=st.binary(max_size=300))
def test_frames_come_back(first: bytes, second: bytes) -> None:
    frames = [Frame("a", 0, 10, first), Frame("b", 3, 0, second)]
    found = read_reply(write_reply(NONCE, frames), NONCE, PROBES)
    assert found.ended
    assert list(found.frames.values()) == frames


@given(noise=st.binary(max_size=200), cut=st.integers(0, 400))
def test_any_bytes_are_safe_and_a_cut_loses_only_the_end(noise: bytes, cut: int) -> None:
    whole = write_reply(NONCE, [Frame("a", 0, 0, b"x" * 50), Frame("b", 0, 0, b"y")])
    found = read_reply(noise + b"\n" + whole[: max(0, len(whole) - cut)], NONCE, PROBES)
    assert all(frame.payload in {b"x" * 50, b"y"} for frame in found.frames.values())
    assert found.ended is (cut <= 1)


@given(st.binary(max_size=500))
def test_hostile_lines_behind_the_nonce_are_safe(content: bytes) -> None:
    lines = b"".join(f"@{NONCE} ".encode() + line + b"\n" for line in content.split(b"\n"))
    read_reply(f"@{NONCE} begin gzip+base64\n".encode() + lines, NONCE, PROBES)


def test_the_first_frame_of_a_probe_counts() -> None:
    reply = write_reply(NONCE, [Frame("a", 0, 0, b"first"), Frame("a", 0, 0, b"second")])
    assert read_reply(reply, NONCE, PROBES).frames["a"].payload == b"first"


def test_another_nonce_is_noise() -> None:
    found = read_reply(write_reply("beef", [Frame("a", 0, 0, b"x")]), NONCE, PROBES)
    assert (found.began, found.ended, found.frames) == (False, False, {})


def test_a_bomb_stops_at_the_limit() -> None:
    small = (replace(PROBES[0], limit=1000),)
    bomb = write_reply(NONCE, [Frame("a", 0, 0, b"0" * 50_000_000)])
    frame = read_reply(bomb, NONCE, small).frames["a"]
    assert len(frame.payload) == 1000
    assert frame.truncated


def test_payload_of_a_probe_nobody_asked_for_is_dropped() -> None:
    reply = write_reply(NONCE, [Frame("zz", 0, 0, b"x")])
    assert read_reply(reply, NONCE, PROBES).frames == {}


@given(st.binary(max_size=300))
def test_a_plain_frame_comes_back(payload: bytes) -> None:
    lines = b"".join(b"|" + line + b"\n" for line in payload.split(b"\n"))
    mark = f"@{NONCE} ".encode()
    frame = b"%bframe a plain\n%b%bdone a 0 1\n" % (mark, lines, mark)
    found = read_reply(mark + b"begin hex\n" + frame + mark + b"end\n", NONCE, PROBES)
    assert found.ended
    assert list(found.frames.values()) == [Frame("a", 0, 10, payload)]
