"""Statements about vulnerabilities that a command was given: read before anything is scanned."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from hipscan.evidence import products
from hipscan.model.vex import Statement
from hipscan.sanitize import line

_MOST_NAMED: Final = 5


def load(paths: Sequence[Path]) -> tuple[Statement, ...]:
    """Return the statements in OpenVEX files and folders; raise UsageError with every mistake."""
    if not paths:
        return ()
    from hipscan.evidence import openvex  # noqa: PLC0415  # heavy: only when it is asked for

    return openvex.load(paths)


def name_strangers(said: Sequence[Statement], targets: Iterable[tuple[str, str]]) -> None:
    """Name on standard error the products that nothing here can be; `targets` as (name, host)."""
    hosts = {known for name, host in targets for known in products.names_of(name, host)}
    found = products.strangers(said, hosts) if said else {}
    for product, why in list(found.items())[:_MOST_NAMED]:
        _say(f"OpenVEX: {product} is not looked for: {why}")
    if len(found) > _MOST_NAMED:
        _say(f"OpenVEX: {len(found) - _MOST_NAMED} more products are not looked for")


def name_unheard(said: Sequence[Statement], spoke: int) -> None:
    """Say on standard error how many statements were about nothing that was looked up."""
    if spoke < len(said):
        _say(f"OpenVEX: {len(said) - spoke} of {len(said)} statements are about nothing found here")


def _say(text: str) -> None:
    sys.stderr.write(f"hipscan: {line(text)}\n")
