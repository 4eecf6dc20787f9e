"""What a run judges by: packs, catalogue, knowledge; loaded once a run."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from hipscan.feeds.applications import Cycles
from hipscan.feeds.early_ends import EarlyList
from hipscan.frameworks import reader
from hipscan.frameworks.catalogue import Framework, Standing
from hipscan.model.finding import Waiver
from hipscan.model.knowledge import Knowledge
from hipscan.probes import table
from hipscan.rules import content, lifecycles, products
from hipscan.rules import early_ends as early
from hipscan.rules.loader import load_packs
from hipscan.rules.pack import Pack
from hipscan.rules.vocabulary import Vocabulary

_CATALOGUE: Final = "hipaa.yaml"
_ORDER: Final = (Standing.CURRENT, Standing.PRACTICE, Standing.PROPOSED)


@cache
def framework() -> Framework:
    """Return the catalogue of the HIPAA Security Rule."""
    return reader.read(content.root() / "frameworks" / _CATALOGUE)


@cache
def frameworks() -> tuple[Framework, ...]:
    """Return the catalogue, and behind it the crosswalks onto it: law, practice, proposals."""
    base = framework()
    paths = sorted((content.root() / "frameworks").glob("*.yaml"))
    found = [reader.read(path, base) for path in paths if path.name != _CATALOGUE]
    return (base, *sorted(found, key=lambda item: _ORDER.index(item.status)))


@cache
def vocabulary() -> Vocabulary:
    """Return what rules may speak of."""
    return Vocabulary(table.facts(), framework().ids, framework().attested)


def packs(folders: Sequence[Path] | None) -> tuple[Pack, ...]:
    """Return the packs in `folders`, or the default pack."""
    return load_packs([pack_folder(item) for item in folders or (Path("hipaa"),)], vocabulary())


def pack_folder(path: Path) -> Path:
    """Return the folder of a pack: a path, or the name of one that ships with hipscan."""
    shipped = content.root() / path
    is_name = len(path.parts) == 1 and not path.exists()
    return shipped if is_name and shipped.is_dir() else path


def knowledge(waivers: Sequence[Waiver] = (), *, now: datetime | None = None) -> Knowledge:
    """Return what hipscan knows beside the hosts, as of `now`."""
    table = lifecycles.load(content.root() / "lifecycles.yaml")
    moment = now or datetime.now(UTC).replace(microsecond=0)
    return Knowledge(moment, table.lifecycles, tuple(waivers), lifecycles_dated=table.dated)


def product(name: str) -> Cycles | None:
    """Return what the table that ships with hipscan says of a product, None for others."""
    return _products().get(name)


@cache
def early_ends() -> Mapping[str, EarlyList]:
    """Return the lists of Debian packages whose support ends early that ship, by release."""
    return early.load(content.root() / "early_ends.yaml")


@cache
def _products() -> Mapping[str, Cycles]:
    return products.load(content.root() / "products.yaml")
