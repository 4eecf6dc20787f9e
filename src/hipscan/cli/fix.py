"""`hipscan fix`: the fixes for what a run found, as a script or a playbook to review."""

from typing import Annotated

import typer

from hipscan.cli import options


def fix(
    report: Annotated[str, typer.Argument(help="A run's id or folder, `last`, or a JSON report.")],
    *,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="NAME", help="For this target; repeatable."),
    ] = None,
    rule: options.Only = None,
    skip: options.Skip = None,
    pack: options.Packs = None,
    format_: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="shell, or ansible.")
    ] = "shell",
) -> int:
    """Write the fixes for what failed; a person reviews and runs them.

    \b
    hipscan fix last --target web1 > fix-web1.sh
    hipscan fix report.json --rule 'ssh-*' -f ansible > fix.yaml
    """
    from hipscan.cli import fixing  # noqa: PLC0415  # heavy: only when it runs

    chosen = fixing.Choice(tuple(target or ()), tuple(rule or ()), tuple(skip or ()))
    return fixing.write_fixes(report, chosen, tuple(pack or ()), format_)
