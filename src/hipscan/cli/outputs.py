"""Where reports go: standard output, and files written whole or not at all."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from hipscan.cli.streams import is_colored
from hipscan.documents import files
from hipscan.documents.document import suggest
from hipscan.errors import OutputError, UsageError, or_unwritten
from hipscan.model.report import Report
from hipscan.report.base import View
from hipscan.report.table import FORMATS, NEEDS, load
from hipscan.sanitize import block


@dataclass(frozen=True, slots=True)
class Output:
    """One `-o FORMAT=FILE`."""

    format: str
    path: Path


def parse(words: Sequence[str] | None) -> tuple[Output, ...]:
    """Parse the values of -o; raise UsageError for unknown formats and missing files."""
    return tuple(_parse(word) for word in words or ())


def _parse(word: str) -> Output:
    name, equals, path = word.partition("=")
    check_format(name)
    if not equals or not path:
        raise UsageError(f"-o {word!r} names no file", hint=f"write -o {name}=FILE")
    return Output(name, Path(path))


def check_format(name: str) -> str:
    """Return `name` when it is a format; raise UsageError else."""
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}", hint=suggest(name, FORMATS))
    module, package = NEEDS.get(name, ("", ""))
    if module and find_spec(module) is None:
        raise UsageError(f"-o {name} takes {package}", hint=f"pip install '{package}'")
    return name


def write_all(report: Report, name: str, outputs: Sequence[Output], view: View) -> int:
    """Write every output; return the run's exit code, or 4 when a file could not be written.

    Whether standard output could be is known to `hipscan.cli.streams`.
    """
    status = report.run.exit_code
    for output in outputs:
        try:
            files.write(
                output.path, _encoded(load(output.format)(report, replace(view, color=False)))
            )
        except OutputError as error:
            sys.stderr.write(f"hipscan: {block(error.message)}\n")
            if error.hint:
                sys.stderr.write(f"  try: {block(error.hint)}\n")
            status = or_unwritten(status)
    _to_stdout(report, name, view)
    return status


def _encoded(pieces: Iterator[str]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode("utf-8", "backslashreplace")


def _to_stdout(report: Report, name: str, view: View) -> None:
    width = shutil.get_terminal_size((100, 24)).columns
    seen = replace(view, color=is_colored(sys.stdout), width=max(width, 60))
    for piece in _encoded(load(name)(report, seen)):
        sys.stdout.buffer.write(piece)
    sys.stdout.flush()
