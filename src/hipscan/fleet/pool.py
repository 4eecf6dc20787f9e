"""Many targets at the same time, on any executor. One target never holds another up."""

import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Final, TypeVar

from hipscan.model.target import Target

T = TypeVar("T")

_OWN_FILES: Final = 64
_FILES_A_TARGET: Final = 4  # a connection, or the pipes of a client


def affordable(wanted: int) -> int:
    """Return how many of `wanted` targets at a time the limit on open files allows, at least 1."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, (limit - _OWN_FILES) // _FILES_A_TARGET))


@contextmanager
def threads(count: int) -> Iterator[Executor]:
    """Lend a pool of threads; at the end it waits for none of them."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def run_on(
    targets: Sequence[Target], work: Callable[[Target], T], executor: Executor
) -> Iterator[tuple[Target, T | Exception]]:
    """Yield each target with its result, as they finish; an error in one is yielded, not raised.

    When the caller stops early, what has not begun is cancelled.
    """
    futures = {executor.submit(work, target): target for target in targets}
    try:
        for future in as_completed(futures):
            error = future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            yield futures[future], error if error is not None else future.result()
    finally:
        for future in futures:
            future.cancel()
