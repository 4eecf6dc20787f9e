"""Which audit rules the files of a host would load, in which order, and what loads them.

augenrules(8) joins /etc/audit/rules.d/*.rules in the order of `ls -v` and moves the last -D, -b,
-f and -e to their places; a unit may load /etc/audit/audit.rules itself instead. auditctl -R then
reads line by line and stops at the first it cannot use, a rule that is there already included,
unless -c or -i came before. A watch below a folder that is missing ends the loading as well. What
cannot be seen from here is what another version of auditctl or of the kernel refuses; the
comparison with the kernel's list shows it.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cmp_to_key
from typing import Final

from hipscan.probes.audit.audit_rules import AuditRule, Control, parse_line
from hipscan.probes.audit.audit_values import BadRuleError, Names

RULES_FOLDER: Final = "/etc/audit/rules.d"
RULES_FILE: Final = "/etc/audit/audit.rules"
UNITS: Final = ("auditd", "audit-rules")
OPENRC_FILE: Final = "/etc/conf.d/auditd"
UNIT_FOLDERS: Final = tuple(f"{top}/systemd/system" for top in ("/etc", "/run", "/usr/lib", "/lib"))

_MOVED: Final = re.compile(r"\s*(?:-(e)|-(D)\s*$|-(f)|-(b))")
_EXEC: Final = re.compile(r"\s*(ExecStart|ExecStartPre|ExecStartPost)\s*=(.*)")
_STARTUP: Final = re.compile(r"\s*RULEFILE_STARTUP=[\"']?([^\"'\s#]*)")
_LOADED_FILE: Final = re.compile(r"auditctl\s+(?:-\S+\s+)*-R\s*(\S+)")
_SUFFIX: Final = re.compile(r"(?:\.[A-Za-z~][A-Za-z0-9~]*)*$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a rule file and where it stands."""

    text: str
    file: str
    number: int

    @property
    def place(self) -> str:
        """Return file:line."""
        return f"{self.file}:{self.number}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A rule that the files load, and where it stands; for a rule of the kernel nowhere."""

    rule: AuditRule
    place: str = ""


@dataclass(slots=True)
class Ruleset:
    """What reading the lines one after the other leaves.

    `known` has what tells the rules from each other, `settings` the last value of -b, -e, -f and
    others; `stopped` says at which line auditctl stopped and why, `refused` which lines it passed
    over.
    """

    rules: list[Loaded] = field(default_factory=list)
    known: set[tuple[object, ...]] = field(default_factory=set)
    settings: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    refused: list[str] = field(default_factory=list)

    def keep(self, entries: Iterable[Loaded]) -> None:
        """Drop all rules but these."""
        self.rules = list(entries)
        self.known = {each for entry in self.rules for each in entry.rule.identities}


def version_order(names: Iterable[str]) -> list[str]:
    """Return file names in the order of `ls -v`, as GNU's filevercmp has it.

    20-b.rules, 100-a.rules: numbers count as numbers.
    """
    return sorted(names, key=cmp_to_key(_compare_names))


def _compare_names(one: str, other: str) -> int:
    bare = [_SUFFIX.sub("", name) for name in (one, other)]
    same = bare[0] == bare[1]
    result = _compare(one, other) if same else _compare(*bare) or _compare(one, other)
    return result or (one > other) - (one < other)


def _compare(one: str, other: str) -> int:
    """Compare as dpkg does: letters before other signs, `~` before the end, numbers by value."""
    i = j = 0
    while i < len(one) or j < len(other):
        while (i < len(one) and not _is_digit(one[i])) or (
            j < len(other) and not _is_digit(other[j])
        ):
            left, right = _rank(one[i : i + 1]), _rank(other[j : j + 1])
            if left != right:
                return left - right
            i, j = i + 1, j + 1
        first, second = _digits(one, i), _digits(other, j)
        if int(first or 0) != int(second or 0):
            return int(first or 0) - int(second or 0)
        i, j = i + len(first), j + len(second)
    return 0


def _is_digit(char: str) -> bool:
    return char in "0123456789"


def _digits(text: str, start: int) -> str:
    match = re.match(r"[0-9]{1,18}", text[start:])
    return match[0] if match else ""


def _rank(char: str) -> int:
    if not char or _is_digit(char):
        return 0
    if char == "~":
        return -2
    return ord(char) if char.isascii() and char.isalpha() else ord(char) + 0x110000


def joined(files: Mapping[str, Sequence[str]], unended: Iterable[str] = ()) -> list[Line]:
    """Return the lines that augenrules makes of the files of rules.d.

    Names with blanks fall apart in its hands. A file of `unended`, whose last line does not end,
    runs on into the next. Since audit 4, which has a unit of its own for the rules, lines may end
    as on Windows.
    """
    end = "\r" if any(path.endswith("/audit-rules.service") for path in files) else ""
    moved: dict[str, Line] = {}
    rest: list[Line] = []
    for line in _run_on(files, set(unended)):
        text = line.text.removesuffix(end)
        match = _MOVED.match(text)
        if match and match.lastindex:
            moved[str(match[match.lastindex])] = replace(line, text=text)
        elif text.strip() and not text.lstrip().startswith("#"):
            rest.append(replace(line, text=text))
    head = [moved[letter] for letter in "Dbf" if letter in moved]
    return [*head, *rest, *([moved["e"]] if "e" in moved else [])]


def _run_on(files: Mapping[str, Sequence[str]], unended: set[str]) -> Iterator[Line]:
    """Yield the lines of all files in order, as `cat` joins them."""
    names = {path.rpartition("/")[2]: path for path in files if _is_piece(path)}
    held: Line | None = None
    for name in version_order(names):
        lines = plain(names[name], files[names[name]])
        if held and lines:
            lines[0] = replace(held, text=held.text + lines[0].text)
            held = None
        if names[name] in unended and lines:
            held = lines.pop()
        yield from lines
    if held:
        yield held


def _is_piece(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    is_read = name.endswith(".rules") and not name.startswith(".")
    return folder == RULES_FOLDER and is_read and not any(char.isspace() for char in name)


def plain(path: str, lines: Sequence[str]) -> list[Line]:
    """Return the lines of one file as they stand."""
    return [Line(text, path, number) for number, text in enumerate(lines, 1)]


def replay(lines: Iterable[Line], names: Names, gone: Collection[str] = ()) -> Ruleset:
    """Read lines as auditctl -R does, and return what is loaded in the end.

    `gone` are watched paths whose folder is missing.
    """
    state = Ruleset()
    lenient = False
    for line in lines:
        try:
            read = parse_line(line.text, names)
            lenient = lenient or (isinstance(read, Control) and read.option in {"-c", "-i"})
            if isinstance(read, AuditRule):
                _look(read, gone)
            _apply(state, read, line)
        except BadRuleError as error:
            said = f"{line.place}: {error}"
            if not lenient:
                state.stopped = said
                break
            state.refused.append(said)
    return state


def _look(rule: AuditRule, gone: Collection[str]) -> None:
    for term in rule.terms:
        if term.field in {"path", "dir"} and term.value in gone:
            raise BadRuleError(f"there is no folder for {term.value}")


def _apply(state: Ruleset, read: AuditRule | Control | None, line: Line) -> None:
    if read is None:
        return
    if state.settings.get("-e") == "2":
        raise BadRuleError("nothing can be loaded behind -e 2")
    if isinstance(read, AuditRule):
        _add(state, read, line)
    elif read.option == "-D":
        keeps = (e for e in state.rules if read.value and read.value not in e.rule.keys)
        state.keep(list(keeps))
    elif read.rule is not None:
        meant = read.rule.meaning
        left = [entry for entry in state.rules if entry.rule.meaning != meant]
        if len(left) == len(state.rules):
            raise BadRuleError("there is no such rule to delete")
        state.keep(left)
    else:
        state.settings[read.option] = read.value
        state.places[read.option] = line.place


def _add(state: Ruleset, rule: AuditRule, line: Line) -> None:
    if rule.identities & state.known:
        raise BadRuleError("the same rule stands above")
    state.known |= rule.identities
    at = 0 if rule.first else len(state.rules)
    state.rules.insert(at, Loaded(rule, line.place))


def loader(files: Mapping[str, Sequence[str]], masked: Iterable[str], *, systemd: bool) -> str:
    """Say what loads the rules at boot: augenrules, the path of a file, or nothing.

    On Alpine OpenRC loads one file, which its settings name (`RULEFILE_STARTUP=`). Other init
    scripts decide in ways of their own; augenrules is taken for granted where there are files
    for it.
    """
    if not systemd and OPENRC_FILE in files:
        named = (_STARTUP.match(line) for line in files[OPENRC_FILE])
        return next((match[1] for match in named if match), RULES_FILE)
    if not systemd:
        return "augenrules" if any(_is_piece(path) for path in files) else RULES_FILE
    hidden = set(masked)
    commands = [each for unit in UNITS for each in _commands(unit, files, hidden)]
    found = ""
    for command in commands:
        direct = _LOADED_FILE.search(command)
        if "augenrules" in command and "--load" in command:
            found = "augenrules"
        elif direct:
            found = direct[1]
    return found


def _commands(unit: str, files: Mapping[str, Sequence[str]], masked: set[str]) -> Iterator[str]:
    """Yield the commands that a unit starts with, drop-ins applied."""
    places = [f"{folder}/{unit}.service" for folder in UNIT_FOLDERS]
    main = next((path for path in places if path in files or path in masked), "")
    if not main or main in masked:
        return
    pieces = sorted(
        (path for path in files if path.rpartition("/")[0].endswith(f"/{unit}.service.d")),
        key=lambda path: path.rpartition("/")[2],
    )
    found: dict[str, list[str]] = {}
    for path in (main, *pieces):
        for text in files[path]:
            match = _EXEC.match(text)
            if match and match[2].strip():
                found.setdefault(match[1], []).append(match[2].strip())
            elif match:
                found[match[1]] = []
    yield from (command for commands in found.values() for command in commands)
