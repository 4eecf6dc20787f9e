"""Snapshots on the disk: the newest of each target in earlier runs, those of a folder.

Which hosts have something is asked of snapshots; targets that a run did not reach have none, and
are named all the same.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hipscan.errors import UsageError
from hipscan.fleet.run_folder import read_snapshot, read_target
from hipscan.model.knowledge import at
from hipscan.model.report import TargetResult
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


def unread(runs: Iterable[Path]) -> Iterator[TargetResult]:
    """Yield the targets of which none of `runs` has a snapshot, as the first of them has them."""
    folders = tuple(runs)
    read = {path.name for run in folders for path in (run / "snapshots").glob("*.json")}
    found: dict[str, Path] = {}
    for run in folders:
        for path in (run / "targets").glob("*.json"):
            if path.name not in read:
                found.setdefault(path.name, path)
    yield from sorted(map(read_target, found.values()), key=lambda item: item.name)


def runs(state: Path) -> tuple[Path, ...]:
    """Return the folders of the runs below `state`, newest first."""
    return tuple(path for _, path in _runs(state / "runs"))


def inside(folder: Path) -> tuple[Snapshot, ...]:
    """Return the snapshots in a folder, that of a run or any other; UsageError if there is none."""
    place = folder / "snapshots" if (folder / "snapshots").is_dir() else folder
    found = tuple(read_snapshot(path) for path in sorted(place.glob("*.json")))
    if not found and not (folder / "targets").is_dir():
        raise UsageError(f"no snapshot is in {folder}", hint="hipscan collect -d FOLDER TARGET")
    return found


def _rank(snapshot: Snapshot, fact: str) -> tuple[bool, datetime]:
    return bool(snapshot.fact(fact).records), at(snapshot.taken)


def _runs(folder: Path) -> Iterator[tuple[datetime, Path]]:
    """Yield (when it began, folder) of the runs, newest first."""
    for path in sorted(folder.glob("*"), reverse=True):
        match = _RUN.fullmatch(path.name)
        if match:
            yield datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC), path
