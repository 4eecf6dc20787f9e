"""Events of OSV's ranges as intervals of keys (osv-schema, "affected[].ranges[].events")."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hipscan.versions import InvalidVersion, Scheme, key

# At the same version, an end counts before the next beginning; `last_affected` ends behind it.
_ORDER: Final = {"fixed": 0, "introduced": 1, "last_affected": 2}
_SHOWN: Final = 80
_SHORT: Final = re.compile(r"v?[0-9]+(?:\.[0-9]+)?")
_BOUND: Final = re.compile(r"(<=?)\s*(\S+)")


@dataclass(frozen=True, slots=True)
class Interval:
    """Versions from `introduced` on: before `fixed_key`, up to `last_key`, or without an end.

    All three are keys, "" is before every version; `fixed` is the version as the feed has it.
    `broken` says why the interval could not be read: then it may hold any version.
    """

    introduced: str = ""
    fixed_key: str | None = None
    last_key: str | None = None
    fixed: str = ""
    broken: str = ""

    @property
    def is_open(self) -> bool:
        """Say whether it has no end."""
        return not self.broken and self.fixed_key is None and self.last_key is None

    def holds(self, version_key: str) -> bool:
        """Say whether a version is in it for certain."""
        if self.broken or version_key < self.introduced:
            return False
        is_before_fix = self.fixed_key is None or version_key < self.fixed_key
        return is_before_fix and (self.last_key is None or version_key <= self.last_key)


def intervals(scheme: Scheme, events: Sequence[Mapping[str, Any]]) -> Iterator[Interval]:
    """Yield what the events of one range come to, sorted before they are read."""
    try:
        found = sorted(_events(scheme, events))
    except InvalidVersion as error:
        yield Interval(broken=str(error))
        return
    begin: str | None = None
    for version_key, order, version in found:
        if order == _ORDER["introduced"]:
            begin = version_key if begin is None else begin
        elif begin is not None:
            is_fix = order == _ORDER["fixed"]
            yield (
                Interval(begin, fixed_key=version_key, fixed=version)
                if is_fix
                else Interval(begin, last_key=version_key)
            )
            begin = None
    if begin is not None:
        yield Interval(begin)


def _events(scheme: Scheme, events: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int, str]]:
    for event in events:
        for kind, version in event.items():
            if kind not in _ORDER or not isinstance(version, str):
                continue  # `limit` is for GIT alone
            if kind == "introduced" and version == "0":
                yield "", _ORDER[kind], ""
            else:
                yield _key(scheme, version), _ORDER[kind], version[:_SHOWN]


def _key(scheme: Scheme, version: str) -> str:
    """Return the key of a feed's version; where npm's lacks numbers, as "2.1" does, they are 0."""
    if scheme is Scheme.SEMVER and _SHORT.fullmatch(version):
        version += ".0" * (2 - version.count("."))
    return key(scheme, version)


def listed(scheme: Scheme, versions: Sequence[str]) -> Iterator[Interval]:
    """Yield an interval for each single version; those that do not compare are left out."""
    for version in versions:
        try:
            found = _key(scheme, version)
        except InvalidVersion:
            continue
        yield Interval(found, last_key=found)


def bounded(scheme: Scheme, interval: Interval, said: str) -> Interval:
    """Return an interval without an end with the one that `said` ("<= 1.2", "< 1.3") gives it.

    So GitHub says where the versions end that are known to be affected, when no version with the
    fix was published where the package comes from (github/advisory-database, issue 470).
    """
    match = _BOUND.fullmatch(said.strip())
    if match is None or not interval.is_open:
        return interval
    try:
        end = _key(scheme, match[2])
    except InvalidVersion:
        return interval
    if end < interval.introduced:
        return interval
    return replace(interval, **{"last_key" if match[1] == "<=" else "fixed_key": end})
