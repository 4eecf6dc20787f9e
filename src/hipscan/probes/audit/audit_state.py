"""The kernel's audit settings and its list of rules, beside what the files want of both.

A sample of what `auditctl -s` and `auditctl -l` print, as the script passes it on:

    s enabled 1
    s failure 1
    s backlog_limit 8192
    l -w /etc/passwd -p wa -k identity
    l No rules
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, missing, ok
from hipscan.probes.audit.audit_files import Loaded, Ruleset
from hipscan.probes.audit.audit_rules import AuditRule, parse_line
from hipscan.probes.audit.audit_values import BadRuleError, Names
from hipscan.probes.base import Field, FieldType

STATE_FIELDS: Final = {
    "loader": Field(
        FieldType.TEXT, "what loads the rules at boot: augenrules, a file's path, or nothing"
    ),
    "rules": Field(FieldType.INTEGER, "how many rules the files load"),
    "stopped": Field(
        FieldType.TEXT, "the line where loading stops, file:line and why; nothing where none does"
    ),
    "refused": Field(FieldType.LIST, "lines that cannot be used and are passed over"),
    "not_read": Field(
        FieldType.LIST, "files beside the rules that look like some and are never read"
    ),
    "locked": Field(
        FieldType.TEXT,
        "yes: the files end with -e 2; else no, and what runs: `no; running: enabled 1`",
    ),
    "locked_now": Field(FieldType.BOOLEAN, "whether the kernel refuses other rules now"),
    "enabled": Field(FieldType.INTEGER, "-e of the files; 1 where unset, as auditd sets it"),
    "enabled_now": Field(FieldType.INTEGER, "0 off, 1 on, 2 on and locked"),
    "failure": Field(FieldType.INTEGER, "-f of the files; 1 where unset: 0 silent, 2 panic"),
    "failure_now": Field(FieldType.INTEGER, "the same of the kernel"),
    "backlog": Field(FieldType.INTEGER, "-b of the files; 64 where unset, the kernel's default"),
    "backlog_now": Field(FieldType.INTEGER, "the same of the kernel"),
    "logins_fixed": Field(FieldType.BOOLEAN, "whether the files have --loginuid-immutable"),
}

LOADED_FIELDS: Final = {
    "rule": Field(FieldType.TEXT, "the rule in its normal form"),
    "configured": Field(FieldType.BOOLEAN, "whether the files have it"),
    "loaded": Field(FieldType.BOOLEAN, "whether the kernel has it"),
    "in_order": Field(
        FieldType.BOOLEAN,
        "whether it has the same place among those that both have; only a `never` makes it matter",
    ),
    "place": Field(FieldType.TEXT, "file:line; nothing for one that only the kernel has"),
}

_SWAPPED: Final = re.compile(r"^ *-p ([rwxa]+)-w (/[^ ]*)")
_BLANK: Final = re.compile(r"((?:^| )-[A-Za-z] [^ ]+|(?<=\\ )[^ ]+) (?!-[A-Za-z] )")
_ALONE: Final = re.compile(r"^ *-p (?=[rwxa]+(?: |$))")
_DEFAULTS: Final = {"-e": 1, "-f": 1, "-b": 64}
_SETTINGS: Final = (("-e", "enabled"), ("-f", "failure"), ("-b", "backlog_limit"))


@dataclass(frozen=True, slots=True)
class Kernel:
    """What auditctl said: settings by name and rules, or why it said nothing."""

    settings: dict[str, int]
    rules: tuple[Loaded, ...]
    why_not: str = ""
    status: FactStatus = FactStatus.UNSUPPORTED


def read_kernel(lines: Sequence[str], names: Names) -> Kernel:
    """Read the lines behind `s` and `l`; what is neither a setting nor a rule is the reason."""
    settings = dict(_settings(line[2:] for line in lines if line.startswith("s ")))
    listed = [line[2:] for line in lines if line.startswith("l ")]
    if not listed or "enabled" not in settings:
        said = next((line[2:] for line in lines if line[:2] in {"s ", "l "}), "no answer")
        return Kernel({}, (), f"auditctl: {said[:80]}", _status(said))
    if listed == ["No rules"]:
        return Kernel(settings, ())
    try:
        return Kernel(settings, tuple(Loaded(rule) for rule in _listed(listed, names)))
    except ValueError as error:
        return Kernel(settings, (), f"auditctl lists {error}", FactStatus.GARBLED)


def _status(said: str) -> FactStatus:
    return FactStatus.DENIED if "must be root" in said else FactStatus.UNSUPPORTED


def _settings(lines: Iterator[str]) -> Iterator[tuple[str, int]]:
    for line in lines:
        name, _, value = line.partition(" ")
        if value.isascii() and value.isdecimal() and len(value) < 12:  # noqa: PLR2004  # 32 bits
            yield name, int(value)


def _listed(lines: Sequence[str], names: Names) -> Iterator[AuditRule]:
    """Yield the rules of a listing; raises ValueError for a line that is none.

    Where perm= stands before path=, auditctl 3.0.9 prints ` -p x-w /usr/bin/su -k key`; where it
    stands alone, ` -p x -k key`. Blanks in names are printed as they are.
    """
    for line in lines:
        try:
            plain = _ALONE.sub("-a always,exit -F perm=", _SWAPPED.sub(r"-w \2 -p \1", line))
            rule = parse_line(_BLANK.sub(r"\1\\ ", plain), names)
        except BadRuleError as error:
            raise ValueError(f"{line[:80]}: {error}") from error
        if not isinstance(rule, AuditRule):
            raise ValueError(line[:80])  # noqa: TRY004  # a host's word, not a caller's type
        yield rule


def state_record(files: Ruleset, kernel: Kernel, loader: str, not_read: Sequence[str]) -> Record:
    """Return the one record of `audit_state`; what the kernel did not say is unknown."""

    def wanted(option: str) -> int | None:
        said = files.settings.get(option, str(_DEFAULTS[option]))
        return int(said) if said.isdecimal() and said.isascii() and len(said) < 12 else None  # noqa: PLR2004  # 32 bits

    enabled = kernel.settings.get("enabled")
    now: dict[str, Value] = {
        "locked_now": None if enabled is None else enabled == 2,  # noqa: PLR2004  # -e 2
        "enabled_now": enabled,
        "failure_now": kernel.settings.get("failure"),
        "backlog_now": kernel.settings.get("backlog_limit"),
    }
    runs = "not known" if enabled is None else f"enabled {enabled}"
    return {
        "loader": loader,
        "rules": len(files.rules),
        "stopped": files.stopped,
        "refused": list(files.refused),
        "not_read": list(not_read),
        "locked": "yes" if files.settings.get("-e") == "2" else f"no; running: {runs}",
        "enabled": wanted("-e"),
        "failure": wanted("-f"),
        "backlog": wanted("-b"),
        "logins_fixed": "--loginuid-immutable" in files.settings,
        **now,
    }


def loaded_fact(files: Ruleset, kernel: Kernel) -> Fact:
    """Return what files and kernel have, rule by rule, and the settings that files make."""
    if kernel.why_not:
        return missing(kernel.status, kernel.why_not)
    return ok(*_rules(files, kernel), *_compared_settings(files, kernel))


def _rules(files: Ruleset, kernel: Kernel) -> Iterator[Record]:
    mine = {entry.rule.meaning: entry for entry in files.rules}
    theirs = {entry.rule.meaning: entry for entry in kernel.rules}
    common = {meaning: place for place, meaning in enumerate(m for m in mine if m in theirs)}
    places = {meaning: place for place, meaning in enumerate(m for m in theirs if m in mine)}
    steady = _orders_matter(mine[meaning].rule for meaning in common)
    for meaning, entry in {**theirs, **mine}.items():
        both = meaning in mine and meaning in theirs
        record: dict[str, Value] = {
            "rule": str(entry.rule),
            "configured": meaning in mine,
            "loaded": meaning in theirs,
            "place": entry.place,
        }
        moved = both and steady and common[meaning] != places[meaning]
        record["in_order"] = not moved
        yield record


def _orders_matter(rules: Iterator[AuditRule]) -> bool:
    """Say whether places can change what is recorded: only with a `never` among the rules."""
    return any(rule.action == "never" and rule.filter == "exit" for rule in rules)


def _compared_settings(files: Ruleset, kernel: Kernel) -> Iterator[Record]:
    for option, name in _SETTINGS:
        runs = kernel.settings.get(name)
        if option == "-e" and files.settings.get("-e", "1") == "1":
            yield {"rule": "-e 1", "configured": True, "loaded": bool(runs), "in_order": True}
        elif option in files.settings:
            same = files.settings[option] == str(runs)
            yield {
                "rule": f"{option} {files.settings[option]}",
                "configured": True,
                "loaded": same,
                "in_order": True,
                "place": files.places[option],
            }
