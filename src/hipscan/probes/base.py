"""What a probe is: the shell that reads a kind of fact, and the parser that types it.

A probe's shell runs in a subshell of its own, under a limit of seconds and bytes, with
`LC_ALL=C`, a fixed PATH, standard input from /dev/null and standard error discarded. The
compiler puts `#begin NAME DIGEST` before its output and `#end STATUS` behind it, so that noise, a
cut or an empty reply is seen (`frame_text`). Inside, these shell functions are at hand
(hipscan.collect.library):

    files PATH...          contents of regular files        ->  F/etc/login.defs
                                                                :UMASK 022
    dropins DIR SUFFIX     contents of DIR/*SUFFIX          ->  the same
    note KIND TEXT         says what could not be read      ->  !denied /etc/shadow

`listing` parses that form. Kinds of notes: absent, denied, special (not a regular file),
unsupported (no such tool), cut (a limit was reached), error.

A new probe is one file with a `PROBE` constant in the folder of its topic, and one line in
hipscan.probes.table.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, missing

_CANNOT_RUN: Final = (126, 127)
_TIMED_OUT: Final = (124, 137, 143)


class FieldType(StrEnum):
    """Types of fields, for rule authors, the linter and the reference."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    LIST = "list"
    MODE = "mode"  # an octal file mode as text, four digits: "0640"
    TIME = "time"  # seconds since 1970 in UTC


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: its type, and what it says in a sentence."""

    type: FieldType
    doc: str


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact that rules can ask for.

    `subject` names the fields that tell one record from another; their values, joined by a
    space, are the subject of an observation, so they must be stable from scan to scan.
    """

    name: str
    doc: str
    subject: tuple[str, ...]
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Frame:
    """What one probe's shell answered.

    `status` is the exit status of the limiter around it (124, 137: it ran out of time);
    `payload` is decoded and decompressed; `truncated` says that the byte limit cut it.
    """

    probe: str
    status: int
    milliseconds: int
    payload: bytes
    truncated: bool = False


Facts = Mapping[str, Fact]


def _keep(payload: bytes) -> bytes:
    return payload


@dataclass(frozen=True, slots=True)
class Probe:
    """A kind of fact: `script` reads it, `parse` types it.

    `parse` gets the text between `#begin` and `#end` and the shell's exit status, and returns a
    fact for each of `facts`; a ValueError it raises becomes `garbled`. `data` names the kinds of
    data of the target that the script reads from `$HIPSCAN_DATA`, one a line. `redact` takes
    secrets out of a payload before it may be saved; the default is for scripts that let no
    secret leave the target. `commands` is the allow-list: programs beyond the basic ones that
    the script runs, each known to write nothing. The answer of a `bulky` probe is compressed on the
    target, which costs two processes there. A `deep` probe takes seconds of the target's time.
    """

    name: str
    facts: tuple[FactSpec, ...]
    script: str
    parse: Callable[[str, int], Facts]
    seconds: int = 20
    limit: int = 2 * 1024 * 1024
    data: str = ""
    commands: tuple[str, ...] = ()
    bulky: bool = False
    deep: bool = False
    redact: Callable[[bytes], bytes] = field(default=_keep)


@dataclass(frozen=True, slots=True)
class Note:
    """A remark of a probe's script: what could not be read, or is not there."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Files as `files` and `dropins` print them, and the notes between them, in order."""

    files: Mapping[str, tuple[str, ...]]
    notes: tuple[Note, ...]
    plain: tuple[str, ...]  # lines that are neither
    marked: Mapping[str, Sequence[str]]  # the same by their first letter, and without it

    def behind(self, letter: str) -> Sequence[str]:
        """Return what stands behind `letter` in the lines that are neither."""
        return self.marked.get(letter, ())

    def of_kind(self, *kinds: str) -> tuple[Note, ...]:
        """Return the notes of these kinds."""
        return tuple(note for note in self.notes if note.kind in kinds)


def listing(text: str) -> Listing:
    """Parse the output of `files`, `dropins` and `note`.

    F/etc/login.defs
    :UMASK 022
    !denied /etc/shadow
    any other line of the probe's own
    """
    files: dict[str, list[str]] = {}
    notes: list[Note] = []
    plain: list[str] = []
    marked: defaultdict[str, list[str]] = defaultdict(list)
    current: list[str] | None = None
    for line in text.split("\n"):
        match line[:1]:
            case "F":
                current = files.setdefault(line[1:], [])
            case ":" if current is not None:
                current.append(line[1:])
            case "!":
                kind, _, rest = line[1:].partition(" ")
                notes.append(Note(kind, rest))
            case "":
                pass
            case letter:
                plain.append(line)
                marked[letter].append(line[1:])
    contents = {path: tuple(lines) for path, lines in files.items()}
    return Listing(contents, tuple(notes), tuple(plain), dict(marked))


def judge_notes(notes: Sequence[Note], records: Sequence[Record]) -> Fact:
    """Return the fact that `records` make, given what could not be read.

    Anything denied, special, cut or in error makes it partial, or without any record that
    status itself; no note makes it ok.
    """
    bad = [note for note in notes if note.kind != "absent"]
    if not bad:
        return Fact(FactStatus.OK, tuple(records))
    reason = "; ".join(f"{note.kind}: {note.text}" for note in bad[:5])
    if len(bad) > 5:  # noqa: PLR2004  # enough for a person to see the pattern
        reason += f"; and {len(bad) - 5} more"
    if records:
        return Fact(FactStatus.PARTIAL, tuple(records), reason)
    kinds = {note.kind for note in bad}
    if kinds == {"unsupported"}:
        return missing(FactStatus.UNSUPPORTED, reason)
    return missing(FactStatus.DENIED if kinds == {"denied"} else FactStatus.PARTIAL, reason)


def all_missing(probe: Probe, status: FactStatus, reason: str) -> Facts:
    """Return every fact of `probe` as missing for one reason."""
    return {spec.name: missing(status, reason) for spec in probe.facts}


def frame_text(probe: Probe, frame: Frame, digest: str) -> tuple[str, int] | tuple[FactStatus, str]:
    """Return (text, exit status) of a frame, or (status, reason) when it is no evidence."""
    if frame.status in _TIMED_OUT:
        return FactStatus.TIMEOUT, f"no answer within {probe.seconds} s"
    if frame.status in _CANNOT_RUN:
        return FactStatus.UNSUPPORTED, f"the shell could not run it (status {frame.status})"
    try:
        text = frame.payload.decode("utf-8")
    except UnicodeDecodeError:
        text = frame.payload.decode("utf-8", "surrogateescape")
    begin = f"#begin {probe.name} "
    head, _, rest = text.partition("\n")
    if not head.startswith(begin):
        return FactStatus.GARBLED, "the answer does not start as it should"
    if head != begin + digest:
        return FactStatus.UNSUPPORTED, "the pinned script on the target is of another version"
    body, end, status = rest.rpartition("\n#end ")
    if not end or not status.strip().isdigit():
        why = f"more than {probe.limit} bytes" if frame.truncated else "the answer is cut off"
        return (FactStatus.PARTIAL if frame.truncated else FactStatus.GARBLED), why
    return body, int(status)


def read_frame(probe: Probe, frame: Frame | None, digest: str) -> Facts:
    """Turn a frame into facts; whatever is wrong with it becomes a status, never a pass."""
    if frame is None:
        return all_missing(probe, FactStatus.NOTCOLLECTED, "no answer of this probe arrived")
    match frame_text(probe, frame, digest):
        case FactStatus() as status, str() as reason:
            return all_missing(probe, status, reason)
        case str() as text, int() as status:
            return read_text(probe, text, status)
    raise AssertionError


def read_text(probe: Probe, text: str, status: int) -> Facts:
    """Turn what a probe printed, and its shell's exit status, into facts."""
    if status in _CANNOT_RUN:
        return all_missing(probe, FactStatus.UNSUPPORTED, f"a tool is missing (status {status})")
    try:
        facts = probe.parse(text, status)
    except (ValueError, LookupError) as error:
        return all_missing(probe, FactStatus.GARBLED, f"cannot be parsed: {error}")
    lost = {spec.name for spec in probe.facts} - facts.keys()
    return {**facts, **{name: missing(FactStatus.NOTCOLLECTED, "not answered") for name in lost}}
