"""Which targets a command means: arguments, inventory, or this machine."""

from dataclasses import replace

from hipscan.cli.flags import Reach
from hipscan.cli.settings import Settings
from hipscan.inventory.base import load
from hipscan.inventory.choose import from_argument, from_arguments, select
from hipscan.model.target import LOCAL, Target, TransportName


def choose(settings: Settings) -> tuple[Target, ...]:
    """Return the targets; names of the inventory win over hosts called the same."""
    reach = settings.reach
    known = load(reach.inventory, defaults=settings.defaults) if reach.inventory else ()
    if reach.targets:
        targets = from_arguments(reach.targets, known, defaults=settings.defaults)
    else:
        targets = known or (from_argument(LOCAL, settings.defaults),)
    if reach.limit:
        targets = select(targets, reach.limit)
    return tuple(_overridden(target, reach) for target in targets)


def _overridden(target: Target, flags: Reach) -> Target:
    """Return `target` with what flags say: they win over the inventory."""
    changed = replace(
        target,
        identity=flags.identity or target.identity,
        become=flags.become or target.become,
    )
    if flags.transport and target.transport is not TransportName.LOCAL:
        changed = replace(changed, transport=flags.transport)
    return changed
