"""What a scan keeps of a target before it judges it, and what it learns from earlier scans."""

from dataclasses import dataclass, replace
from pathlib import Path

from hipscan.cli import content
from hipscan.errors import UsageError
from hipscan.feeds import early_ends
from hipscan.feeds.applications import Source
from hipscan.feeds.known import matched, support
from hipscan.fleet.run_folder import RunFolder, file_name, read_target_knowledge
from hipscan.model.knowledge import TargetKnowledge
from hipscan.model.snapshot import Snapshot
from hipscan.store import first_seen


@dataclass(frozen=True, slots=True)
class Learning:
    """Keeps a snapshot and what is known of its target in the run's folder.

    `sightings` is the folder that remembers, over all runs, when what waits was first seen. A
    scan adds to it; judging a file again (`remembers` false) only reads it. `feeds` is the folder
    of the index of feeds, `products` the table of software that ships with hipscan.
    """

    folder: RunFolder
    sightings: Path
    remembers: bool = True
    feeds: Path | None = None
    products: Source = content.product

    def __call__(self, snapshot: Snapshot) -> TargetKnowledge:
        """Keep `snapshot`; return what is known of its target. Raises OutputError."""
        self.folder.write_snapshot(snapshot)
        known = self._known(snapshot)
        self.folder.write_target_knowledge(snapshot.target.name, known)
        return known

    def _known(self, snapshot: Snapshot) -> TargetKnowledge:
        """Return what is known; whatever cannot be known of it is a reason, not an end."""
        ends = support(self.feeds, snapshot, self.products)
        early, early_dated = early_ends.of_snapshot(snapshot, content.early_ends())
        known = TargetKnowledge(
            matched=matched(self.feeds, snapshot) if self.feeds else None,
            applications=ends.applications,
            lifecycles=ends.lifecycles,
            lifecycles_dated=ends.dated,
            ended=early,
            ended_dated=early_dated,
        )
        path = self.sightings / f"{file_name(snapshot.target.name)}.json"
        try:
            before = first_seen.load(path)
        except UsageError as error:
            why = {"first_seen": f"{error.message}; {error.hint}"}
            return replace(known, unknown=why)
        now = first_seen.after(before, snapshot)
        if self.remembers and now != before:
            first_seen.save(path, now)
        return replace(known, first_seen=now.subjects)


@dataclass(frozen=True, slots=True)
class Recalling:
    """Keeps a snapshot with what an earlier run knew of its target: `knowledge` is that run's."""

    folder: RunFolder
    knowledge: Path

    def __call__(self, snapshot: Snapshot) -> TargetKnowledge:
        """Keep `snapshot`; return what the earlier run knew. Raises OutputError and UsageError."""
        self.folder.write_snapshot(snapshot)
        known = read_target_knowledge(self.knowledge, snapshot.target.name)
        self.folder.write_target_knowledge(snapshot.target.name, known)
        return known
