"""What an inventory source offers, and the table of them, loaded on first use."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol, cast

from hipscan.model.target import Become, Target, TransportName


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for targets of which nothing else is said: hipscan.yaml, the environment."""

    become: Become | None = None
    transport: TransportName | None = None
    identity: Path | None = None


NO_DEFAULTS: Final = Defaults()


@dataclass(frozen=True, slots=True)
class Reach:
    """How one host is reached, as far as a source or a word says it; None: it does not."""

    name: str
    host: str
    port: int | None = None
    user: str | None = None
    transport: TransportName | None = None
    become: Become | None = None
    identity: Path | None = None


def with_defaults(reach: Reach, defaults: Defaults) -> Target:
    """Return the target that `reach` describes; this machine needs no login."""
    become = reach.become or defaults.become or Become.NONE
    if reach.transport is TransportName.LOCAL:
        return Target(reach.name, reach.host, transport=TransportName.LOCAL, become=become)
    return Target(
        name=reach.name,
        host=reach.host,
        port=reach.port,
        user=reach.user,
        transport=reach.transport or defaults.transport or TransportName.PARAMIKO,
        become=become,
        identity=reach.identity or defaults.identity,
    )


class Source(Protocol):
    """A kind of inventory: a module that reads one file."""

    def read(self, path: Path, defaults: Defaults) -> tuple[Target, ...]:
        """Return the targets in the order of the file, at least one; raise UsageError."""


SOURCES: Final[Mapping[str, str]] = MappingProxyType({"yaml": "hipscan.inventory.yaml_file"})


def load(
    path: Path, *, source: str = "yaml", defaults: Defaults = NO_DEFAULTS
) -> tuple[Target, ...]:
    """Return the targets of the inventory at `path`; raise UsageError with every mistake.

    What the inventory says wins over `defaults`.
    """
    return cast("Source", import_module(SOURCES[source])).read(path, defaults)
