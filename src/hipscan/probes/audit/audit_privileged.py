"""Set-uid and set-gid programs of the host, and whether the audit rules record who runs them.

Follows from the walk over the file systems and the rules of the files; where `/bin` leads to
`/usr/bin`, as everywhere today, rules may have either name.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, missing
from hipscan.model.knowledge import Knowledge
from hipscan.probes.audit.audit_coverage import Coverage, Host
from hipscan.probes.audit.audit_files import Loaded
from hipscan.probes.audit.audit_names import TABLES, arches_of
from hipscan.probes.audit.audit_rules import AuditRule, parse_line
from hipscan.probes.audit.audit_topics import MERGED
from hipscan.probes.audit.audit_values import BadRuleError, Names
from hipscan.probes.base import FactSpec, Field, FieldType

SPEC: Final = FactSpec(
    "audit_privileged",
    "A set-uid or set-gid program, and whether the audit rules record who runs it.",
    ("path",),
    {
        "path": Field(FieldType.TEXT, "the program"),
        "kind": Field(FieldType.TEXT, "set-uid or set-gid"),
        "configured": Field(FieldType.TEXT, "yes, or what is missing: `no rule`"),
        "by": Field(FieldType.TEXT, "file:line of the first rule that records it"),
    },
)
NEEDS: Final = ("walked_file", "audit_rule", "platform")
_KINDS: Final = ("set-uid", "set-gid")
_LINKS: Final = frozenset(old for old, new in MERGED if new != "/usr/bin" or old == "/bin")


def derive(fact: Callable[[str], Fact], _knowledge: Knowledge) -> Fact:
    """Return the fact `audit_privileged`; as whole as the walk, and absent without auditctl."""
    rules, walk = fact("audit_rule"), fact("walked_file")
    if rules.status is not FactStatus.OK:
        return missing(rules.status, rules.reason)
    machine = next((str(record.get("arch")) for record in fact("platform").records), "")
    if machine not in TABLES:
        return missing(FactStatus.UNSUPPORTED, f"syscalls of {machine or 'it'} are not known")
    host = Host(machine=machine, kernel=(0, 0), arches=arches_of(machine), links=_LINKS)
    coverage = Coverage(host, list(_rules(rules, machine)), None)
    return Fact(walk.status, tuple(_programs(walk, coverage)), walk.reason)


def _rules(fact: Fact, machine: str) -> Iterator[Loaded]:
    """Yield the rules; a snapshot of old may have some that auditctl refuses, which do nothing."""
    for record in fact.records:
        with suppress(BadRuleError):
            rule = parse_line(str(record["rule"]), Names(machine))
            if isinstance(rule, AuditRule):
                yield Loaded(rule, str(record.get("place", "")))


def _programs(walk: Fact, coverage: Coverage) -> Iterator[Record]:
    seen: dict[str, Mapping[str, object]] = {}
    for record in walk.records:
        path = str(record.get("path"))
        if record.get("kind") in _KINDS and path not in seen:
            seen[path] = record
            found = coverage.program(path, (path,))
            wanting = str(found["configured"]).removesuffix("; loaded: not known")
            yield {
                "path": path,
                "kind": str(record["kind"]),
                "configured": wanting,
                "by": found["by"],
            }
