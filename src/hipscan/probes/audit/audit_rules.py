"""One line of audit rules, as auditctl(8) and audit.rules(7) read it, in a normal form.

auditctl takes words apart at spaces only; quotes and comments behind a rule are no grammar of its
own but part of a word. Two lines that ask the kernel for the same become equal rules: list and
action in either order, names or numbers, `-w` or `-F path=` with `-F perm=`, fields in any order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hipscan.probes.audit.audit_names import has_syscall, syscall_name
from hipscan.probes.audit.audit_values import (
    FIELD,
    GIDS,
    UIDS,
    UNSET,
    BadRuleError,
    Names,
    arch_of,
    permissions,
    value_of,
)

FILTERS: Final = ("task", "exit", "entry", "user", "exclude", "filesystem", "io_uring")
ACTIONS: Final = ("always", "never", "possible")
ALL: Final = "all"

_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")
_CALL: Final = re.compile(r"[a-zA-Z0-9_]+")


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """One condition: a field, an operator, a value in its normal form.

    `to_field` says that the value is the name of another field (`-C`).
    """

    field: str
    operator: str
    value: str
    to_field: bool = False

    def __str__(self) -> str:
        flag = "-C" if self.to_field else "-F"
        return f"{flag} {self.field}{self.operator}{self.value}"

    @property
    def number(self) -> int | None:
        """Return the value as a number; the unset login is 4294967295."""
        if self.value == "unset":
            return UNSET
        return int(self.value) if _NUMBER.fullmatch(self.value) else None


@dataclass(frozen=True, slots=True)
class AuditRule:
    """A rule in its normal form; `syscalls` is {"all"} or names, empty off the exit list.

    `loose` says that a `path` may be a folder with all below it, as `-w` decides when it is loaded.
    """

    filter: str
    action: str
    syscalls: frozenset[str]
    terms: tuple[Term, ...]
    keys: tuple[str, ...] = ()
    first: bool = False
    loose: bool = False

    @property
    def arch(self) -> str:
        """Return b64 or b32 where the rule is for such programs only, else nothing."""
        found = [t.value for t in self.terms if t.field == "arch" and t.operator == "="]
        return found[0] if found else ""

    @property
    def meaning(self) -> tuple[object, ...]:
        """Return what two equal rules have in common; `auditctl -l` shows no more than this."""
        terms = sorted({_as_listed(term) for term in self.terms})
        return self.filter, self.action, self.syscalls, tuple(terms), tuple(sorted(self.keys))

    def __str__(self) -> str:
        if watched := self._as_watch():
            return watched
        head = [f"-a {self.action},{self.filter}"]
        arch = [str(term) for term in self.terms if term.field == "arch"]
        rest = [str(term) for term in sorted(self.terms) if term.field != "arch"]
        calls = [f"-S {','.join(sorted(self.syscalls))}"] if self.syscalls else []
        return " ".join([*head, *arch, *calls, *rest, *(f"-k {key}" for key in self.keys)])

    def _as_watch(self) -> str:
        fields = {term.field: term.value for term in self.terms if term.operator == "="}
        keys = "".join(f" -k {key}" for key in self.keys)
        return f"-w {fields['path']} -p {fields['perm']}{keys}" if self.loose else ""


@dataclass(frozen=True, slots=True)
class Control:
    """A line that is no rule: `option` with its `value`, for example -e and 2; -D with a key."""

    option: str
    value: str = ""
    rule: AuditRule | None = None  # what -d and -W delete


def parse_line(line: str, names: Names) -> AuditRule | Control | None:
    """Parse one line; None for an empty line or a comment. Raises BadRuleError.

    -a always,exit -F arch=b64 -S chmod,fchmod -F auid>=1000 -F auid!=unset -k perm_mod
    -w /etc/passwd -p wa -k identity
    -e 2
    """
    words = [word for word in line.split(" ") if word]
    if not words or words[0].startswith("#"):
        return None
    options = list(_options(words))
    option, value = options[0]
    if option in {"-a", "-A", "-d"}:
        rule = _rule(options, names)
        return Control("-d", "", rule) if option == "-d" else rule
    if option in {"-w", "-W"}:
        rule = _watch(options)
        return Control("-W", "", rule) if option == "-W" else rule
    key = next((value for name, value in options[1:] if name == "-k"), "")
    return Control(option, key if option == "-D" else value)


_WITH_VALUE: Final = frozenset(
    {
        *("-a", "-A", "-d", "-w", "-W", "-p", "-k", "-F", "-C", "-S", "-b", "-f", "-r", "-q"),
        *("-m", "-e", "--backlog_wait_time", "--signal"),
    }
)
_ALONE: Final = frozenset(
    {
        *("-D", "-c", "-i", "-t", "-l", "-s", "-v", "--loginuid-immutable", "--reset-lost"),
        *("--reset_backlog_wait_time_actual",),
    }
)


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Take words apart as getopt does: `-k key` and `-kkey`."""
    rest = iter(words)
    for word in rest:
        if word in _ALONE:
            yield word, ""
        elif word in _WITH_VALUE:
            value = next(rest, None)
            if value is None:
                raise BadRuleError(f"{word} without a value")
            yield word, value
        elif word[:2] in _WITH_VALUE and not word.startswith("--"):
            yield word[:2], word[2:]
        elif word.startswith("--") and word.partition("=")[0] in _WITH_VALUE:
            yield word.partition("=")[0], word.partition("=")[2]
        else:
            raise BadRuleError(f"{word[:40]} is no option")


def _watch(options: list[tuple[str, str]]) -> AuditRule:
    (_, path), *rest = options
    perm, keys = "rwxa", []
    for option, value in rest:
        match option:
            case "-p":
                perm = permissions(value)
            case "-k":
                keys.append(value)
            case _:
                raise BadRuleError(f"{option} does not go with -w")
    if not path.startswith("/"):
        raise BadRuleError(f"{path[:40]} is no full path")
    terms = (Term("path", "=", path.rstrip("/") or "/"), Term("perm", "=", perm))
    return AuditRule("exit", "always", frozenset({ALL}), terms, tuple(keys), loose=True)


def _rule(options: list[tuple[str, str]], names: Names) -> AuditRule:
    (option, where), *rest = options
    filter_, action = _where(where)
    calls: list[str] = []
    terms: list[Term] = []
    keys: list[str] = []
    arch = _arch_of(rest)
    for name, value in rest:
        match name:
            case "-S":
                calls += _calls(value, names.machine, arch)
            case "-k":
                keys.append(value)
            case "-p":
                terms.append(Term("perm", "=", permissions(value)))
            case "-F":
                term = _term(value, names)
                if term.field == "key":
                    keys.append(term.value)
                else:
                    terms.append(term)
            case "-C":
                terms.append(_comparison(value))
            case _:
                raise BadRuleError(f"{name} does not go with {option}")
    return AuditRule(
        filter_,
        action,
        _made(filter_, calls),
        tuple(terms),
        tuple(keys),
        first=option == "-A",
    )


def _made(filter_: str, calls: list[str]) -> frozenset[str]:
    if filter_ not in {"exit", "entry", "io_uring"}:
        return frozenset()
    return frozenset({ALL}) if not calls or ALL in calls else frozenset(calls)


def _where(text: str) -> tuple[str, str]:
    """Return (list, action) of either order; `possible` was given up and is refused."""
    left, comma, right = text.partition(",")
    for filter_, action in ((left, right), (right, left)):
        if comma and filter_ in FILTERS and action in ACTIONS and action != "possible":
            return ("exit" if filter_ == "entry" else filter_), action
    raise BadRuleError(f"{text[:40]} is not list,action")


def _arch_of(options: list[tuple[str, str]]) -> str:
    for name, value in options:
        if name == "-F" and value.startswith("arch="):
            return arch_of(value.removeprefix("arch="))
    return ""


def _calls(text: str, machine: str, arch: str) -> Iterator[str]:
    for word in text.split(","):
        if not _CALL.fullmatch(word):
            raise BadRuleError(f"{word[:40]} is no syscall")
        name = syscall_name(word, machine, arch)
        if has_syscall(name, machine, arch) is False:
            raise BadRuleError(f"{arch or machine} has no syscall {name}")
        yield name


def _comparison(text: str) -> Term:
    match = FIELD.fullmatch(text)
    fields = UIDS | GIDS
    if not match or match[2] not in {"=", "!="} or not {match[1], match[3]} <= fields:
        raise BadRuleError(f"{text[:40]} compares no fields")
    left, right = sorted((match[1], match[3]))
    return Term(left, match[2], right, to_field=True)


def _term(text: str, names: Names) -> Term:
    match = FIELD.fullmatch(text)
    if not match:
        raise BadRuleError(f"{text[:40]} is no condition")
    field, operator, value = match[1], match[2], match[3]
    field = "auid" if field == "loginuid" else field
    return Term(field, operator, value_of(field, value, names))


def _as_listed(term: Term) -> Term:
    """Return the term as a listing shows it, where `dir` and `path` look alike."""
    if term.field in {"path", "dir"} and not term.to_field:
        return Term("path", term.operator, term.value)
    return term
