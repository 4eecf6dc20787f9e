"""`hipscan feeds`: update, import, status."""

from pathlib import Path
from typing import Annotated

import typer

from hipscan.cli import options

app = typer.Typer(
    help="Keep the local index of known vulnerabilities and ends of support.",
    no_args_is_help=True,
)


@app.command()
def update(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="debian, kev, ...; default: those in use."),
    ] = None,
    *,
    config: options.Config = None,
    quiet: options.Quiet = False,
) -> None:
    """Download feeds that have changed; the only command that uses the internet.

    \b
    hipscan feeds update
    hipscan feeds update AlmaLinux kev
    """
    from hipscan.cli import feeding  # noqa: PLC0415  # heavy: only when it runs

    raise typer.Exit(feeding.update(tuple(names or ()), config, quiet=quiet))


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Feeds.")],
) -> None:
    """Import feeds from files, as their publishers have them: for networks without internet.

    \b
    hipscan feeds import all.zip known_exploited_vulnerabilities.json
    hipscan feeds import /media/usb/feeds
    """
    from hipscan.cli import feeding  # noqa: PLC0415  # heavy: only when it runs

    raise typer.Exit(feeding.import_files(tuple(paths)))


@app.command()
def status(
    *,
    format_: Annotated[
        str, typer.Option("--format", "-f", help="table, or json with every field.")
    ] = "table",
) -> None:
    """Say which feeds the index has, and of when their data are."""
    from hipscan.cli import feeding  # noqa: PLC0415  # heavy: only when it runs

    raise typer.Exit(feeding.status(format_))
