"""Entry point: one error boundary around the command line.

Exit codes are those of hipscan.errors.ExitCode. Nothing that goes wrong here can look like
findings (1): not a bug, not an interrupt, not a pipe that closed.
"""

import os
import platform
import sys
import threading
import traceback
from typing import Any, cast

from hipscan import __version__
from hipscan.cli import signals
from hipscan.cli.streams import guard
from hipscan.errors import ExitCode, HipscanError, TargetError, Terminated, or_unwritten
from hipscan.sanitize import block


def main() -> None:
    """Run the command line and exit."""
    output = guard()
    signals.install()
    status = run(sys.argv[1:])
    sys.stdout.flush()
    if output.failure:
        _say(f"standard output could not be written: {output.failure}", ExitCode.OUTPUT)
        status = or_unwritten(status)
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(status)  # threads still wait for hosts; all reports are written
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run the command line; return the exit status."""
    try:
        return _command(arguments)
    except BaseException as error:  # noqa: BLE001  # the one boundary: nothing may look like findings
        return _ended(error, debug="--debug" in arguments)


def _ended(error: BaseException, *, debug: bool) -> int:
    """Say what ended the command, and return its exit status."""
    from typer import exceptions  # noqa: PLC0415  # heavy: with the command line only

    match error:
        case exceptions.Exit():
            return error.exit_code
        case exceptions.Abort() | KeyboardInterrupt():
            is_terminated = isinstance(error, Terminated)
            code = ExitCode.TERMINATED if is_terminated else ExitCode.INTERRUPTED
            return _say(code.name.lower(), code)
        case exceptions.TyperException():
            cast("Any", error).show()  # every error that typer raises has it
            return ExitCode.USAGE
        case HipscanError():
            return _explain(error, debug=debug)
        case SystemExit(code=int() as status):
            return status
        case _:
            return _bug(error, debug=debug)


def _command(arguments: list[str]) -> int:
    """Run the command; an interrupt and a bug come out as they are, which typer's own way hides."""
    from typer.main import get_command  # noqa: PLC0415  # heavy

    from hipscan.cli.app import app  # noqa: PLC0415  # heavy

    if "_HIPSCAN_COMPLETE" in os.environ:  # a shell asks what could come next
        app(prog_name="hipscan")
    command = get_command(app)
    with command.make_context("hipscan", arguments) as context:
        command.invoke(context)
    return ExitCode.OK


def _say(text: str, status: ExitCode) -> int:
    sys.stderr.write(f"hipscan: {block(text)}\n")
    return status


def _explain(error: HipscanError, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    cause = f"{error.cause}: " if isinstance(error, TargetError) else ""
    _say(cause + error.message, error.exit_code)
    if error.hint:
        sys.stderr.write(f"  try: {block(error.hint)}\n")
    return error.exit_code


def _bug(error: BaseException, *, debug: bool) -> int:
    _say(f"a bug in hipscan: {type(error).__name__}: {error}", ExitCode.BUG)
    if debug:
        sys.stderr.write(block("".join(traceback.format_exception(error))))
        return ExitCode.BUG
    where = traceback.extract_tb(error.__traceback__)[-1]
    file = where.filename.rpartition("/")[2]
    sys.stderr.write(
        f"  at {where.name}, line {where.lineno} of {file};"
        f" hipscan {__version__}, Python {platform.python_version()}\n"
        "  please report it with the output of the same command and --debug\n"
    )
    return ExitCode.BUG


if __name__ == "__main__":
    main()
