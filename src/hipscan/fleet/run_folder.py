"""A run on disk: one folder, one file per target, written as targets finish.

    RUN/run.json              the head, the rules' texts, summary, frameworks
    RUN/knowledge.json        what was judged by
    RUN/knowledge/NAME.json   the same, of one target
    RUN/targets/NAME.json     results
    RUN/snapshots/NAME.json   facts, for `hipscan evaluate`

Folders are 0700, files 0600. File names are made of the inventory's name, never of what a host
calls itself.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from hipscan.documents import files
from hipscan.errors import OutputError, UsageError
from hipscan.model import codec, knowledge, snapshot
from hipscan.model.knowledge import Knowledge, TargetKnowledge
from hipscan.model.report import FrameworkResult, Report, RuleText, Run, Summary, TargetResult
from hipscan.model.snapshot import Snapshot

T = TypeVar("T")

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_FOLDERS: Final = ("targets", "snapshots", "knowledge")
_TARGET_SCHEMA: Final = "hipscan-target/1"
_RUN_SCHEMA: Final = "hipscan-run/1"


@dataclass(frozen=True, slots=True)
class RunHead:
    """What run.json holds."""

    run: Run
    rules: Mapping[str, RuleText]
    summary: Summary
    frameworks: tuple[FrameworkResult, ...]


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> "RunFolder":
        """Make the folder; raise OutputError where that is not possible."""
        try:
            for folder in (path, *(path / name for name in _FOLDERS)):
                _make(folder)
        except OSError as error:
            raise OutputError(
                f"the run's folder {path} cannot be made: {error.strerror}",
                hint="set HIPSCAN_STATE to a folder you may write to",
            ) from None
        return cls(path)

    def write_snapshot(self, value: Snapshot) -> Path:
        """Write one target's snapshot; return where."""
        path = self.path / "snapshots" / f"{file_name(value.target.name)}.json"
        files.write(path, codec.dumps(snapshot.SCHEMA, value))
        return path

    def write_target(self, result: TargetResult) -> None:
        """Write one target's result."""
        path = self.path / "targets" / f"{file_name(result.name)}.json"
        files.write(path, codec.dumps(_TARGET_SCHEMA, result))

    def write_knowledge(self, value: Knowledge) -> None:
        """Write what the run judges by."""
        files.write(self.path / "knowledge.json", codec.dumps(knowledge.SCHEMA, value))

    def write_target_knowledge(self, name: str, value: TargetKnowledge) -> None:
        """Write what the target `name` is judged by, beside what all are."""
        path = self.path / "knowledge" / f"{file_name(name)}.json"
        files.write(path, codec.dumps(knowledge.TARGET_SCHEMA, value))

    def finish(self, head: RunHead) -> Report:
        """Write the head; return the report that streams from this folder."""
        files.write(self.path / "run.json", codec.dumps(_RUN_SCHEMA, head))
        return self._report(head)

    def targets(self) -> Iterator[TargetResult]:
        """Yield the results of all targets, by name."""
        for path in sorted((self.path / "targets").glob("*.json")):
            yield read_target(path)

    def snapshots(self) -> Iterator[Snapshot]:
        """Yield the snapshots of all targets that were read, by name."""
        for path in sorted((self.path / "snapshots").glob("*.json")):
            yield read_snapshot(path)

    def report(self) -> Report:
        """Return the report of a finished run; raise UsageError for anything else."""
        if not (self.path / "run.json").is_file():
            raise UsageError(
                f"{self.path} is not the folder of a finished run", hint="it has no run.json"
            )
        return self._report(_read(self.path / "run.json", _RUN_SCHEMA, RunHead))

    def _report(self, head: RunHead) -> Report:
        return Report(
            *(head.run, head.rules, self.targets, head.summary, head.frameworks),
            snapshots=self.snapshots,
        )


def _make(folder: Path) -> None:
    """Make a folder that must not be there, and those above it, closed to everybody else."""
    for parent in reversed(folder.parents):
        if not parent.exists():
            parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700)


def file_name(name: str) -> str:
    """Return a file name for a target: readable, safe, and different for different targets."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_UNSAFE.sub('_', name)[:80]}-{digest}"


def read_snapshot(path: Path) -> Snapshot:
    """Return the snapshot in `path`; raise UsageError when it is none."""
    return _read(path, snapshot.SCHEMA, Snapshot)


def read_target(path: Path) -> TargetResult:
    """Return the result in `path`; raise UsageError when it is none."""
    return _read(path, _TARGET_SCHEMA, TargetResult)


def read_knowledge(path: Path) -> Knowledge:
    """Return the knowledge in `path`; raise UsageError when it is none."""
    return _read(path, knowledge.SCHEMA, Knowledge)


def read_target_knowledge(path: Path, name: str) -> TargetKnowledge:
    """Return what the run of the knowledge file `path` knew of the target `name`."""
    own = path.parent / "knowledge" / f"{file_name(name)}.json"
    if not own.exists():
        return TargetKnowledge()
    return _read(own, knowledge.TARGET_SCHEMA, TargetKnowledge)


def _read(path: Path, schema: str, kind: type[T]) -> T:
    try:
        return codec.loads(schema, kind, files.read(path, what="file", limit=256 * 1024 * 1024))
    except ValueError as error:
        raise UsageError(
            f"{path} cannot be used: {error}", hint="was it changed by hand?"
        ) from None
