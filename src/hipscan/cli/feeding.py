"""The work behind `hipscan feeds`."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hipscan.cli import runner
from hipscan.config import load
from hipscan.errors import ExitCode, HipscanError, UsageError
from hipscan.feeds import importing, planning, table
from hipscan.feeds.base import Imported
from hipscan.feeds.build import building
from hipscan.feeds.index import opened
from hipscan.model.advisory import FeedState
from hipscan.model.knowledge import at
from hipscan.sanitize import block, line


def update(names: Sequence[str], config: Path | None, *, quiet: bool) -> int:
    """Download feeds; 3 when one could not be had or is not what it should be."""
    from hipscan.feeds import updating  # noqa: PLC0415  # it alone needs HTTP

    folder, mirrors = runner.feeds_folder(), load(config).feeds
    results = updating.update(
        updating.names(names, folder),
        folder,
        mirrors,
        say=(lambda _text: None) if quiet else _say,
    )
    for result in results:
        if result.error:
            _explain(result.error)
        elif result.imported:
            _tell(result.imported)
        else:
            sys.stdout.write(f"{result.name:22} has not changed\n")
    failed = any(result.error for result in results)
    return ExitCode.INCOMPLETE if failed else ExitCode.OK


def import_files(paths: Sequence[Path]) -> int:
    """Import files; 3 when one is not what it should be.

    Data older than those in the index are left out, which is no error.
    """
    works, strange = planning.plan(paths)
    done: list[Imported] = []
    failures: list[importing.Failure] = []
    if works:
        with building(runner.feeds_folder()) as build:
            done, failures = importing.run_all(works, build)
    for imported in done:
        _tell(imported)
    for failure in failures:
        _explain(failure.error)
    for item in strange:
        _say(f"{item.path} {item.why}")
    if not works and not strange:
        _say("there is nothing to import; name a file or a folder of feeds")
    is_wrong = any(not failure.is_kept for failure in failures)
    is_missed = any(item.is_wrong or item.path in paths for item in strange)
    return ExitCode.INCOMPLETE if is_wrong or is_missed or not works else ExitCode.OK


def _tell(imported: Imported) -> None:
    left_out = f", {imported.skipped} left out" if imported.skipped else ""
    sys.stdout.write(
        f"{line(imported.name):22} {imported.records:>9,} records{left_out},"
        f" of {imported.dated[:10]}\n"
    )


def status(name: str) -> int:
    """Print what is in the index, a line a feed, or every field as JSON."""
    with opened(runner.feeds_folder()) as index:
        feeds = index.feeds() if index else ()
    entries = [_entry(feed, datetime.now(UTC)) for feed in feeds]
    if name == "json":
        sys.stdout.write(json.dumps(entries, indent=1) + "\n")
    elif name == "table":
        for entry in entries:
            sys.stdout.write(_row(entry) + "\n")
        if not entries:
            _say("no feed was imported; hipscan feeds update gets them")
    else:
        raise UsageError(f"unknown format {name!r}", hint="table or json")
    return ExitCode.OK


def _entry(feed: FeedState, now: datetime) -> dict[str, object]:
    kind = table.feeds().get(feed.name.partition(":")[0])
    return {
        "name": feed.name,
        "title": kind.title if kind else "",
        "dated": feed.dated,
        "age_days": (now - at(feed.dated)).days,
        "imported": feed.imported,
        "records": feed.records,
        "source": feed.source,
    }


def _row(entry: dict[str, object]) -> str:
    return line(
        f"{entry['name']:22} {entry['records']:>9,} records, of {str(entry['dated'])[:10]}"
        f" ({entry['age_days']} days old), imported {str(entry['imported'])[:10]}"
        f" from {entry['source']}"
    )


def _explain(error: HipscanError) -> None:
    _say(error.message)
    if error.hint:
        sys.stderr.write(f"  try: {block(error.hint)}\n")


def _say(text: str) -> None:
    sys.stderr.write(f"hipscan: {block(text)}\n")
