"""`hipscan frameworks`: the catalogues of controls, and how each control can be evidenced."""

from typing import Annotated

import typer

from hipscan.cli import options


def frameworks(
    framework: Annotated[
        str | None, typer.Argument(metavar="ID", help="One of them: hipaa, gdpr-32, ...")
    ] = None,
    *,
    pack: options.Packs = None,
    format_: Annotated[
        str, typer.Option("--format", "-f", help="table, or json with every field.")
    ] = "table",
) -> int:
    """List the frameworks, or every control of one: what can show that it holds, by which rules.

    \b
    hipscan frameworks
    hipscan frameworks hipaa
    """
    from hipscan.cli import cataloguing  # noqa: PLC0415  # heavy: only when it runs

    return cataloguing.frameworks(framework, tuple(pack or ()), format_)
