r"""The grammar of sudoers(5), as far as grants and settings need it.

    User_Alias OPS = ann, %wheel : DBA = carl
    Cmnd_Alias DB = /usr/bin/psql, sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ== /bin/ls
    Defaults:OPS !authenticate, timestamp_timeout=5
    OPS, !bob  web1, web2 = (www-data : adm) NOPASSWD: DB, PASSWD: /bin/kill : db1 = ALL

A line ends at a newline without a backslash before it. `#` starts a comment unless a digit
follows (a uid). Tags and the runas part carry over to the commands behind them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from hipscan.probes.base import Listing
from hipscan.probes.sudo.sudoers_words import (
    INCLUDE,
    ITEM,
    items,
    logical_lines,
    split,
    unquote,
    without_comment,
)

_DEFAULTS: Final = re.compile(
    rf"Defaults(?:([@:!>])\s*({ITEM}(?:\s*,\s*{ITEM})*))?(?:\s+(.*))?$", re.DOTALL
)
_ALIAS: Final = re.compile(r"(User|Runas|Host|Cmnd|Cmd)_Alias\s+(.*)$", re.DOTALL)
_TAG: Final = re.compile(
    r"\s*((?:NO)?(?:PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW|INTERCEPT))\s*:"
)
_OPTION: Final = re.compile(
    r"\s*(ROLE|TYPE|APPARMOR_PROFILE|CWD|CHROOT|NOTBEFORE|NOTAFTER|TIMEOUT|PRIVS|LIMITPRIVS)"
    rf"\s*=\s*{ITEM}"
)
_RUNAS: Final = re.compile(r"\s*\(([^()=]*)\)")
_DIGEST: Final = re.compile(r"\s*sha(?:224|256|384|512)\s*:\s*[A-Za-z0-9+/=]+\s*,?")
_COMMAND: Final = re.compile(r'\s*((?:"(?:[^"\\]|\\.)*"|\\.|[^,:"\\])+)', re.DOTALL)
_SCOPES: Final = {"@": "host", ":": "user", "!": "command", ">": "runas", None: "all"}
_DEPTH: Final = 16
# sudo-rs reads its own in place of the usual one; SUSE has the vendor's below /usr.
MAIN: Final = ("/etc/sudoers-rs", "/etc/sudoers", "/usr/etc/sudoers")
_FILES: Final = 1000


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a grant, with what is in force for it; None: no runas part."""

    text: str
    negated: bool
    tags: tuple[str, ...]
    run_as: tuple[str, ...] | None
    run_as_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """One `users hosts = commands`, as written: aliases are names still."""

    users: tuple[str, ...]
    hosts: tuple[str, ...]
    commands: tuple[Command, ...]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Default:
    """One setting of a Defaults line."""

    scope: str
    names: tuple[str, ...]
    key: str
    operator: str
    value: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that the files say, in sudo's order.

    `mistakes` are places nobody can read, `files` the files in the order they were included.
    """

    grants: list[Grant] = field(default_factory=list)
    defaults: list[Default] = field(default_factory=list)
    aliases: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def parse_files(seen: Listing, host: str) -> Rules:
    """Parse sudoers, the vendor's where there is no other, and its includes at their places."""
    rules = Rules()
    start = next((path for path in MAIN if path in seen.files), MAIN[1])
    _file(rules, seen, (start, host.partition(".")[0]), 0)
    return rules


def _file(rules: Rules, seen: Listing, where: tuple[str, str], depth: int) -> None:
    path, host = where
    rules.files.append(path)
    if len(rules.files) > _FILES:
        raise ValueError(f"more than {_FILES} files are included")
    for number, text in logical_lines(seen.files.get(path, ())):
        include = INCLUDE.match(text)
        if include:
            for inner in _included(seen, path, host, include):
                if depth < _DEPTH:
                    _file(rules, seen, (inner, host), depth + 1)
            continue
        try:
            _line(rules, without_comment(text).strip(), path, number)
        except ValueError:
            rules.mistakes.append(f"{path}:{number}")


def _included(seen: Listing, path: str, host: str, match: re.Match[str]) -> list[str]:
    target = match[2].strip().strip('"').replace("\\ ", " ").replace("%h", host)
    if not target.startswith("/"):
        target = f"{path.rpartition('/')[0]}/{target}"
    if not match[1]:
        return [target]
    folder = target.rstrip("/") + "/"
    names = (name for name in seen.files if name.startswith((folder, target + "/")))
    return sorted(n for n in names if "." not in _base(n) and not n.endswith("~"))


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _line(rules: Rules, text: str, path: str, number: int) -> None:
    if not text:
        return
    alias, defaults = _ALIAS.match(text), _DEFAULTS.match(text)
    if alias:
        kind = {"Cmd": "Cmnd"}.get(alias[1], alias[1])
        _aliases(rules, kind, alias[2])
    elif defaults:
        rules.defaults.extend(_defaults(defaults, path, number))
    else:
        rules.grants.extend(_grants(text, path, number))


def _aliases(rules: Rules, kind: str, text: str) -> None:
    pieces = re.split(r"(?:^|:)\s*([A-Z][A-Z0-9_]*)\s*=", text)
    if pieces[0].strip() or len(pieces) < 3:  # noqa: PLR2004  # nothing, a name, its members
        raise ValueError("no alias")
    for name, members in zip(pieces[1::2], pieces[2::2], strict=True):
        if kind == "Cmnd":
            commands, _rest = _commands(members.strip())
            rules.aliases[kind, name] = tuple(
                ("!" if each.negated else "") + each.text for each in commands
            )
        else:
            rules.aliases[kind, name] = tuple(word for list_ in items(members) for word in list_)


def _defaults(match: re.Match[str], path: str, number: int) -> Iterator[Default]:
    scope = _SCOPES[match[1]]
    names = tuple(word for list_ in items(match[2] or "") for word in list_)
    for part in split(match[3] or "", ","):
        word = re.match(r"\s*(!*)\s*([A-Za-z_0-9]+)\s*(?:(\+=|-=|=)\s*(.*?)\s*)?$", part, re.DOTALL)
        if not word:
            raise ValueError("no setting")
        marks, key, operator, value = word.groups()
        switch = "off" if len(marks) % 2 else "on"
        shown = switch if operator is None else unquote(value)
        yield Default(scope, names, key, operator or "", shown, path, number)


def _grants(text: str, path: str, number: int) -> Iterator[Grant]:
    left, equals, rest = _cut(text)
    lists = items(left)
    if not equals or len(lists) != 2:  # noqa: PLR2004  # users and hosts
        raise ValueError("no grant")
    users, hosts = lists
    while True:
        commands, rest = _commands(rest)
        yield Grant(users, hosts, tuple(commands), path, number)
        if not rest:
            return
        left, equals, rest = _cut(rest)
        lists = items(left)
        if not equals or len(lists) != 1:
            raise ValueError("no grant")
        hosts = lists[0]


def _cut(text: str) -> tuple[str, str, str]:
    head = split(text, "=")[0]
    return head, text[len(head) : len(head) + 1], text[len(head) + 1 :]


def _commands(text: str) -> tuple[list[Command], str]:
    """Parse a list of commands; return it and what stands behind a colon."""
    found: list[Command] = []
    tags: dict[str, str] = {}
    run_as: tuple[str, ...] | None = None
    groups: tuple[str, ...] = ()
    at = 0
    while True:
        runas = _RUNAS.match(text, at)
        if runas:
            run_as, groups = _run_as(runas[1])
            at = runas.end()
        while match := _OPTION.match(text, at) or _TAG.match(text, at):
            if match.re is _TAG:
                tags[match[1].removeprefix("NO")] = match[1]
            at = match.end()
        while match := _DIGEST.match(text, at):
            at = match.end()
        command = _COMMAND.match(text, at)
        if not command or not command[1].strip():
            raise ValueError("no command")
        bare = command[1].strip().lstrip("! \t")
        marks = command[1].strip()[: -len(bare)] if bare else ""
        negated = marks.count("!") % 2 == 1
        word = re.sub(r"\s+", " ", re.sub(r"\\(.)", r"\1", bare))
        found.append(Command(word, negated, tuple(sorted(tags.values())), run_as, groups))
        at = command.end()
        if at >= len(text):
            return found, ""
        if text[at] == ":":
            return found, text[at + 1 :].strip()
        if text[at] != ",":
            raise ValueError("no command")
        at += 1


def _run_as(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    users, _, groups = text.partition(":")
    flat = [tuple(word for list_ in items(part) for word in list_) for part in (users, groups)]
    return flat[0], flat[1]
