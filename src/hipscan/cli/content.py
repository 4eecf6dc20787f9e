"""What a run judges by: packs, catalogue, knowledge; loaded once a run."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from hipscan.frameworks import catalogue
from hipscan.frameworks.catalogue import Framework
from hipscan.model.finding import Waiver
from hipscan.model.knowledge import Knowledge
from hipscan.probes import table
from hipscan.rules import content, lifecycles
from hipscan.rules.loader import load_packs
from hipscan.rules.pack import Pack
from hipscan.rules.vocabulary import Vocabulary


@cache
def framework() -> Framework:
    """Return the catalogue of the HIPAA Security Rule."""
    return catalogue.load(content.root() / "frameworks" / "hipaa.yaml")


@cache
def vocabulary() -> Vocabulary:
    """Return what rules may speak of."""
    return Vocabulary(table.facts(), framework().ids)


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
    return Knowledge(now or datetime.now(UTC).replace(microsecond=0), table, tuple(waivers))
