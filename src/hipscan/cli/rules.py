"""`hipscan rules`: list, lint, new, test, schema."""

from pathlib import Path
from typing import Annotated

import typer

from hipscan.cli import options

app = typer.Typer(help="Look at rule packs and test them.", no_args_is_help=True)

Folders = Annotated[
    list[Path] | None, typer.Argument(metavar="[PACK]...", help="Pack folders; default: hipaa.")
]


@app.command("list")
def list_(
    *,
    pack: options.Packs = None,
    format_: Annotated[
        str, typer.Option("--format", "-f", help="table, or json with every field.")
    ] = "table",
) -> None:
    """List all rules."""
    from hipscan.cli import packing  # noqa: PLC0415  # heavy: only when it runs

    raise typer.Exit(packing.list_rules(tuple(pack or ()), format_))


@app.command()
def lint(folders: Folders = None) -> None:
    """Find what is wrong in packs: the shape, the meaning, and what a reader would trip over."""
    from hipscan.cli import packing  # noqa: PLC0415  # heavy: only when it runs

    raise typer.Exit(packing.lint_packs(tuple(folders or ())))


@app.command()
def new(
    pack: Annotated[Path, typer.Argument(help="The pack's folder; made where it is not there.")],
    rule: Annotated[str, typer.Argument(help="The rule's id: the bad state, such as ssh-open.")],
) -> None:
    """Write a commented rule with its cases, to be changed into yours."""
    from hipscan.cli import packing  # noqa: PLC0415  # heavy: only when it runs

    raise typer.Exit(packing.new_rule(pack, rule))


@app.command("test")
def run_cases(folders: Folders = None) -> None:
    """Run the cases of packs that need no host: facts as data, expected outcomes."""
    from hipscan.cli import packing  # noqa: PLC0415  # heavy: only when it runs

    raise typer.Exit(packing.test_packs(tuple(folders or ())))


@app.command()
def schema(
    *,
    write: Annotated[bool, typer.Option("--write", help="Write them into the checkout.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Compare them with those in the checkout.")
    ] = False,
    name: Annotated[str | None, typer.Argument(help="Print this one.")] = None,
) -> None:
    """Print, write or compare the JSON Schemas of packs, cases and inventories, for editors."""
    from hipscan.cli import schemas  # noqa: PLC0415  # heavy: only when it runs

    raise typer.Exit(schemas.run(name, write=write, check=check))
