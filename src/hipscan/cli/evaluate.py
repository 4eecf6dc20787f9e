"""`hipscan evaluate`: judge snapshot files; connects to nothing."""

from pathlib import Path
from typing import Annotated

import typer

from hipscan.cli.flags import Criteria, Wanted


def evaluate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Snapshot files.")],
    criteria: Criteria,
    wanted: Wanted,
    *,
    knowledge: Annotated[
        Path | None,
        typer.Option("--knowledge", metavar="FILE", help="knowledge.json of an earlier run."),
    ] = None,
) -> int:
    """Judge snapshots that `hipscan collect` or an earlier scan wrote.

    \b
    hipscan evaluate snapshots/*.json
    hipscan evaluate web1.snapshot.json --knowledge RUN/knowledge.json -f json
    """
    from hipscan.cli import scanning  # noqa: PLC0415  # heavy: only when it runs

    return scanning.evaluate_files(files, criteria, wanted, knowledge)
