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


def newest(state: Path) -> Iterator[Snapshot]:
    """Yield the newest snapshot of each target in the runs below `state`, by name.

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
            if held is None or at(snapshot.taken) > at(held.taken):
                found[path.name] = snapshot
            if at(snapshot.taken) >= began:
                settled.add(path.name)
    yield from sorted(found.values(), key=lambda item: item.target.name)


def _runs(folder: Path) -> Iterator[tuple[datetime, Path]]:
    """Yield (when it began, folder) of the runs, newest first."""
    for path in sorted(folder.glob("*"), reverse=True):
        match = _RUN.fullmatch(path.name)
        if match:
            yield datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC), path
