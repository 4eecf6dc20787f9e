"""Whether a list of audit rules records what a topic asks for: the kernel's filters, on samples.

A topic is a scene: a handful of events that differ in what rules may ask of them (who, with which
result, with which arguments). They go through the rules as the kernel does it: the task list, then
the exit list where the first match decides, then the exclude list. So order, `never` before
`always`, negations and several rules that complete each other need no thought of their own.

A condition that a sample cannot answer (a program, a label, an owner of the file) never helps a
rule to count: with it an `always` rule records too little, a `never` rule only some of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hipscan.probes.audit.audit_files import Loaded
from hipscan.probes.audit.audit_names import ERRNO
from hipscan.probes.audit.audit_rules import ALL, AuditRule, Term
from hipscan.probes.audit.audit_values import UNSET

PEOPLE_FROM: Final = 1000  # the first login id of people
_SYSCALL_MESSAGE: Final = 1300
_FAR: Final = 1_500_000_000  # an account of a directory service
_ERROR_NAMES: Final = {-number: f"-{name}" for name, number in ERRNO.items()}


Event = dict[str, int | str]


@dataclass(frozen=True, slots=True)
class Scene:
    """The events that a rule has to record: of people or of everybody, their results, arguments.

    `raised` is a program that runs with root's rights for somebody else. `perms` are those of -p.
    """

    people: bool = True
    exits: tuple[int, ...] = (0, -13, -1)
    args: tuple[tuple[int, int, int], ...] = ((0, 0, 0),)
    perms: str = ""
    raised: bool = False

    def events(self, logins: Iterable[int]) -> list[Event]:
        """Return the events, for these login ids of people beside the usual ones."""
        people = sorted({PEOPLE_FROM, _FAR, *logins})
        auids = people if self.people else [*people, 0, UNSET]
        return [
            {"auid": auid, **who, "exit": result, "success": int(result >= 0), **given, **perm}
            for auid in auids
            for who in self._who(auid)
            for result in self.exits
            for given in self._arguments()
            for perm in self._permissions()
        ]

    def _who(self, auid: int) -> list[dict[str, int]]:
        if self.raised:
            return [{"uid": auid, "euid": 0}]
        persons = [] if auid in {0, UNSET} else [{"uid": auid, "euid": auid}]
        return [*persons, {"uid": 0, "euid": 0}]

    def _arguments(self) -> list[dict[str, int]]:
        return [{"a0": a0, "a1": a1, "a2": a2} for a0, a1, a2 in self.args]

    def _permissions(self) -> list[dict[str, str]]:
        return [{"perm": letter} for letter in self.perms] or [{}]


@dataclass(frozen=True, slots=True)
class Need:
    """What must be recorded: a syscall, or any use of a path, by programs of one architecture.

    `paths` are names of one file or folder; `call` is empty where any syscall is meant.
    """

    arch: str
    scene: Scene
    call: str = ""
    paths: tuple[str, ...] = ()
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a need is met: `missing` is empty, or says what is; `by` is the rule that records."""

    missing: str
    by: Loaded | None = None


class Filter:
    """A list of rules, asked for many needs; `native` is the machine's own architecture."""

    def __init__(self, rules: Sequence[Loaded], native: str) -> None:
        # What takes everything away comes first, wherever it stands.
        self.rules = sorted(rules, key=lambda entry: entry.rule.filter == "exit")
        self.native = native
        self._events: dict[Scene, list[Event]] = {}
        self._masks: dict[tuple[int, Scene], int | None] = {}
        self._by_call: dict[tuple[str, bool], list[int]] = {}
        for place, entry in enumerate(self.rules):
            has_path = any(term.field in {"path", "dir"} for term in entry.rule.terms)
            for call in entry.rule.syscalls or {ALL}:
                self._by_call.setdefault((call, has_path), []).append(place)

    def answer(self, need: Need) -> Answer:
        """Say whether the rules record all of `need`."""
        left = whole = (1 << len(self._scene(need.scene))) - 1
        first: Loaded | None = None
        lost: Loaded | None = None
        narrow = False
        for place in self._candidates(need):
            entry = self.rules[place]
            mask = self._mask(place, need) if self._concerns(entry.rule, need) else 0
            narrow = narrow or (mask is None and entry.rule.action == "always")
            hit = (mask or 0) & left
            if not hit:
                continue
            left &= ~hit
            if entry.rule.action == "always" and entry.rule.filter == "exit":
                first = first or entry
            else:
                lost = lost or entry
        if lost:
            return Answer(f"kept out by {lost.place or lost.rule}")
        if left:
            return Answer(self._left(need.scene, left, whole, narrow=narrow))
        return Answer("", first)

    def _candidates(self, need: Need) -> list[int]:
        """Return the places of the rules that could be about `need`."""
        calls, forms = {ALL, need.call}, {False, bool(need.paths)}
        keys = ((call, form) for call in calls for form in forms)
        return sorted({place for key in keys for place in self._by_call.get(key, ())})

    def _scene(self, scene: Scene) -> list[Event]:
        if scene not in self._events:
            self._events[scene] = scene.events(_logins(self.rules))
        return self._events[scene]

    def _mask(self, place: int, need: Need) -> int | None:
        """Return which events of the scene a rule matches, as bits; None where it cannot tell."""
        key = (place, need.scene)
        if key not in self._masks:
            terms = [t for t in self.rules[place].rule.terms if t.field not in _SETTLED]
            self._masks[key] = _bits(terms, self._scene(need.scene))
        return self._masks[key]

    def _concerns(self, rule: AuditRule, need: Need) -> bool:
        """Say whether a rule is about the syscall, the path and the architecture of `need`."""
        match rule.filter:
            case "task":
                return rule.action == "never"
            case "exclude":
                return _drops_syscalls(rule)
            case "exit":
                return self._calls(rule, need) and _paths(rule, need)
        return False

    def _calls(self, rule: AuditRule, need: Need) -> bool:
        arches = [term for term in rule.terms if term.field == "arch"]
        if not all((need.arch == term.value) == (term.operator == "=") for term in arches):
            return False
        if ALL in rule.syscalls:
            return True
        return need.call in rule.syscalls and (bool(arches) or need.arch == self.native)

    def _left(self, scene: Scene, left: int, whole: int, *, narrow: bool) -> str:
        """Say in words which events are not recorded."""
        if left == whole:
            return "only with further conditions" if narrow else "no rule"
        events = self._scene(scene)
        missing = [event for bit, event in enumerate(events) if left >> bit & 1]
        for name in ("perm", "exit", "auid", "uid", "a1", "a2"):
            lost = dict.fromkeys(event[name] for event in missing if name in event)
            if lost and len(lost) < len({event[name] for event in events}):
                shown = ", ".join(_say(name, value) for value in list(lost)[:3])
                return f"not for {name} {shown}"
        return "not in every case"


# Terms that `_concerns` has answered.
_SETTLED: Final = frozenset({"arch", "path", "dir", "msgtype"})


def _logins(rules: Sequence[Loaded]) -> set[int]:
    """Return login ids of people next to those that the rules name."""
    named = {
        number
        for entry in rules
        for term in entry.rule.terms
        if term.field in {"auid", "uid"} and (number := term.number) is not None
    }
    near = {number + step for number in named for step in (-1, 0, 1)}
    return set(sorted(number for number in near if PEOPLE_FROM <= number < UNSET)[:16])


def _bits(terms: Sequence[Term], events: Sequence[Event]) -> int | None:
    mask = (1 << len(events)) - 1
    for term in terms:
        holds = _test(term)
        hits = 0
        for bit, event in enumerate(events):
            said = holds(event)
            if said is None:
                return None
            hits |= said << bit
        mask &= hits
    return mask


def _test(term: Term) -> Callable[[Event], bool | None]:
    """Return what says whether a condition holds for an event; None: the event does not tell."""
    name, same = term.field, term.operator == "="
    if term.to_field:
        other = term.value
        return lambda event: (
            (event[name] == event[other]) == same if {name, other} <= event.keys() else None
        )
    if name == "perm":
        letters = term.value
        return lambda event: (str(event[name]) in letters) == same if name in event else None
    wanted = term.number
    if wanted is None:
        return lambda _: None
    compare, number = _COMPARE[term.operator], wanted
    return lambda event: compare(int(event[name]), number) if name in event else None


_COMPARE: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "=": lambda seen, wanted: seen == wanted,
    "!=": lambda seen, wanted: seen != wanted,
    "<": lambda seen, wanted: seen < wanted,
    ">": lambda seen, wanted: seen > wanted,
    "<=": lambda seen, wanted: seen <= wanted,
    ">=": lambda seen, wanted: seen >= wanted,
    "&": lambda seen, wanted: bool(seen & wanted),
    "&=": lambda seen, wanted: seen & wanted == wanted,
}


def _drops_syscalls(rule: AuditRule) -> bool:
    """Say whether a rule of the exclude list takes the records of syscalls away."""
    types = [term for term in rule.terms if term.field == "msgtype"]
    numbers = [(term, term.number) for term in types]
    return all(
        number is not None and _COMPARE[term.operator](_SYSCALL_MESSAGE, number)
        for term, number in numbers
    )


def _paths(rule: AuditRule, need: Need) -> bool:
    terms = [term for term in rule.terms if term.field in {"path", "dir"}]
    if not terms:
        return True
    return any(all(_lies(path, term, rule, need) for term in terms) for path in need.paths)


def _lies(path: str, term: Term, rule: AuditRule, need: Need) -> bool:
    """Say whether a path, or for a folder what is in it, is what a term names."""
    if term.operator != "=":
        return False
    below = path.startswith("/" if term.value == "/" else f"{term.value}/")
    if term.field == "dir" or rule.loose:
        return path == term.value or below
    return path == term.value and not need.folder


def _say(name: str, value: int | str) -> str:
    if name == "exit" and isinstance(value, int):
        return _ERROR_NAMES.get(value, "0" if value == 0 else str(value))
    if value == UNSET:
        return "unset"
    return oct(value) if name in {"a1", "a2"} and isinstance(value, int) else str(value)
