"""Who may become root by su: pam_wheel(8) in the stack of the service su, and its group."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, absent, missing, ok
from hipscan.model.knowledge import Knowledge
from hipscan.probes.accounts.pam_dispatch import PASSWORDS, Answer, walk
from hipscan.probes.accounts.pam_stacks import PamRule
from hipscan.probes.accounts.pam_strangers import lets_become_root, to_a_stranger
from hipscan.probes.base import FactSpec, Field, FieldType

SPEC: Final = FactSpec(
    "su_restriction",
    "Who may become root by su.",
    ("service",),
    {
        "service": Field(FieldType.TEXT, "the service: su, or su-l for `su -` where it differs"),
        "limited": Field(FieldType.BOOLEAN, "whether only members of a group may"),
        "trusted": Field(FieldType.BOOLEAN, "whether some callers need no password to be root"),
        "group": Field(FieldType.TEXT, "the group; empty for nothing"),
        "members": Field(FieldType.LIST, "its members"),
        "file": Field(FieldType.TEXT, "the file of the deciding rule"),
        "line": Field(FieldType.INTEGER, "its line"),
    },
)

FactReader = Callable[[str], Fact]


def derive(get: FactReader, _knowledge: Knowledge) -> Fact:
    """Return a record for su and su-l; absent where no PAM file tells of su."""
    rules, groups = get("pam_rule"), get("group")
    for fact in (rules, groups):
        if not fact.is_decided:
            return missing(fact.status, fact.reason)
    stacks = {
        service: [
            rule
            for rule in rules.records
            if rule["service"] == service and rule["type"] in ("auth", None)
        ]
        for service in ("su", "su-l")
    }
    if not any(stacks.values()):
        return absent("PAM knows no service su")
    if any(rule["module"] is None for stack in stacks.values() for rule in stack):
        return missing(FactStatus.PARTIAL, "an include of PAM's service su could not be followed")
    return ok(*(_record(name, stack, groups.records) for name, stack in stacks.items() if stack))


def _record(service: str, stack: Sequence[Record], groups: Iterable[Record]) -> Record:
    wheels = [rule for rule in stack if rule["module"] == "pam_wheel.so"]
    limits = [rule for rule in wheels if _limits(rule)]
    trusts = [rule for rule in wheels if "trust" in _arguments(rule)]
    chosen = next(iter(limits or trusts), None)
    name = _group(chosen, groups) if chosen else ""
    members = next((group["members"] for group in groups if group["name"] == name), [])
    return {
        "service": service,
        "limited": bool(limits) and not walk(_as_rules(stack), _to_a_stranger).lets_in,
        "trusted": bool(trusts) or walk(_as_rules(stack), _to_the_trusted).lets_in,
        "group": name,
        "members": members,
        "file": chosen["file"] if chosen else "",
        "line": chosen["line"] if chosen else 0,
    }


def _limits(rule: Record) -> bool:
    """Say whether a rule keeps everybody out who is no member; `deny` would do the opposite."""
    control = str(rule["control"])
    binds = control in ("required", "requisite") or "default=die" in control
    return binds and "deny" not in _arguments(rule)


def _as_rules(stack: Sequence[Record]) -> list[PamRule]:
    return [
        PamRule(
            str(rule["type"]),
            str(rule["control"]),
            str(rule["module"]),
            tuple(_arguments(rule)),
            str(rule["file"]),
            0,
            substack=bool(rule.get("substack")),
        )
        for rule in stack
    ]


def _to_a_stranger(rule: PamRule) -> Answer:
    """Answer to somebody who knows the password of root and is in no group.

    Where pam_unix ends the stack before pam_wheel, that alone is enough.
    """
    if rule.module in PASSWORDS or rule.module == "pam_permit.so":
        return Answer.SUCCESS
    refusing = ("pam_wheel.so", "pam_rootok.so", "pam_deny.so")
    return Answer.REFUSED if rule.module in refusing else Answer.NOTHING


def _to_the_trusted(rule: PamRule) -> Answer:
    """Answer to the caller whom pam_succeed_if means, whose password is wrong."""
    if rule.module == "pam_succeed_if.so":
        return Answer.SUCCESS if lets_become_root(rule) else Answer.REFUSED
    if rule.module == "pam_wheel.so":
        return Answer.NOTHING
    return to_a_stranger(rule, service="su", met=True)


def _arguments(rule: Record) -> list[str]:
    found = rule["arguments"]
    return [str(word) for word in found] if isinstance(found, list | tuple) else []


def _group(rule: Record, groups: Iterable[Record]) -> str:
    """Return the group that pam_wheel asks for: its argument, wheel, or the one of number 0."""
    named = [word.partition("=")[2] for word in _arguments(rule) if word.startswith("group=")]
    if named:
        return named[-1]
    known: dict[Value, Value] = {group["name"]: group["gid"] for group in groups}
    if "wheel" in known:
        return "wheel"
    return next((str(name) for name, gid in known.items() if gid == 0), "")
