"""How many handshakes may be under way, and how many wrong passwords may be tried.

sshd drops connections beyond MaxStartups (10 by default), so that 50 at once through one address
lose more than half; and a wrong password tried on a hundred hosts locks an account. Both limits
hold over all targets of a run.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from hipscan.errors import TargetError, Unreachable
from hipscan.model.secret import Secret

PER_ADDRESS: Final = 8
PER_CORE: Final = 4
MOST_WRONG: Final = 3


class Slots:
    """Limits the connections being made to one address, and the handshakes on all processors.

    A target that does not even answer holds nothing but a place of its own address.
    """

    def __init__(self, per_address: int = PER_ADDRESS, total: int | None = None) -> None:
        self._per_address = per_address
        self._total = threading.BoundedSemaphore(total or PER_CORE * (os.cpu_count() or 1))
        self._lock = threading.Condition()
        self._taken: dict[str, int] = {}

    @contextmanager
    def address(self, address: str) -> Iterator[None]:
        """Wait for a place at `address` and hold it. Every holder is under a time limit."""
        with self._lock:
            self._lock.wait_for(lambda: self._taken.get(address, 0) < self._per_address)
            self._taken[address] = self._taken.get(address, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[address] -= 1
                if not self._taken[address]:
                    del self._taken[address]
                self._lock.notify_all()

    @contextmanager
    def handshake(self) -> Iterator[None]:
        """Wait for a turn to spend processor time, and hold it; after the address, not before."""
        with self._total:
            yield


@dataclass(slots=True)
class _Tries:
    """What became of one password so far, over all targets."""

    wrong: int = 0
    waiting: int = 0
    right: bool = False


@dataclass(slots=True)
class PasswordGate:
    """Stops a password after three targets in a row refused it.

    Until one target has accepted it, no more than three try it at the same time.
    """

    most: int = MOST_WRONG
    _tries: dict[str, _Tries] = field(default_factory=dict, repr=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    @contextmanager
    def attempt(self, password: Secret, seconds: float) -> Iterator["Attempt"]:
        """Allow one attempt, whose success the caller reports; raise TargetError(AUTH) else."""
        with self._changed:
            tries = self._tries.setdefault(password.reveal(), _Tries())
            self._changed.wait_for(lambda: self._may_try(tries) or self._spent(tries), seconds)
            if not self._may_try(tries):
                raise _stopped(self.most, spent=self._spent(tries))
            tries.waiting += 1
        attempt = Attempt()
        try:
            yield attempt
        finally:
            with self._changed:
                tries.waiting -= 1
                self._count(tries, attempt)
                self._changed.notify_all()

    def _spent(self, tries: _Tries) -> bool:
        return tries.wrong >= self.most

    def _may_try(self, tries: _Tries) -> bool:
        if self._spent(tries):
            return False
        return tries.right or tries.wrong + tries.waiting < self.most

    @staticmethod
    def _count(tries: _Tries, attempt: "Attempt") -> None:
        if attempt.accepted:
            tries.wrong, tries.right = 0, True
        elif attempt.refused:
            tries.wrong += 1


@dataclass(slots=True)
class Attempt:
    """One use of a password: `accepted`, `refused`, or neither when the connection broke."""

    accepted: bool = False
    refused: bool = False


def _stopped(most: int, *, spent: bool) -> TargetError:
    if spent:
        return TargetError(
            Unreachable.AUTH,
            f"password not tried: {most} targets refused it, more could lock the account",
            hint="check the password with one target first",
        )
    return TargetError(
        Unreachable.AUTH,
        "password not tried: other targets that try it have not answered yet",
        hint="run again with these targets only",
    )
