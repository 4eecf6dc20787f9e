"""Which targets a command means: arguments, inventory, or this machine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hipscan.errors import UsageError
from hipscan.inventory.choose import from_argument, select
from hipscan.inventory.yaml_file import read
from hipscan.model.target import LOCAL, Become, Target, TransportName


@dataclass(frozen=True, slots=True)
class Overrides:
    """Flags that win over what the inventory says."""

    identity: Path | None = None
    become: Become | None = None
    transport: TransportName | None = None


def choose(
    arguments: Sequence[str] | None,
    inventory: Path | None,
    limit: str | None,
    overrides: Overrides,
) -> tuple[Target, ...]:
    """Return the targets; names of the inventory win over hosts called the same."""
    known = read(inventory) if inventory else ()
    if arguments:
        by_name = {target.name: target for target in known}
        targets = tuple(by_name.get(word) or from_argument(word) for word in arguments)
    else:
        targets = known or (from_argument(LOCAL),)
    if limit:
        targets = select(targets, limit)
    if len({target.name for target in targets}) < len(targets):
        raise UsageError("a target is named twice", hint="name each target once")
    return tuple(_overridden(target, overrides) for target in targets)


def _overridden(target: Target, flags: Overrides) -> Target:
    changed = replace(
        target,
        identity=flags.identity or target.identity,
        become=flags.become or target.become,
    )
    if flags.transport and target.transport is not TransportName.LOCAL:
        changed = replace(changed, transport=flags.transport)
    return changed
