"""What holds unless a flag says otherwise: environment > hipscan.yaml > user file > system file.

    # hipscan.yaml
    inventory: inventory.yaml
    fail_on: high
    set: {idle_minutes: 10}
    waivers:
      - {rule: ssh-*, target: web1, reason: old clients until May, owner: ann, until: "2027-05-31"}

`--config`, or HIPSCAN_CONFIG, names a file that stands in for ./hipscan.yaml. Every key is read
from HIPSCAN_KEY too, but for the waivers. `set` is merged name by name, `waivers` add up, and of
everything else the nearest source that says it counts. Relative paths start at the folder of the
file that has them.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hipscan.config import environment
from hipscan.config.schema import ConfigModel, WaiverModel
from hipscan.documents import files, schema, yaml
from hipscan.documents.document import Document
from hipscan.errors import UsageError
from hipscan.model.finding import Severity, Waiver
from hipscan.model.target import Become, TransportName

PROJECT_FILE: Final = "hipscan.yaml"
SYSTEM_FILE: Final = Path("/etc/hipscan/config.yaml")
_PATHS: Final = frozenset({"inventory", "known_hosts", "ssh_config", "identity"})


@dataclass(frozen=True, slots=True)
class Config:
    """What the sources say together; None and empty where none of them says anything.

    `origins` tells where a key's value comes from: `hipscan.yaml:3:1` or a variable's name. The
    entries of `set` have their own, as `set.NAME`.
    """

    inventory: Path | None = None
    packs: tuple[Path, ...] = ()
    profile: str | None = None
    set: Mapping[str, object] = field(default_factory=dict)
    fail_on: str | None = None
    severity: Severity | None = None
    jobs: int | None = None
    become: Become | None = None
    transport: TransportName | None = None
    known_hosts: Path | None = None
    ssh_config: Path | None = None
    identity: Path | None = None
    feeds: Mapping[str, str] = field(default_factory=dict)
    vex: tuple[Path, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Layer:
    """One source: what it says, where its relative paths start, and where each key stands."""

    model: ConfigModel
    folder: Path
    origin: Callable[[Sequence[str]], str]


def load(
    named: Path | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    folder: Path | None = None,
    system: Path = SYSTEM_FILE,
) -> Config:
    """Return what environment and files say; `named` is the file of `--config`.

    Raises UsageError with every mistake of the first source that has some.
    """
    known = os.environ if variables is None else variables
    here = (folder or Path()).absolute()
    layers = [_Layer(environment.read(known), here, _variable)]
    layers += [
        _from_file(path, is_named=is_named)
        for path, is_named in _paths(named, known, here, system)
        if is_named or path.exists()
    ]
    return _merged(layers)


def _variable(keys: Sequence[str]) -> str:
    return f"{environment.PREFIX}{keys[0].upper()}"


def _paths(
    named: Path | None, variables: Mapping[str, str], here: Path, system: Path
) -> Iterator[tuple[Path, bool]]:
    """Yield the files from the nearest to the farthest, and whether somebody named them."""
    explicit = named or (Path(text) if (text := variables.get(environment.FILE)) else None)
    yield (here / explicit.expanduser(), True) if explicit else (here / PROJECT_FILE, False)
    base = variables.get("XDG_CONFIG_HOME", "")
    if not base.startswith("/"):  # the specification wants relative ones ignored
        base = f"{variables['HOME']}/.config" if variables.get("HOME") else ""
    if base:
        yield Path(base, "hipscan", "config.yaml"), False
    yield system, False


def _from_file(path: Path, *, is_named: bool) -> _Layer:
    def judge(status: os.stat_result) -> None:
        if status.st_mode & stat.S_IWOTH:
            raise UsageError(f"{path} can be changed by everybody", hint=f"chmod o-w {path}")
        if not is_named and status.st_uid not in {0, os.geteuid()}:
            raise UsageError(
                f"{path} belongs to another user (uid {status.st_uid})",
                hint="name it with --config if you trust it, or change its owner",
            )

    content = files.read(path, what="configuration", limit=yaml.MAX_BYTES, judge=judge)
    document = yaml.load(content, name=_short(path))
    value = {} if document.value is None else document.value
    model = schema.check(Document(document.name, value, document.top), ConfigModel)
    return _Layer(model, path.parent, lambda keys: str(document.position(keys, key=True)))


def _short(path: Path) -> str:
    """Return the path as seen from the current folder, where it is inside."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _merged(layers: Sequence[_Layer]) -> Config:
    """Join the layers, of which the first is the nearest."""
    said: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for key in layer.model.model_fields_set - {"set", "waivers"}:
            value = getattr(layer.model, key)
            if key not in said and value is not None:
                said[key] = _placed(key, value, layer.folder)
                origins[key] = layer.origin((key,))
    variables: dict[str, object] = {}
    for layer in reversed(layers):
        variables.update(layer.model.set)
        origins.update({f"set.{name}": layer.origin(("set", name)) for name in layer.model.set})
    waivers = tuple(_waiver(model) for layer in layers for model in layer.model.waivers)
    return Config(**said, set=variables, waivers=waivers, origins=origins)


def _placed(key: str, value: object, folder: Path) -> object:
    """Return a value of a layer as `Config` has it; paths start at the layer's folder."""
    if key in _PATHS:
        return folder / Path(str(value)).expanduser()
    if key == "packs" and isinstance(value, tuple):
        return tuple(_pack(str(name), folder) for name in value)
    if key == "vex" and isinstance(value, tuple):
        return tuple(folder / Path(name).expanduser() for name in value)
    return value


def _pack(name: str, folder: Path) -> Path:
    """Return the path of a pack; a bare name that is no folder here is one that ships."""
    path = folder / Path(name).expanduser()
    return Path(name) if "/" not in name and not path.exists() else path


def _waiver(model: WaiverModel) -> Waiver:
    return Waiver(**model.model_dump())
