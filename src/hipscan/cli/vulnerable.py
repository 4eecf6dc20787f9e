"""The work behind `hipscan vulns`: snapshots in, what the index says of them out.

Exit statuses: 1 when something is found that somebody has to act on, 3 when something could not be
looked up or the data are too old to say that there is nothing.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from hipscan.cli import runner, runs, saved, statements, vulnerable_json, vulnerable_text
from hipscan.cli.collecting import Collector
from hipscan.cli.flags import Criteria, Reach, Wanted
from hipscan.cli.progress import Progress
from hipscan.cli.runner import at_a_time
from hipscan.cli.scanning import DEFAULT_JOBS, DEFAULT_SECONDS, connect
from hipscan.cli.settings import Settings, settle
from hipscan.cli.targets import choose
from hipscan.cli.vulnerable_text import Seen
from hipscan.collect.collector import Collected, order
from hipscan.errors import ExitCode, TargetError, UsageError
from hipscan.evidence.vouching import vouched
from hipscan.feeds import one_cve
from hipscan.feeds.base import FeedError
from hipscan.feeds.index import opened
from hipscan.feeds.known import matched
from hipscan.fleet.pool import run_on, threads
from hipscan.fleet.run_folder import read_snapshot
from hipscan.model import aging
from hipscan.model.advisory import Matched, State
from hipscan.model.knowledge import Knowledge
from hipscan.model.snapshot import Snapshot
from hipscan.model.vex import Statement
from hipscan.probes import table
from hipscan.probes.packages.vulnerability import doubts, kernel_doubt, package_doubt
from hipscan.sanitize import block
from hipscan.transport.base import Budget

_CVE: Final = re.compile(r"CVE-\d{4}-\d{4,19}")


@dataclass(frozen=True, slots=True)
class Lookup:
    """What was asked: the targets in words, how to reach them, and what somebody states of them."""

    settings: Settings
    targets: tuple[str, ...]
    vex: tuple[Statement, ...]

    @classmethod
    def of(cls, reach: Reach, vex: tuple[Path, ...]) -> Self:
        """Return what `reach` asks for; raise UsageError with every mistake in the statements."""
        settings = settle(reach, Criteria(vex=vex), Wanted())
        return cls(settings, reach.targets, statements.load(settings.criteria.vex))


def show(lookup: Lookup, name: str, *, every: bool) -> int:
    """Print what hosts and snapshot files have; return the exit status."""
    _check(name)
    seen = list(_looked_up(lookup))
    _name_strangers(lookup, seen)
    if not lookup.settings.reach.quiet:
        spoke = {number for each in seen for number in each.spoke}
        statements.name_unheard(lookup.vex, len(spoke))
    if name == "json":
        sys.stdout.write(vulnerable_json.document(seen))
        _remark(f"{each.target}: {'; '.join(vulnerable_text.remarks(each))}" for each in seen)
    else:
        _print(vulnerable_text.packages(seen, every=every))
    found = [advisory for each in seen for advisory in each.found]
    status = _status(seen, is_found=any(map(vulnerable_text.is_urgent, found)))
    is_told = not any(map(vulnerable_text.is_undecided, found))
    return status if status or is_told else ExitCode.INCOMPLETE


def _name_strangers(lookup: Lookup, seen: Sequence[Seen]) -> None:
    if not lookup.settings.reach.quiet:
        statements.name_strangers(lookup.vex, ((each.target, each.host) for each in seen))


def which_hosts(lookup: Lookup, cve: str, name: str) -> int:
    """Print which of the saved snapshots have `cve`; return the exit status."""
    _check(name)
    wanted = cve.strip().upper()
    if not _CVE.fullmatch(wanted):
        raise UsageError(
            f"--cve {cve!r} is no CVE",
            hint="--cve CVE-2024-6387; the page of an advisory names its CVEs",
        )
    places = [_place(word) for word in lookup.targets]
    snapshots, unread = _files(places) if places else _earlier()
    if not snapshots and not unread:
        raise UsageError("there is no snapshot yet", hint="hipscan scan, or hipscan collect")
    _check_index()
    packages = _concerned(wanted)
    seen = [*(_answered(each, lookup, wanted, packages) for each in snapshots), *unread]
    _name_strangers(lookup, seen)
    if name == "json":
        sys.stdout.write(vulnerable_json.document(seen))
        _remark(vulnerable_text.hosts(seen, wanted))
    else:
        _print(vulnerable_text.hosts(seen, wanted))
    if not packages:
        _say(f"no feed in the index knows {wanted}: that no host has it cannot be told")
    has_it = {State.FIXABLE, State.UNFIXED}
    status = _status(
        seen, is_found=any(item.state in has_it for each in seen for item in each.found)
    )
    is_told = packages and not any(
        item.state is State.UNKNOWN for each in seen for item in each.found
    )
    return status if status or is_told else ExitCode.INCOMPLETE


def _concerned(cve: str) -> one_cve.Concerned:
    with opened(runner.feeds_folder()) as index:
        return one_cve.concerned(index, cve) if index else frozenset()


def _answered(snapshot: Snapshot, lookup: Lookup, cve: str, packages: one_cve.Concerned) -> Seen:
    """Return what is known of a target about one CVE: that it has it, or why not."""
    seen = _judge(snapshot, lookup)
    found = tuple(item for item in seen.found if cve in {item.cve, *item.cves})
    if found or seen.reason or any(known(snapshot.fact) for known in (package_doubt, kernel_doubt)):
        return replace(seen, found=found)
    said = one_cve.answer(packages, snapshot)
    doubt = "; ".join(filter(None, (said.doubt, seen.doubt)))
    return replace(seen, found=(), because=said.because, doubt=doubt)


def _check(name: str) -> None:
    if name not in {"table", "json"}:
        raise UsageError(f"unknown format {name!r}", hint="table or json")


def _check_index() -> None:
    """Raise FeedError when there is no index."""
    with opened(runner.feeds_folder()) as index:
        if index is None or not index.feeds():
            raise FeedError(
                "there is no index of known vulnerabilities",
                hint="hipscan feeds update; without internet, hipscan feeds import FILE...",
            )


def _is_file(word: str) -> bool:
    return "/" in word or word.endswith(".json")


def _place(word: str) -> Path:
    """Return the file or folder of snapshots that `word` names: a path, or a run."""
    place = Path(word) if _is_file(word) else runs.folder(word)
    if not _is_file(word) and not place.is_dir():
        raise UsageError(
            f"--cve reads saved snapshots, and {word!r} is none", hint="files, runs, or nothing"
        )
    return place


def _files(paths: Sequence[Path]) -> tuple[tuple[Snapshot, ...], tuple[Seen, ...]]:
    """Return the snapshots in files and folders, and what the runs among these could not read."""
    folders = [path for path in paths if path.is_dir()]
    found = [read_snapshot(path) for path in paths if path not in folders]
    inside = [snapshot for folder in folders for snapshot in saved.inside(folder)]
    return (*found, *inside), tuple(_unread(folders))


def _earlier() -> tuple[tuple[Snapshot, ...], tuple[Seen, ...]]:
    """Return the newest snapshot of every target that was ever scanned, and what never was read."""
    state = runner.state_folder()
    return tuple(saved.newest(state, "package")), tuple(_unread(saved.runs(state)))


def _unread(folders: Iterable[Path]) -> Iterator[Seen]:
    for result in saved.unread(folders):
        yield Seen(result.name, datetime.now(UTC), reason=f"never read: {result.reason}")


def _looked_up(lookup: Lookup) -> Iterator[Seen]:
    _check_index()
    snapshots, unread = _files([Path(word) for word in lookup.targets if _is_file(word)])
    yield from (_judge(snapshot, lookup) for snapshot in snapshots)
    yield from unread
    hosts = tuple(word for word in lookup.targets if not _is_file(word))
    if hosts or not lookup.targets:
        yield from _collected(lookup, hosts)


def _collected(lookup: Lookup, hosts: tuple[str, ...]) -> Iterator[Seen]:
    """Read from every host what the lookup needs; yield what is known of each."""
    reach = replace(lookup.settings.reach, targets=hosts)
    targets = choose(replace(lookup.settings, reach=reach))
    what = order(
        table.probes_for(("vulnerability",)),
        budget=Budget(seconds=reach.timeout or DEFAULT_SECONDS),
    )
    work = Collector(what, connect(reach))
    count = at_a_time(reach.jobs or DEFAULT_JOBS, len(targets))
    with Progress(len(targets), quiet=reach.quiet) as progress, threads(count) as pool:
        for target, result in run_on(targets, progress.watched(work), pool):
            if isinstance(result, TargetError):
                why = f"not reached: {result.cause}: {result.message}"
                reason = f"{why}; {result.hint}" if result.hint else why
                yield Seen(target.name, datetime.now(UTC), host=target.host, reason=reason)
            elif isinstance(result, Collected):
                yield _judge(result.snapshot, lookup)
            else:
                raise result


def _judge(snapshot: Snapshot, lookup: Lookup) -> Seen:
    now = datetime.now(UTC)
    seen = Seen(snapshot.target.name, now, host=snapshot.target.host, taken=snapshot.taken)
    days = lookup.settings.set.get("feed_days")
    limit = days if isinstance(days, int) else Knowledge(now).feed_days
    known = matched(runner.feeds_folder(), snapshot)
    if known is None or known.reason:
        why = known.reason if known else "the index of feeds has gone"
        return replace(seen, reason=why)
    said = vouched(known, snapshot, lookup.vex)
    return replace(
        seen,
        found=tuple(aging.aged(said.matched, now, limit)),
        spoke=said.spoke,
        feeds=known.feeds,
        stale=aging.old_feeds(known, now, limit),
        unjudged=len(known.unjudged),
        doubt=_doubt(known, snapshot),
    )


def _doubt(known: Matched, snapshot: Snapshot) -> str:
    """Return what of a target could not be looked up."""
    return "; ".join((*doubts(snapshot.fact), *known.gaps))


def _status(seen: Sequence[Seen], *, is_found: bool) -> int:
    if is_found:
        return ExitCode.GATE
    is_open = any(each.reason or each.doubt or aging.of_records(each.stale) for each in seen)
    return ExitCode.INCOMPLETE if is_open else ExitCode.OK


def _print(lines: Iterable[str]) -> None:
    for text in lines:
        sys.stdout.write(f"{text}\n")


def _remark(lines: Iterable[str]) -> None:
    """Print to standard error what the list has no room for."""
    for text in lines:
        _say(text)


def _say(text: str) -> None:
    sys.stderr.write(f"hipscan: {block(text)}\n")
