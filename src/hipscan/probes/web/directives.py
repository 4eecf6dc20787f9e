"""A configuration as a tree of directives, shared by the probes of the web servers.

The lexers that run on the target print one line a directive, with tabs between the words:

    :12  {  virtualhost  *:443
    :13  ;  sslengine  on
    :14  }
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, absent, missing
from hipscan.probes.base import Listing, Note, judge_notes

Files = Mapping[str, Sequence[str]]

# What a file that could not be read may change about any server.
_UNSURE: Final = (
    "weak_protocols",
    "weak_ciphers",
    "unapproved_ciphers",
    "hsts",
    "redirects_to_https",
)


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive; `block` holds what stands between its braces or tags."""

    name: str
    arguments: tuple[str, ...]
    file: str
    line: int
    block: list["Directive"] = field(default_factory=list)

    def all(self, name: str) -> list["Directive"]:
        """Return the directives of this block with a name, in order."""
        return [each for each in self.block if each.name == name]

    def last(self, name: str) -> "Directive | None":
        """Return the last directive of this block with a name."""
        found = self.all(name)
        return found[-1] if found else None


def inherited(name: str, *blocks: Directive) -> tuple[str, ...] | None:
    """Return the arguments of the last directive of that name in the first block that has one."""
    for block in blocks:
        found = block.last(name)
        if found is not None:
            return found.arguments
    return None


def unless_hidden(notes: Sequence[Note], records: Sequence[Record]) -> Fact:
    """Return the fact of a web server's hosts; with a file hidden, what it may set is unknown."""
    if all(note.kind == "absent" for note in notes):
        return judge_notes(notes, records)
    unsure = [
        {key: None if key in _UNSURE else value for key, value in record.items()}
        for record in records
    ]
    return judge_notes(notes, unsure)


def read_directives(path: str, lines: Sequence[str]) -> Iterator[tuple[str, Directive]]:
    """Yield (`{`, `;` or `}`, directive) for the lines of a lexer; another line is an error."""
    for line in lines:
        match line.split("\t"):
            case [number, "}"]:
                yield "}", Directive("}", (), path, _number(number))
            case [number, ("{" | ";") as mark, name, *arguments]:
                yield mark, Directive(name, tuple(arguments), path, _number(number))
            case _:
                raise ValueError(f"not a directive: {line[:60]!r}")


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:  # noqa: PLR2004  # a line number
        raise ValueError(f"not a line number: {text[:20]!r}")
    return int(text)


def without_main_file(read: Listing, program: str) -> Fact:
    """Return what is known of a server whose main file was not read.

    Raises ValueError when nothing says why.
    """
    if not read.notes:
        raise ValueError("neither a file nor a word about one")
    if all(note.kind == "absent" for note in read.notes):
        return absent(f"{program} is not installed")
    first = read.notes[0]
    status = FactStatus.UNSUPPORTED if first.kind == "unsupported" else FactStatus.DENIED
    return missing(status, f"{first.kind}: {first.text}")
