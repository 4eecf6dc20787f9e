"""`hipscan report`: an earlier run again, in any format, without a scan."""

from pathlib import Path
from typing import Annotated

import typer

from hipscan.cli.flags import Wanted


def report(
    run: Annotated[str, typer.Argument(help="A run's id or folder, or `last`.")],
    wanted: Wanted,
) -> int:
    """Report an earlier run again, in any format.

    \b
    hipscan report last
    hipscan report 20261121T201446Z-b315 -o html=report.html -o json=report.json
    """
    from hipscan.cli import outputs, runner  # noqa: PLC0415 - heavy: only when it runs
    from hipscan.fleet.run_folder import RunFolder  # noqa: PLC0415 - the same
    from hipscan.model.finding import Severity  # noqa: PLC0415 - the same
    from hipscan.report.base import View  # noqa: PLC0415 - the same

    outputs.check_format(wanted.format)
    files = outputs.parse(wanted.outputs)
    found = RunFolder(_folder(run, runner.state_folder() / "runs")).report()
    return outputs.write_all(found, wanted.format, files, View(wanted.least or Severity.INFO))


def _folder(run: str, runs: Path) -> Path:
    if run == "last":
        finished = sorted(path.parent for path in runs.glob("*/run.json"))
        return finished[-1] if finished else runs / run
    return runs / run if (runs / run / "run.json").is_file() else Path(run)
