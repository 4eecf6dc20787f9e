"""Saved exchanges: the file format, and the transport that answers from them."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.errors import TargetError, UsageError
from hipscan.transport.base import Budget, Ending
from hipscan.transport.replay import (
    Exchange,
    ReplayTransport,
    SavedFrame,
    dumps,
    load,
    loads,
    nonce_of,
)
from tests.transport.exchanges import QUICK, request, target

FRAMES = st.builds(
    SavedFrame,
    probe=st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
    status=st.integers(0, 255),
    milliseconds=st.integers(0, 10**6),
    payload=st.binary(max_size=200),
    truncated=st.booleans(),
)
EXCHANGES = st.builds(
    Exchange,
    target=st.text(max_size=20),
    frames=st.lists(FRAMES, max_size=4).map(tuple),
    exit_status=st.none() | st.integers(0, 255),
)
SAVED = Exchange("t", (SavedFrame("platform", 0, 3, b"\xff\0text"),))


def plain(nonce: str, frames: Iterable[SavedFrame]) -> bytes:
    return b"".join([b"%s " % frame.payload for frame in frames]) + f"\n@{nonce} end\n".encode()


@given(EXCHANGES)
def test_a_file_holds_the_whole_exchange(exchange: Exchange) -> None:
    assert loads(dumps(exchange)) == exchange


@given(st.text(max_size=200))
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="my file: not a hipscan-exchange/1 document"):
        loads(text, where="my file")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hipscan-exchange/1", "hipscan-exchange/2"),
        ('"probe"', '"prob"'),
        ('"status": 0', '"status": "0"'),
        ("/wB0", "!!"),
    ],
)
def test_a_wrong_document_is_refused(old: str, new: str) -> None:
    text = dumps(SAVED)
    assert old in text
    with pytest.raises(UsageError):
        loads(text.replace(old, new))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load(Path("/nonexistent/exchange.json"))


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "exchange.json"
    path.write_text(dumps(SAVED))
    assert load(path) == SAVED


def test_the_reply_carries_the_nonce_of_the_request() -> None:
    reply = ReplayTransport([SAVED], plain).exchange(target(), request(), QUICK)
    assert reply.stdout == b"\xff\0text \n@0f end\n"
    assert (reply.ending, reply.exit_status) == (Ending.COMPLETE, 0)
    assert nonce_of(request()) == "0f"


def test_a_limit_holds_for_saved_exchanges_too() -> None:
    reply = ReplayTransport([SAVED], plain).exchange(target(), request(), Budget(stdout_bytes=4))
    assert (reply.ending, len(reply.stdout)) == (Ending.FLOOD, 4)


def test_a_target_without_an_exchange() -> None:
    with pytest.raises(TargetError, match="no saved exchange of t"):
        ReplayTransport([], plain).exchange(target(), request(), QUICK)
