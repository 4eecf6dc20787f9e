"""The limits that hold over all targets of a run."""

import threading
from collections.abc import Callable

import pytest

from hipscan.errors import TargetError, Unreachable
from hipscan.model.secret import Secret
from hipscan.transport.handshakes import PasswordGate, Slots

WRONG, RIGHT = Secret("canary-wrong"), Secret("canary-right")


def crowd(size: int, job: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=job, args=(number,)) for number in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    ("addresses", "per_address", "total", "most"), [(1, 3, 100, 3), (20, 3, 5, 5), (2, 2, 100, 4)]
)
def test_no_more_handshakes_than_allowed(
    addresses: int, per_address: int, total: int, most: int
) -> None:
    slots, lock = Slots(per_address, total), threading.Lock()
    inside, seen = 0, []

    def job(number: int) -> None:
        nonlocal inside
        with slots.address(f"192.0.2.{number % addresses}"), slots.handshake():
            with lock:
                inside += 1
                seen.append(inside)
            threading.Event().wait(0.005)
            with lock:
                inside -= 1

    crowd(20, job)
    assert len(seen) == 20
    assert max(seen) <= most


def test_a_slot_is_free_again_after_an_error() -> None:
    slots = Slots(1, 1)
    for _ in range(3):
        with pytest.raises(OSError, match="gone"), slots.address("a"), slots.handshake():
            raise OSError("gone")


def test_a_host_that_does_not_answer_takes_no_handshake_from_others() -> None:
    slots, reached = Slots(1, 1), []
    with slots.address("blackhole"), slots.address("good"), slots.handshake():
        reached.append("good")
    assert reached


def attempt(gate: PasswordGate, password: Secret, *, right: bool) -> None:
    with gate.attempt(password, 5) as one:
        one.accepted, one.refused = right, not right


def test_three_refusals_stop_a_password() -> None:
    gate, tried, stopped = PasswordGate(), [], []

    def job(number: int) -> None:
        try:
            attempt(gate, WRONG, right=False)
            tried.append(number)
        except TargetError as error:
            stopped.append(error)

    crowd(100, job)
    assert (len(tried), len(stopped)) == (3, 97)
    assert {error.cause for error in stopped} == {Unreachable.AUTH}


def test_a_password_that_works_is_not_held_up() -> None:
    gate = PasswordGate()
    attempt(gate, RIGHT, right=True)
    everyone_inside = threading.Barrier(20)

    def job(_number: int) -> None:
        with gate.attempt(RIGHT, 5) as one:
            everyone_inside.wait(5)
            one.accepted = True

    crowd(20, job)
    assert not everyone_inside.broken


def test_a_success_starts_the_count_again() -> None:
    gate = PasswordGate()
    for right in (False, False, True, False, False):
        attempt(gate, RIGHT, right=right)
    attempt(gate, RIGHT, right=True)


def test_one_password_does_not_stop_another() -> None:
    gate = PasswordGate()
    for _ in range(3):
        attempt(gate, WRONG, right=False)
    attempt(gate, RIGHT, right=True)
    with pytest.raises(TargetError, match="3 targets refused it"):
        attempt(gate, WRONG, right=False)


def test_a_broken_connection_is_no_refusal() -> None:
    gate = PasswordGate()
    for _ in range(5):
        with pytest.raises(OSError, match="gone"), gate.attempt(RIGHT, 5):
            raise OSError("gone")
    attempt(gate, RIGHT, right=True)


def test_the_gate_shows_no_password() -> None:
    gate = PasswordGate()
    attempt(gate, WRONG, right=False)
    assert "canary" not in repr(gate)
