"""What `hipscan vulns` prints: a line a package, or with --cve a line a host."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hipscan.feeds import ecosystems, language_remedies
from hipscan.feeds.remedies import command
from hipscan.model.advisory import Advisory, FeedState, State
from hipscan.model.finding import Severity
from hipscan.model.knowledge import at
from hipscan.sanitize import line
from hipscan.versions import InvalidVersion, key

_HEAD: Final = (
    *("ecosystem", "package", "installed", "fixed in", "worst", "severity", "KEV", "EPSS", "age"),
    *("fix with", "where"),
)
_NONE: Final = "-"
_USED: Final = "KNOWN TO BE EXPLOITED, "
_STATES: Final = {
    State.UNFIXED: "no fix yet",
    State.UNKNOWN: "cannot tell",
    State.NOT_AFFECTED: "not affected",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the index says of one target, reached at `host`, at the time `now`.

    `taken` is when the target was read, `stale` those of `feeds` whose data are too old,
    `unjudged` how many packages no feed covers; `reason` says why nothing could be looked up,
    `doubt` what of it could not, `because` why it does not have the one CVE asked for. `spoke` are
    the places of the statements that were about it.
    """

    target: str
    now: datetime
    taken: str = ""
    found: tuple[Advisory, ...] = ()
    feeds: tuple[FeedState, ...] = ()
    stale: tuple[FeedState, ...] = ()
    unjudged: int = 0
    reason: str = ""
    doubt: str = ""
    because: str = ""
    host: str = ""
    spoke: frozenset[int] = frozenset()


def is_urgent(advisory: Advisory) -> bool:
    """Say whether somebody has to act: it has weight, and a fix or attackers that use it."""
    if _is_settled(advisory):
        return False
    return advisory.state is State.FIXABLE or bool(advisory.kev) or advisory.is_malware


def is_undecided(advisory: Advisory) -> bool:
    """Say whether nobody can tell if somebody has to act on what is not urgent so far."""
    if _is_settled(advisory):
        return False
    return advisory.kev is None or advisory.state is State.UNKNOWN


def _is_settled(advisory: Advisory) -> bool:
    """Say whether somebody who knows the host or the package says that it is no hole here.

    What Debian calls unimportant in one package may be exploited in others with the same CVE.
    """
    return advisory.state is State.NOT_AFFECTED or advisory.severity is Severity.INFO


def packages(seen: Sequence[Seen], *, every: bool) -> Iterator[str]:
    """Yield the lines of every target: what it is, a line a package, what was left out."""
    for each in seen:
        yield line(f"{each.target}: {'; '.join(remarks(each))}")
        stated = [item for item in each.found if item.state is State.NOT_AFFECTED]
        others = [item for item in each.found if item.state is not State.NOT_AFFECTED]
        shown = [item for item in others if every or is_urgent(item)]
        if shown:
            yield from _table([_HEAD, *_rows(shown, each.now)])
        if not each.reason:
            yield f"  {_summary(each, shown, hidden=len(others) - len(shown))}"
        yield from _stated(stated)
        yield from _stated_in_part([item for item in others if item.vex])


def _stated(items: Sequence[Advisory]) -> Iterator[str]:
    """Yield a line for what is said alike of one package; what attackers use comes first."""
    groups: defaultdict[tuple[bool, str, str, str], list[str]] = defaultdict(list)
    for item in items:
        groups[not item.kev, _name(item), item.installed, item.why].append(item.cve)
    if groups:
        yield f"  {len(items)} stated not to affect, or fixed (OpenVEX):"
    for (is_unused, source, installed, why), cves in sorted(groups.items()):
        used = "" if is_unused else _USED
        yield line(f"    {source} {installed} {', '.join(sorted(cves))}: {used}{why}")


def _stated_in_part(items: Sequence[Advisory]) -> Iterator[str]:
    """Yield a line for each statement that leaves out some packages, and so does not help."""
    if items:
        yield f"  {len(items)} stated of a part of the packages alone, which excuses nothing:"
    for item in items:
        for voucher in item.vex:
            said = f"{', '.join(voucher.packages)} {voucher.words}"
            yield line(f"    {_name(item)} {item.installed} {item.cve}: {said}")


def hosts(seen: Sequence[Seen], cve: str) -> Iterator[str]:
    """Yield a line a host: whether it has `cve`, and what to do."""
    for each in seen:
        if each.reason or not each.found:
            is_open = each.reason or each.stale or each.doubt
            what = each.because or ("cannot tell" if is_open else f"{cve} is not known of it")
            yield line(f"{each.target}: {what}; {'; '.join(remarks(each))}")
        for item in each.found:
            fix = _command([item])
            is_used = item.state is State.NOT_AFFECTED and item.kev
            yield line(
                f"{each.target}: {_name(item)} {item.installed}: {_USED if is_used else ''}"
                f"{_fixed([item])}{f'; in {_where([item])}' if item.places else ''}"
                f"{f'; {fix}' if fix else ''}{f'; {item.why}' if item.why else ''}"
                f"; {'; '.join(remarks(each))}"
            )


def remarks(seen: Seen) -> list[str]:
    """Return what belongs to every answer: why there is none, of when the data are."""
    read = [f"read {seen.taken[:10]}"] if seen.taken else []
    if seen.reason:
        return [*read, f"NOT LOOKED UP: {seen.reason}"]
    dates = ", ".join(f"{feed.name} {feed.dated[:10]}" for feed in seen.feeds)
    said = [*read, f"feeds: {dates}"]
    if seen.stale:
        old = ", ".join(feed.name for feed in seen.stale)
        said.append(f"TOO OLD: {old}; hipscan feeds update")
    if seen.found and all(feed.name != "kev" for feed in seen.feeds):
        said.append("NO LIST of what is exploited; hipscan feeds update kev")
    if seen.doubt:
        said.append(f"NOT LOOKED UP: {seen.doubt}")
    return said


def _rows(shown: Sequence[Advisory], now: datetime) -> list[tuple[str, ...]]:
    groups: defaultdict[tuple[str, str, str], list[Advisory]] = defaultdict(list)
    for item in shown:
        groups[ecosystems.base(item.ecosystem), _name(item), item.installed].append(item)
    ordered = sorted(groups.values(), key=lambda group: _weight(_worst(group)), reverse=True)
    return [_row(group, now) for group in ordered]


def _row(group: Sequence[Advisory], now: datetime) -> tuple[str, ...]:
    worst = _worst(group)
    others = len(group) - 1
    return (
        worst.ecosystem,
        _name(worst),
        worst.installed,
        _fixed(group),
        worst.cve + (f" +{others}" if others else ""),
        str(worst.severity or _NONE),
        _exploited(group),
        _NONE if worst.epss is None else f"{worst.epss:.1%}",
        _age(group, now),
        _command(group) or _NONE,
        _where(group),
    )


def _name(item: Advisory) -> str:
    return f"{item.source} in {item.inside}" if item.inside else item.source


def _command(group: Sequence[Advisory]) -> str:
    if ecosystems.is_distribution(group[0].ecosystem):
        return command(group)
    fixable = [item for item in group if item.state is State.FIXABLE]
    return language_remedies.command(fixable, _fixed(fixable)) if fixable else ""


def _where(group: Sequence[Advisory]) -> str:
    """Return a place, and how many more there are."""
    places = sorted({place for item in group for place in item.places})
    more = f" +{len(places) - 1}" if len(places) > 1 else ""
    return f"{places[0]}{more}" if places else ""


def _worst(group: Sequence[Advisory]) -> Advisory:
    return max(group, key=_weight)


def _weight(item: Advisory) -> tuple[bool, int, float, float]:
    rank = item.severity.rank if item.severity else -1
    is_used = bool(item.kev) and not _is_settled(item)
    return is_used, rank, item.epss or 0.0, item.cvss or 0.0


def _fixed(group: Sequence[Advisory]) -> str:
    """Return the version that has all fixes, or why there is none."""
    versions = [item.fixed for item in group if item.state is State.FIXABLE]
    if not versions:
        return _STATES[min((item.state for item in group), key=list(_STATES).index)]
    scheme = ecosystems.SCHEMES.get(ecosystems.base(group[0].ecosystem))
    try:
        return max(versions, key=lambda version: key(scheme, version)) if scheme else versions[0]
    except InvalidVersion:
        return versions[0]


def _exploited(group: Sequence[Advisory]) -> str:
    if any(item.ransomware for item in group):
        return "ransomware"
    if any(item.kev for item in group):
        return "yes"
    return "?" if any(item.kev is None for item in group) else _NONE


def _age(group: Sequence[Advisory], now: datetime) -> str:
    """Return for how long the oldest fix has been out, else how long the oldest hole is known."""
    since = [item.fix_since for item in group if item.fix_since]
    known = since or [item.published for item in group if item.published]
    return f"{(now - at(min(known))).days} d" if known else _NONE


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    clean = [[line(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in clean) for column in range(len(_HEAD))]
    for row in clean:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _summary(seen: Seen, shown: Sequence[Advisory], *, hidden: int) -> str:
    """Say how much was found, and how much of it is not shown."""
    count = len({(_name(item), item.installed) for item in shown})
    said = [f"{count} packages, {len(shown)} vulnerabilities"]
    if hidden:
        said.append(f"{hidden} more without a fix or unimportant (--all)")
    if seen.unjudged:
        said.append(f"{seen.unjudged} packages that no feed covers")
    return "; ".join(said)
