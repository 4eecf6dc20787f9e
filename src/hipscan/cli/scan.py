"""`hipscan scan`: look at targets, judge them, report."""

from hipscan.cli.flags import Criteria, Reach, Wanted


def scan(reach: Reach, criteria: Criteria, wanted: Wanted) -> int:
    """Scan targets and report what is wrong.

    \b
    hipscan scan local
    hipscan scan admin@web1 db1 --become sudo --ask-sudo-password
    hipscan scan -i inventory.yaml -l 'web*' -o html=report.html --fail-on high
    """
    from hipscan.cli import scanning  # noqa: PLC0415  # heavy: only when it runs

    return scanning.scan(reach, criteria, wanted)
