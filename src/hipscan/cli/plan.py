"""`hipscan plan`: what would run on a target, and as whom. Nothing is run."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hipscan.cli.flags import Reach
from hipscan.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from hipscan.collect.collector import Order
    from hipscan.model.target import Target

_EXAMPLE_NONCE: Final = "0" * 32


def plan(
    reach: Reach,
    *,
    script: Annotated[
        bool, typer.Option("--script", help="Only the file to install for --become pinned.")
    ] = False,
    sudoers: Annotated[
        str | None,
        typer.Option("--sudoers", metavar="ACCOUNT", help="Only the line of sudoers for it."),
    ] = None,
) -> int:
    """Print the exact script, its data, and as whom it would run.

    \b
    hipscan plan web1 --become sudo
    hipscan plan --script > hipscan-collect
    hipscan plan --sudoers scan > hipscan.sudoers
    """
    from hipscan.cli import scanning, settings, targets  # noqa: PLC0415  # heavy: only when it runs
    from hipscan.collect.collector import sudoers_line  # noqa: PLC0415  # the same
    from hipscan.model.target import check_user  # noqa: PLC0415  # the same

    what = scanning.full_order(reach.timeout)
    if script and sudoers is not None:
        raise UsageError("--script and --sudoers are two files", hint="ask for one at a time")
    if script:
        sys.stdout.write(what.script.pinned)
    elif sudoers is not None:
        account = check_user(sudoers, where="--sudoers")
        sys.stdout.write(f"{sudoers_line(account, what.script)}\n")
    else:
        for target in targets.choose(settings.settle_reach(reach)):
            _print(target, what)
    return ExitCode.OK


def _print(target: "Target", what: "Order") -> None:
    from hipscan.collect.collector import call_data, make_request  # noqa: PLC0415  # heavy

    request = make_request(target, what, _EXAMPLE_NONCE)
    commands = sorted({name for probe in what.script.probes for name in probe.commands})
    sys.stdout.write(
        f"# target     {target.name}\n"
        f"# transport  {target.transport}\n"
        f"# privilege  {target.become}\n"
        f"# command    {request.command}\n"
        f"# sha256     {what.script.digest}\n"
        f"# programs   {' '.join(commands)} and the basic ones of a POSIX system\n"
        f"# The nonce differs in every run. Data:\n"
    )
    for line in call_data(target, what, _EXAMPLE_NONCE).splitlines():
        sys.stdout.write(f"#   {line}\n")
    sys.stdout.write(request.payload.decode())
