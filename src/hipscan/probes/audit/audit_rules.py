"""One line of audit rules, as auditctl(8) and audit.rules(7) read it, in a normal form.

auditctl takes words apart at spaces only, unless a backslash stands before one; quotes and
comments behind a rule are no grammar of its own but part of a word. Two lines that ask the kernel
for the same become equal rules: list and action in either order, names or numbers, `-w` or
`-F path=` with `-F perm=`, fields in any order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from hipscan.probes.audit.audit_names import arches_of, has_syscall, syscall_name
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

FILTERS: Final = ("task", "exit", "user", "exclude", "filesystem", "io_uring")
ACTIONS: Final = ("always", "never", "possible")
ALL: Final = "all"

_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")
_CALL: Final = re.compile(r"[a-zA-Z0-9_]+")
_WORD: Final = re.compile(r"(?:\\ |[^ ])+")
_KEY_LENGTH: Final = 256
_RANGES: Final = {"-e": ("0", "1", "2"), "-f": ("0", "1", "2")}
# Fields that only some lists take, and operators of fields that do not take all of them.
_EXIT_ONLY: Final = frozenset({"exit", "path", "dir", "perm"})
_OPERATORS: Final = {
    **dict.fromkeys(("path", "dir", "perm"), ("=",)),
    **dict.fromkeys(("arch", "exe", "fstype", "filetype"), ("=", "!=")),
    **dict.fromkeys(UIDS | GIDS, ("=", "!=", "<", ">", "<=", ">=")),
}


def _escaped(text: str) -> str:
    return text.replace(" ", "\\ ")


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
        return f"{flag} {self.field}{self.operator}{_escaped(self.value)}"

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

    @property
    def identities(self) -> frozenset[tuple[object, ...]]:
        """Return what the kernel compares to tell a rule that it has already, order included.

        A watch has two: whether it becomes a path or a folder shows when it is loaded.
        """
        kinds = ("path", "dir") if self.loose else ("path",)
        head = (self.filter, self.action, self.first, self.syscalls, self.keys)
        return frozenset(
            (*head, tuple(replace(t, field=kind) if t.field == "path" else t for t in self.terms))
            for kind in kinds
        )

    def __str__(self) -> str:
        if watched := self._as_watch():
            return watched
        head = [f"-a {self.action},{self.filter}"]
        arch = [str(term) for term in self.terms if term.field == "arch"]
        rest = [str(term) for term in sorted(self.terms) if term.field != "arch"]
        calls = [f"-S {','.join(sorted(self.syscalls))}"] if self.syscalls else []
        return " ".join(
            [*head, *arch, *calls, *rest, *(f"-k {_escaped(key)}" for key in self.keys)]
        )

    def _as_watch(self) -> str:
        fields = {term.field: term.value for term in self.terms if term.operator == "="}
        if not self.loose or len(self.terms) > 2:  # noqa: PLR2004  # path and perm
            return ""
        keys = "".join(f" -k {_escaped(key)}" for key in self.keys)
        return f"-w {_escaped(fields['path'])} -p {fields['perm']}{keys}"


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
    words = [word.replace("\\ ", " ") for word in _WORD.findall(line)]
    if not words or words[0].startswith("#"):
        return None
    options = list(_options(words))
    option, value = options[0]
    if option in {"-a", "-A", "-d"}:
        rule = _rule(options, names)
        return Control("-d", "", rule) if option == "-d" else rule
    if option in {"-w", "-W"}:
        rule = _watch(options, names)
        return Control("-W", "", rule) if option == "-W" else rule
    if option in {"-k", "-p", "-F", "-C"}:
        raise BadRuleError(f"{option} before a rule")
    if value not in _RANGES.get(option, (value,)):
        raise BadRuleError(f"{option} takes 0, 1 or 2")
    if option in {"-b", "-r"} and not re.match("[0-9]", value):
        raise BadRuleError(f"{value[:40]} is no number")
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


def _watch(options: list[tuple[str, str]], names: Names) -> AuditRule:
    (_, path), *rest = options
    perm, keys = "rwxa", []
    further: list[Term] = []
    for option, value in rest:
        match option:
            case "-p":
                perm = permissions(value)
            case "-k":
                keys.append(value)
            case "-F":
                further.append(_term(value, names))
            case "-S":
                pass
            case _:
                raise BadRuleError(f"{option} does not go with -w")
    if not path.startswith("/"):
        raise BadRuleError(f"{path[:40]} is no full path")
    watched = Term("path", "=", path.rstrip("/") or "/")
    terms = (watched, Term("perm", "=", perm), *further)
    return AuditRule("exit", "always", frozenset({ALL}), terms, _checked(keys), loose=True)


def _checked(keys: list[str]) -> tuple[str, ...]:
    if sum(map(len, keys)) > _KEY_LENGTH:
        raise BadRuleError("the key is too long")
    return tuple(keys)


def _rule(options: list[tuple[str, str]], names: Names) -> AuditRule:
    (option, where), *rest = options
    filter_, action = _where(where)
    calls: list[str] = []
    terms: list[Term] = []
    keys: list[str] = []
    arch = _arch_of(rest, names.machine)
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
        if calls and name == "-F" and value.startswith("arch"):
            raise BadRuleError("arch must stand before -S")
    _check_terms(filter_, terms)
    return AuditRule(
        filter_,
        action,
        _made(filter_, calls),
        tuple(terms),
        _checked(keys),
        first=option == "-A",
    )


def _check_terms(filter_: str, terms: list[Term]) -> None:
    """Refuse what auditctl or the kernel refuses of conditions; raises BadRuleError."""
    for term in terms:
        if not term.to_field and term.operator not in _OPERATORS.get(term.field, (term.operator,)):
            raise BadRuleError(f"{term.field} does not take {term.operator}")
        if filter_ not in {"exit", "io_uring"} and term.field in _EXIT_ONLY:
            raise BadRuleError(f"{term.field} is for the exit list only")
        if filter_ not in {"exclude", "user"} and term.field == "msgtype":
            raise BadRuleError("msgtype is for the lists exclude and user only")
    if sum(term.field in {"path", "dir"} for term in terms) > 1:
        raise BadRuleError("more than one path")


def _made(filter_: str, calls: list[str]) -> frozenset[str]:
    if filter_ not in {"exit", "io_uring"}:
        return frozenset()
    return frozenset({ALL}) if not calls or ALL in calls else frozenset(calls)


def _where(text: str) -> tuple[str, str]:
    """Return (list, action) of either order; `possible` was given up and is refused."""
    left, comma, right = text.partition(",")
    for filter_, action in ((left, right), (right, left)):
        if comma and filter_ in FILTERS and action in ACTIONS and action != "possible":
            return filter_, action
    raise BadRuleError(f"{text[:40]} is not list,action")


def _arch_of(options: list[tuple[str, str]], machine: str) -> str:
    for name, value in options:
        if name == "-F" and value.startswith("arch="):
            arch = arch_of(value.removeprefix("arch="))
            if arch not in arches_of(machine):
                raise BadRuleError(f"{machine} has no programs of {arch}")
            return arch
    return ""


def _calls(text: str, machine: str, arch: str) -> Iterator[str]:
    for word in text.lower().split(","):
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
    if field in {"path", "dir"} and not re.match("/.", value):
        raise BadRuleError(f"{value[:40]} is no full path")
    if field == "path" and value.endswith("/"):
        raise BadRuleError(f"{value[:40]} ends in /")
    return Term(field, operator, value_of(field, value, names))


def _as_listed(term: Term) -> Term:
    """Return the term as a listing shows it, where `dir` and `path` look alike."""
    if term.field in {"path", "dir"} and not term.to_field:
        return Term("path", term.operator, term.value)
    return term
