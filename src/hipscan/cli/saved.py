"""Snapshots of earlier runs: the newest of each target."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hipscan.fleet.run_folder import read_snapshot
from hipscan.model.knowledge import at
from hipscan.model.snapshot import Snapshot

_RUN: Final = re.compile(r"(\d{8}T\d{6})Z-[0-9a-f]+")


def newest(state: Path, fact: str) -> Iterator[Snapshot]:
    """Yield the newest snapshot of each target in the runs below `state`, by name.

    One that has records of `fact` is better than any newer one that has none: a scan for a single
    rule reads little.

    What was read is newer than the run that read it began, so with such a snapshot no earlier run
    has to be looked at. A run that judged files again holds copies of older snapshots.
    """
    found: dict[str, Snapshot] = {}
    settled: set[str] = set()
    for began, run in _runs(state / "runs"):
        for path in (run / "snapshots").glob("*.json"):
            if path.name in settled:
                continue
            snapshot = read_snapshot(path)
            held = found.get(path.name)
            if held is None or _rank(snapshot, fact) > _rank(held, fact):
                found[path.name] = snapshot
            if snapshot.fact(fact).records and at(snapshot.taken) >= began:
                settled.add(path.name)
    yield from sorted(found.values(), key=lambda item: item.target.name)


def _rank(snapshot: Snapshot, fact: str) -> tuple[bool, datetime]:
    return bool(snapshot.fact(fact).records), at(snapshot.taken)


def _runs(folder: Path) -> Iterator[tuple[datetime, Path]]:
    """Yield (when it began, folder) of the runs, newest first."""
    for path in sorted(folder.glob("*"), reverse=True):
        match = _RUN.fullmatch(path.name)
        if match:
            yield datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC), path
