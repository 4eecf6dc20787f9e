"""`hipscan collect`: read facts and keep them; no judging."""

from pathlib import Path
from typing import Annotated

import typer

from hipscan.cli.flags import Reach


def collect(
    reach: Reach,
    *,
    folder: Annotated[
        Path, typer.Option("--directory", "-d", help="Where the snapshot files go.")
    ] = Path(),
    exchange: Annotated[
        bool, typer.Option("--exchange", help="Keep the raw answers too, secrets taken out.")
    ] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also what takes a target seconds, for --profile deep.")
    ] = False,
) -> int:
    """Read the facts of targets into snapshot files, for `hipscan evaluate` elsewhere.

    \b
    hipscan collect local
    hipscan collect root@web1 -d snapshots
    """
    from hipscan.cli import collecting  # noqa: PLC0415  # heavy: only when it runs

    return collecting.collect_all(reach, folder, exchange=exchange, deep=deep)
