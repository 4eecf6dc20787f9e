"""`hipscan vulns`: known vulnerabilities of what is installed, a line a package."""

from typing import Annotated

import typer

from hipscan.cli.flags import Reach
from hipscan.cli.options import Vex


def vulns(
    reach: Reach,
    *,
    format_: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="table, or json with each CVE.")
    ] = "table",
    vex: Vex = None,
    cve: Annotated[
        str | None,
        typer.Option("--cve", metavar="CVE", help="Which hosts have it, by saved snapshots."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also what has no fix or is unimportant.")
    ] = False,
) -> int:
    """Look up what is installed in the index of known vulnerabilities.

    A target is a host or a snapshot file. With --cve no host is touched: snapshot
    files and runs are read, or the newest snapshot of each target in all runs.

    \b
    hipscan vulns local
    hipscan vulns web1.snapshot.json -f json
    hipscan vulns web1 --vex statements/
    hipscan vulns --cve CVE-2024-6387
    """
    from hipscan.cli import vulnerable  # noqa: PLC0415  # heavy: only when it runs

    lookup = vulnerable.Lookup.of(reach, tuple(vex or ()))
    if cve is not None:
        return vulnerable.which_hosts(lookup, cve, format_)
    return vulnerable.show(lookup, format_, every=every)
