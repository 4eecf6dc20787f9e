"""Where earlier runs are, by the name that a person gives them."""

from pathlib import Path

from hipscan.cli import runner
from hipscan.errors import UsageError


def folder(run: str) -> Path:
    """Return the folder of a run: its id, its folder, or `last`. Raises UsageError."""
    runs = runner.state_folder() / "runs"
    if run == "last":
        finished = sorted(runs.glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)
        if not finished:
            raise UsageError("there is no finished run yet", hint="hipscan scan")
        return finished[-1].parent
    return runs / run if (runs / run / "run.json").is_file() else Path(run)
