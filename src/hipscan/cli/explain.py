"""`hipscan explain`: all about one rule, offline."""

from typing import Annotated

import typer

from hipscan.cli import options


def explain(
    rule: Annotated[str, typer.Argument(help="A rule's id.")],
    *,
    pack: options.Packs = None,
) -> int:
    """Say what a rule checks, why, which controls it evidences, how to fix it, how it is proven.

    \b
    hipscan explain ssh-root-login
    """
    from hipscan.cli import explaining  # noqa: PLC0415  # heavy: only when it runs

    return explaining.explain(rule, tuple(pack or ()))
