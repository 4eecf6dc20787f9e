"""A run from the command line's point of view: targets in, report out, progress between."""

import os
import secrets
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from hipscan.cli.content import frameworks
from hipscan.cli.progress import Progress
from hipscan.cli.signals import whole
from hipscan.errors import ExitCode, HipscanError, TargetError, Terminated, Unreachable
from hipscan.fleet.pool import affordable, run_on, threads
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


def feeds_folder() -> Path:
    """Return where the index of feeds is."""
    return state_folder() / "feeds"


def new_run_folder(now: datetime) -> RunFolder:
    """Make the folder of a run that starts `now`."""
    name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    return RunFolder.create(state_folder() / "runs" / name)


def new_recorder(
    folder: RunFolder, packs: tuple[Pack, ...], selection: Selection, fail_on: str
) -> Recorder:
    """Return the recorder of a run that starts now."""
    return Recorder(folder, selection, packs, frameworks(), fail_on, datetime.now(UTC))


def run(fleet: Fleet, work: Work, recorder: Recorder) -> Report:
    """Run `work` on every target; an interrupt ends it with what is there, marked incomplete.

    Raises HipscanError when the run itself cannot go on, such as on a full disk.
    """
    left = {target.name: target for target in fleet.targets}
    forced: ExitCode | None = None
    count = at_a_time(fleet.jobs, len(left))
    with Progress(len(left), quiet=fleet.quiet) as progress, threads(count) as pool:
        try:
            for target, result in run_on(fleet.targets, progress.watched(work), pool):
                if isinstance(result, HipscanError):
                    raise result
                if isinstance(result, Exception):
                    forced = ExitCode.BUG
                    result = _bug(target, result, debug=fleet.debug)  # noqa: PLW2901  # a result all the same
                with whole():
                    recorder.add(result)
                    del left[target.name]
        except KeyboardInterrupt as stop:
            is_terminated = isinstance(stop, Terminated)
            forced = ExitCode.TERMINATED if is_terminated else ExitCode.INTERRUPTED
            _say("interrupted; writing what is there")
    for target in left.values():
        recorder.add(unreachable(target, _interrupted()))
    return recorder.finish(datetime.now(UTC), forced=forced)


def at_a_time(jobs: int, targets: int) -> int:
    """Return how many targets to work on at once; say so when files are too few for more."""
    wanted = min(jobs, max(1, targets))
    count = affordable(wanted)
    if count < wanted:
        _say(f"{count} targets at a time instead of {wanted}: few files may be open (ulimit -n)")
    return count


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
