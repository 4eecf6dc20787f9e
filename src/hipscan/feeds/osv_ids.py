"""Which records are about the same problem: aliases and upstream, followed from record to record.

`aliases` say that two records are the same, both ways; `upstream` that a record stands on another
one. A record that names no CVE itself may get one that way; two without any are the same problem
when they are linked, and take the first of their ids for its name.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from hipscan.feeds.build import Build
from hipscan.feeds.osv_record import Record, cve_of

_MOST: Final = 1000  # records behind one another: more is not a chain but an attack


@dataclass(slots=True)
class Links:
    """The links between records, as far as they matter: of those that name no CVE."""

    nameless: dict[str, None] = field(default_factory=dict)
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)
    near: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, record: Record) -> None:
        """Take note of what `record` is linked to."""
        if record.cves:
            if not record.sole:
                self.named[record.id] = record.cves
        else:
            self.nameless[record.id] = None
        for other in record.aliases:
            if not cve_of(other):
                self.near[record.id].add(other)
                self.near[other].add(record.id)
        self.near[record.id].update(name for name in record.upstream if not record.cves)
        if not self.near[record.id]:
            del self.near[record.id]

    def names(self, identity: str) -> tuple[str, ...]:
        """Return the CVEs that can be reached from `identity`, else the first id that can."""
        found, waiting = {identity}, [identity]
        while waiting and len(found) < _MOST:
            for other in sorted(self.near.get(waiting.pop(), set()) - found):
                found.add(other)
                waiting.append(other)
        cves = {cve for name in found for cve in (cve_of(name), *self.named.get(name, ())) if cve}
        return tuple(sorted(cves)) or (min(found),)

    def write(self, build: Build, feeds: Iterable[int]) -> None:
        """Write the names of records that had none into the index."""
        rows = [
            (" ".join(self.names(name)), feed, name) for feed in feeds for name in self.nameless
        ]
        build.insert("UPDATE advisory SET cves = ? WHERE feed = ? AND osv = ?", rows)
