"""The inventory in YAML.

    defaults: {user: scan, become: sudo}
    groups:
      web: {variables: {idle_minutes: 10}, phi_paths: [/srv/phi], hosts: [web1]}
    hosts:
      web1: {address: 10.0.0.5, port: 2222}
      db1: {groups: [web], become: pinned}
      this: {transport: local}

A setting of the host wins over its groups', a later group of the file over an earlier one, and
every group over the defaults. `variables` are merged in that order, key by key. `phi_paths` add
up, so that no level can hide a path that another has named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from hipscan.documents import files, schema, yaml
from hipscan.errors import DocumentError
from hipscan.inventory import references
from hipscan.inventory.base import NO_DEFAULTS, Defaults, Reach, with_defaults
from hipscan.inventory.schema import Group, Host, Inventory, Settings
from hipscan.model.target import LOCAL, Target, TransportName

_NOTHING: Final = Settings()
_NO_HOST: Final = Host()


def read(path: Path, defaults: Defaults = NO_DEFAULTS) -> tuple[Target, ...]:
    """Return the targets of the inventory at `path`; raise UsageError with every mistake."""
    content = files.read(path, what="inventory", limit=yaml.MAX_BYTES)
    return parse(content, name=str(path), folder=path.parent, defaults=defaults)


def parse(
    text: bytes | str, *, name: str, folder: Path, defaults: Defaults = NO_DEFAULTS
) -> tuple[Target, ...]:
    """Return the targets of the inventory in `text`; relative paths in it start at `folder`."""
    document = yaml.load(text, name=name)
    if document.value is None:
        raise DocumentError((document.mistake((), "the inventory is empty", "add hosts:"),))
    mistakes = list(references.mistakes(document))
    targets: tuple[Target, ...] = ()
    try:
        inventory = schema.check(document, Inventory)
        targets = tuple(_targets(inventory, folder.absolute(), defaults))
    except DocumentError as error:
        mistakes += error.mistakes
    mistakes += references.alike(document, targets)
    if mistakes:
        raise DocumentError(tuple(mistakes))
    return targets


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of an inventory, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Inventory.model_json_schema(),
    }


def _targets(inventory: Inventory, folder: Path, defaults: Defaults) -> Iterator[Target]:
    members = _members(inventory)
    for name, host in inventory.hosts.items():
        groups = members[name]
        levels = [inventory.groups.get(group) for group in groups]
        settings = [level or _NOTHING for level in (inventory.defaults, *levels, host)]
        reach = _reach(name, host or _NO_HOST, settings, folder)
        yield _target(with_defaults(reach, defaults), groups, settings)


def _members(inventory: Inventory) -> Mapping[str, tuple[str, ...]]:
    """Return the groups of each host, in the order of the file."""
    found: dict[str, list[str]] = {name: [] for name in inventory.hosts}
    for group, model in inventory.groups.items():
        listed = (model or Group()).hosts
        for name, host in inventory.hosts.items():
            if name in listed or (host and group in host.groups):
                found[name].append(group)
    return {name: tuple(groups) for name, groups in found.items()}


def _target(target: Target, groups: tuple[str, ...], levels: Sequence[Settings]) -> Target:
    """Return `target` with what is known about it."""
    return replace(
        target,
        groups=groups,
        variables={key: value for level in levels for key, value in level.variables.items()},
        phi=bool(_last(levels, "phi")),
        phi_paths=tuple(dict.fromkeys(path for level in levels for path in level.phi_paths)),
    )


def _reach(name: str, host: Host, levels: Sequence[Settings], folder: Path) -> Reach:
    """Return how the host is reached, as far as the inventory says it."""
    identity: str | None = _last(levels, "identity")
    transport: TransportName | None = _last(levels, "transport")
    here = name == LOCAL and not host.address
    return Reach(
        name=name,
        host=host.address or name,
        port=_last(levels, "port"),
        user=_last(levels, "user"),
        transport=transport or (TransportName.LOCAL if here else None),
        become=_last(levels, "become"),
        identity=folder / Path(identity).expanduser() if identity else None,
    )


def _last(levels: Sequence[Settings], field: str) -> Any:  # noqa: ANN401  # any field's type
    """Return what the highest level that says anything about `field` says."""
    values = (getattr(level, field) for level in reversed(levels))
    return next((value for value in values if value is not None), None)
