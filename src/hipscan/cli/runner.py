"""A run from the command line's point of view: targets in, report out, progress between."""

import os
import secrets
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from hipscan.cli.content import framework
from hipscan.cli.progress import Progress
from hipscan.errors import ExitCode, TargetError, Unreachable
from hipscan.fleet.pool import run_on
from hipscan.fleet.run import Recorder
from hipscan.fleet.run_folder import RunFolder
from hipscan.fleet.scan import unreachable
from hipscan.model.report import Report, TargetResult
from hipscan.model.target import Target
from hipscan.rules.pack import Pack, Selection
from hipscan.sanitize import block

Work = Callable[[Target], TargetResult]


@dataclass(frozen=True, slots=True)
class Fleet:
    """How a run goes over its targets."""

    targets: tuple[Target, ...]
    jobs: int
    quiet: bool
    debug: bool


def state_folder() -> Path:
    """Return where runs are kept: HIPSCAN_STATE, or the user's state folder."""
    chosen = os.environ.get("HIPSCAN_STATE")
    return Path(chosen) if chosen else platformdirs.user_state_path("hipscan")


def new_run_folder(now: datetime) -> RunFolder:
    """Make the folder of a run that starts `now`."""
    name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    return RunFolder.create(state_folder() / "runs" / name)


def new_recorder(
    folder: RunFolder, packs: tuple[Pack, ...], selection: Selection, fail_on: str
) -> Recorder:
    """Return the recorder of a run that starts now."""
    return Recorder(folder, selection, packs, framework(), fail_on, datetime.now(UTC))


def run(fleet: Fleet, work: Work, recorder: Recorder) -> Report:
    """Run `work` on every target; an interrupt ends it with what is there, marked incomplete."""
    left = {target.name: target for target in fleet.targets}
    forced: ExitCode | None = None
    executor = ThreadPoolExecutor(max_workers=min(fleet.jobs, max(1, len(left))))
    with Progress(len(left), quiet=fleet.quiet) as progress, terminable():
        try:
            for target, result in run_on(fleet.targets, _watched(work, progress), executor):
                left.pop(target.name)
                if isinstance(result, Exception):
                    forced = ExitCode.BUG
                    result = _bug(target, result, debug=fleet.debug)  # noqa: PLW2901 - a result all the same
                recorder.add(result)
        except KeyboardInterrupt as stop:
            forced = stop.code if isinstance(stop, Terminated) else ExitCode.INTERRUPTED
            _say("interrupted; writing what is there")
    executor.shutdown(wait=not left, cancel_futures=True)
    for target in left.values():
        recorder.add(unreachable(target, _interrupted()))
    return recorder.finish(datetime.now(UTC), forced=forced)


class Terminated(KeyboardInterrupt):
    """SIGTERM, to be treated as an interrupt with an exit status of its own."""

    code = ExitCode.TERMINATED


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into an exception while the block runs; a second one ends the process."""

    def stop(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _watched(work: Work, progress: Progress) -> Work:
    def watched(target: Target) -> TargetResult:
        progress.begin(target.name)
        try:
            return work(target)
        finally:
            progress.end(target.name)

    return watched


def _interrupted() -> TargetError:
    return TargetError(Unreachable.INTERRUPTED, "the run was interrupted before its end")


def _bug(target: Target, error: Exception, *, debug: bool) -> TargetResult:
    """Return a result that names the bug, so that the other targets' results are kept."""
    lines = traceback.format_exception(error) if debug else traceback.format_exception_only(error)
    _say(f"a bug in hipscan while scanning {target.name}: {''.join(lines).strip()}")
    where = traceback.extract_tb(error.__traceback__)[-1]
    cause = TargetError(
        Unreachable.PROTOCOL,
        f"a bug in hipscan: {type(error).__name__} in {where.name}, line {where.lineno}",
        hint="report it with the output of the same command and --debug",
    )
    return unreachable(target, cause)


def _say(text: str) -> None:
    sys.stderr.write(f"hipscan: {block(text)}\n")
