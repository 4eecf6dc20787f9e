"""`hipscan report`: an earlier run again, in any format, without a scan."""

from pathlib import Path
from typing import Annotated

import typer

from hipscan.cli.flags import Wanted
from hipscan.errors import UsageError


def report(
    run: Annotated[str, typer.Argument(help="A run's id or folder, or `last`.")],
    wanted: Wanted,
) -> int:
    """Report an earlier run again, in any format.

    \b
    hipscan report last
    hipscan report 20261121T201446Z-b3150a1c -o html=report.html
    """
    from hipscan.cli import outputs, runner, settings  # noqa: PLC0415  # heavy: only when it runs
    from hipscan.cli.flags import Criteria, Reach  # noqa: PLC0415  # the same
    from hipscan.fleet.run_folder import RunFolder  # noqa: PLC0415  # the same
    from hipscan.model.finding import Severity  # noqa: PLC0415  # the same
    from hipscan.report.base import View  # noqa: PLC0415  # the same

    outputs.check_format(wanted.format)
    least = settings.settle(Reach(), Criteria(), wanted).wanted.least or Severity.INFO
    files = outputs.parse(wanted.outputs)
    found = RunFolder(_folder(run, runner.state_folder() / "runs")).report()
    return outputs.write_all(found, wanted.format, files, View(least))


def _folder(run: str, runs: Path) -> Path:
    if run == "last":
        finished = sorted(runs.glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)
        if not finished:
            raise UsageError("there is no finished run yet", hint="hipscan scan")
        return finished[-1].parent
    return runs / run if (runs / run / "run.json").is_file() else Path(run)
