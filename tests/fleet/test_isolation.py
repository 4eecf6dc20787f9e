"""One stuck or failing target never changes another; each is accounted for exactly once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hipscan.cli import content
from hipscan.errors import ExitCode, TargetError, Unreachable
from hipscan.fleet.pool import run_on, threads
from hipscan.model.target import Target
from hipscan.rules.pack import Pack
from tests.fleet import fleets

_PACK = Path(__file__).parents[1] / "cli" / "pack"
GOOD = tuple(f"good{number:02}" for number in range(20))
_WAIT = 30.0


@pytest.fixture(scope="module")
def pack() -> Pack:
    """Return the rules whose outcome is known."""
    (found,) = content.packs((_PACK,))
    return found


def _refused() -> None:
    raise TargetError(Unreachable.REFUSED, "nobody listens")


def _broken() -> None:
    raise RuntimeError("a bug")


def test_bad_targets_change_no_other(pack: Pack, tmp_path: Path) -> None:
    names = tuple(sorted((*GOOD, "bad-refused", "bad-bug")))
    trouble = {"bad-refused": _refused, "bad-bug": _broken}
    mixed = {item.name: item for item in fleets.run(tmp_path / "a", names, pack, trouble).targets()}
    clean = {item.name: item for item in fleets.run(tmp_path / "b", GOOD, pack, {}).targets()}
    assert {name: mixed[name] for name in GOOD} == clean
    assert mixed["bad-refused"].reason == "refused: nobody listens"


def test_counts_are_those_of_the_targets(pack: Pack, tmp_path: Path) -> None:
    names = (*GOOD, "bad-refused")
    report = fleets.run(tmp_path / "a", names, pack, {"bad-refused": _refused})
    assert report.summary.targets == {"scanned": 20, "partial": 0, "unreachable": 1}
    assert sum(report.summary.outcomes.values()) == 20 * len(pack.rules)
    assert report.run.exit_code == ExitCode.GATE


def test_an_unreachable_target_alone_is_incomplete(pack: Pack, tmp_path: Path) -> None:
    report = fleets.run(tmp_path / "a", ("bad",), pack, {"bad": _refused})
    assert (report.run.exit_code, report.run.complete) == (ExitCode.INCOMPLETE, False)


def test_a_stuck_target_holds_nobody() -> None:
    release = threading.Event()

    def work(target: Target) -> str:
        if target.name == "stuck":
            release.wait(_WAIT)
        return target.name

    with ThreadPoolExecutor(2) as pool:
        results = run_on(fleets.targets("stuck", *GOOD), work, pool)
        first = {next(results)[0].name for _ in GOOD}
        assert first == set(GOOD)
        release.set()
        assert [target.name for target, _ in results] == ["stuck"]


def test_who_stops_early_does_not_wait_for_those_at_work() -> None:
    release = threading.Event()
    begun: list[str] = []

    def work(target: Target) -> None:
        begun.append(target.name)
        if target.name != "quick":
            release.wait(_WAIT)

    with threads(2) as pool:
        results = run_on(fleets.targets("quick", *GOOD), work, pool)
        assert next(results)[0].name == "quick"
        results.close()  # type: ignore[attr-defined]  # run_on is a generator
    assert len(begun) < len(GOOD)
    release.set()


def test_an_error_of_a_target_is_yielded() -> None:
    with threads(2) as pool:
        found = list(run_on(fleets.targets("one"), lambda _: 1 // 0, pool))
    assert [type(error) for _, error in found] == [ZeroDivisionError]


def test_an_interrupt_in_a_thread_is_not_swallowed() -> None:
    def work(_: Target) -> None:
        raise KeyboardInterrupt

    with threads(1) as pool, pytest.raises(KeyboardInterrupt):
        list(run_on(fleets.targets("one"), work, pool))
