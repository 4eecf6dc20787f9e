"""When a scan first saw what waits on a target, so that its age can be judged.

One file a target, named as in a run's folder, with the ISO time of the first sighting of each
subject:

    {"schema": "hipscan-first-seen/1",
     "subjects": {"pending_update openssl": "2026-11-21T08:00:00+00:00"}}

A subject is forgotten once a scan could read the fact whole and no longer saw it; a scan that
could not read it forgets nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hipscan.documents import files
from hipscan.errors import UsageError
from hipscan.model import codec
from hipscan.model.fact import Fact, FactStatus
from hipscan.model.knowledge import at
from hipscan.model.snapshot import Snapshot

SCHEMA: Final = "hipscan-first-seen/1"
_LARGEST: Final = 16 * 1024 * 1024  # bytes of one target's file

# The facts whose records are remembered, and the field that names a record.
REMEMBERED: Final[Mapping[str, str]] = {"pending_update": "package"}


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """The ISO time at which each subject, `FACT NAME`, was first seen on one target."""

    subjects: Mapping[str, str] = field(default_factory=dict)


def load(path: Path) -> FirstSeen:
    """Return what `path` remembers, nothing where there is no such file.

    Raises UsageError for a file that is not ours: silently starting anew would make every
    waiting update young again.
    """
    if not path.exists():
        return FirstSeen()
    try:
        text = files.read(path, what="record of first sightings", limit=_LARGEST)
        found = codec.loads(SCHEMA, FirstSeen, text)
        for moment in found.subjects.values():
            at(moment)
    except ValueError as error:
        raise UsageError(
            f"{path} cannot be used: {error}", hint="move it away to start counting anew"
        ) from None
    return found


def save(path: Path, value: FirstSeen) -> None:
    """Write `value` to `path`, in a folder closed to others; raise OutputError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write(path, codec.dumps(SCHEMA, value))


def after(before: FirstSeen, snapshot: Snapshot) -> FirstSeen:
    """Return what is remembered once `snapshot` was seen."""
    subjects: dict[str, str] = {}
    for fact, name in REMEMBERED.items():
        subjects |= _of_fact(before.subjects, fact, name, snapshot)
    return FirstSeen(subjects)


def _of_fact(
    before: Mapping[str, str], name: str, subject: str, snapshot: Snapshot
) -> dict[str, str]:
    fact = snapshot.fact(name)
    now = [f"{name} {record[subject]}" for record in fact.records if subject in record]
    kept = now if _is_whole(fact) else [*now, *_known(before, name)]
    return {key: before.get(key, snapshot.taken) for key in kept}


def _is_whole(fact: Fact) -> bool:
    return fact.status in {FactStatus.OK, FactStatus.ABSENT}


def _known(before: Mapping[str, str], fact: str) -> list[str]:
    return [key for key in before if key.startswith(f"{fact} ")]
