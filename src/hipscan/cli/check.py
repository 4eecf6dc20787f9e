"""`hipscan check`: whether targets can be scanned."""

from hipscan.cli.flags import Reach


def check(reach: Reach) -> int:
    """Say of each target whether it can be reached, trusted, logged in to, and with what rights.

    \b
    hipscan check web1 db1
    hipscan check -i inventory.yaml
    """
    from hipscan.cli import collecting  # noqa: PLC0415  # heavy: only when it runs

    return collecting.check_all(reach)
