"""sshd_config as files: what stands in Match blocks, and which line decides a global setting.

`sshd -T` says what holds, but neither where it comes from nor what Match blocks would change for
somebody else. sshd_config(5): the first value wins; an Include is read in its place and in its
block; a Match block ends at the next Match or at the end of its file.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from posixpath import join
from typing import Final

from hipscan.model.fact import Record
from hipscan.probes.base import Field, FieldType

MATCH_FIELDS: Final = {
    "criteria": Field(FieldType.TEXT, "whom the block is about, for example `User backup`"),
    "keyword": Field(FieldType.TEXT, "the setting, in lower case"),
    "value": Field(
        FieldType.TEXT, "its value; of an environment only the names, of a command only the program"
    ),
    "file": Field(FieldType.TEXT, "the file it stands in"),
    "line": Field(FieldType.INTEGER, "the line, counted from 1"),
}

_DEPTH: Final = 16  # as deep as sshd itself follows Include
_ENVIRONMENT: Final = re.compile(rb'(?im)^(:?[ \t]*"?setenv"?[ \t=]+[^=\n]*)=.*$')
_COMMAND: Final = re.compile(rb'(?im)^(:?[ \t]*"?[a-z]+command"?[ \t=]+[^ \t\n]+)[ \t].*$')
_LINE: Final = re.compile(r'\s*"?([A-Za-z]\w*)"?(?:\s*=\s*|\s+)(.*?)\s*')


@dataclass(frozen=True, slots=True)
class Directive:
    """One line of sshd_config: keyword in lower case, value, and the Match block it is in."""

    keyword: str
    value: str
    criteria: str
    file: str
    line: int


def directives(files: Mapping[str, tuple[str, ...]], start: str) -> tuple[Directive, ...]:
    """Return the lines of `start` and what it includes, in the order that sshd reads them.

    `files` holds the contents of every file that may be included.
    """
    return tuple(_expand(files, start, "", 0))


def _expand(
    files: Mapping[str, tuple[str, ...]], path: str, criteria: str, depth: int
) -> Iterator[Directive]:
    for number, line in enumerate(files.get(path, ()), 1):
        keyword, value = _split(line)
        if keyword == "match":
            criteria = value
        elif keyword == "include" and depth < _DEPTH:
            for included in _included(files, value):
                yield from _expand(files, included, criteria, depth + 1)
        elif keyword:
            yield Directive(keyword, value, criteria, path, number)


def includes(files: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the absolute paths and globs of every Include that holds for all logins.

    One in a Match block is left out: what it reads holds for few, and often for nobody.
    """
    for lines in files.values():
        always = True
        for keyword, value in map(_split, lines):
            if keyword == "match":
                always = value.lower() == "all"
            elif keyword == "include" and always:
                yield from (join("/etc/ssh", pattern) for pattern in value.split())


def _split(line: str) -> tuple[str, str]:
    """Split `Keyword value`, `Keyword=value` or `Keyword "a value"  # remark`."""
    found = _LINE.fullmatch(line)
    return (found[1].lower(), _plain(found[2])) if found else ("", "")


def _plain(value: str) -> str:
    try:
        return " ".join(shlex.split(value, comments=True))
    except ValueError:
        return value


def _included(files: Mapping[str, tuple[str, ...]], value: str) -> Iterator[str]:
    for pattern in value.split():
        absolute = join("/etc/ssh", pattern)
        yield from sorted(path for path in files if _matches(path, absolute))


def _matches(path: str, pattern: str) -> bool:
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def match_records(lines: tuple[Directive, ...]) -> list[Record]:
    """Return a record for each setting inside a Match block."""
    return [
        {
            "criteria": line.criteria,
            "keyword": line.keyword,
            "value": calm(line.keyword, line.value),
            "file": line.file,
            "line": line.line,
        }
        for line in lines
        if line.criteria
    ]


def deciding_lines(lines: tuple[Directive, ...]) -> list[str]:
    """Return `keyword file:line` for the first global line of each keyword."""
    first: dict[str, Directive] = {}
    for line in lines:
        if not line.criteria:
            first.setdefault(line.keyword, line)
    return [f"{word} {line.file}:{line.line}" for word, line in sorted(first.items())]


def calm(keyword: str, value: str) -> str:
    """Return a value without what may be secret: values of SetEnv, arguments of commands."""
    if keyword == "setenv":
        return " ".join(word.partition("=")[0] for word in value.split())
    return value.partition(" ")[0] if keyword.endswith("command") else value


def redact(payload: bytes) -> bytes:
    """Do the same to what a host sent, whatever its shell has hidden already."""
    hidden = _ENVIRONMENT.sub(rb"\1=", payload)
    return _COMMAND.sub(rb"\1", hidden)
