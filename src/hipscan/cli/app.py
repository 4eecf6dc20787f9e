"""The commands of hipscan. Each lives in a file of its own and imports what is heavy inside."""

from typing import Annotated

import typer

from hipscan import __version__
from hipscan.cli import feeds, rules
from hipscan.cli.check import check
from hipscan.cli.collect import collect
from hipscan.cli.evaluate import evaluate
from hipscan.cli.explain import explain
from hipscan.cli.fix import fix
from hipscan.cli.frameworks import frameworks
from hipscan.cli.groups import grouped
from hipscan.cli.init import init
from hipscan.cli.plan import plan
from hipscan.cli.report import report
from hipscan.cli.scan import scan
from hipscan.cli.vulns import vulns

_EXIT_CODES = """Exit status: 0 nothing at or above --fail-on, 1 something is, 2 wrong usage,
3 something could not be scanned or judged, 4 an output could not be written, 70 a bug,
130 interrupted, 143 terminated."""

_VULNS_CODES = """Exit status: 0 nothing that has a fix or is exploited (--cve: no host has
it), 1 something is found, 2 wrong usage, 3 something could not be looked up, or
the data cannot say that there is nothing (too old, no list of what is
exploited); 4, 70, 130, 143 as for scan."""

app = typer.Typer(
    name="hipscan",
    help="Tell which HIPAA safeguards hold on Linux hosts, over SSH, with nothing installed there.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:  # noqa: FBT001  # typer's way of a flag
    if value:
        typer.echo(f"hipscan {__version__}")
        raise typer.Exit


@app.callback()
def hipscan(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Tell which HIPAA safeguards hold on Linux hosts, with nothing installed there."""
    del version


_COMMANDS = (scan, collect, evaluate, vulns, plan, check, explain, frameworks, report, fix, init)
for _command in _COMMANDS:
    _epilog = _VULNS_CODES if _command is vulns else _EXIT_CODES
    app.command(_command.__name__, epilog=_epilog)(grouped(_command))
app.add_typer(rules.app, name="rules")
app.add_typer(feeds.app, name="feeds")
