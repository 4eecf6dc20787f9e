"""`hipscan report`: an earlier run again, in any format, without a scan."""

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
    hipscan report 20261121T201446Z-b3150a1c -o html=report.html
    """
    from hipscan.cli import outputs, runs, settings  # noqa: PLC0415  # heavy: only when it runs
    from hipscan.cli.flags import Criteria, Reach  # noqa: PLC0415  # the same
    from hipscan.fleet.run_folder import RunFolder  # noqa: PLC0415  # the same
    from hipscan.model.finding import Severity  # noqa: PLC0415  # the same
    from hipscan.report.base import View  # noqa: PLC0415  # the same

    outputs.check_format(wanted.format)
    least = settings.settle(Reach(), Criteria(), wanted).wanted.least or Severity.INFO
    files = outputs.parse(wanted.outputs)
    found = RunFolder(runs.folder(run)).report()
    return outputs.write_all(found, wanted.format, files, View(least))
