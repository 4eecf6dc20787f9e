"""PAM's files: their grammar, and the stacks of rules that their includes make (pam.conf(5))."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import basename
from typing import Final

from hipscan.probes.files.config_syntax import continued

TYPES: Final = ("auth", "account", "password", "session")
FOLDERS: Final = ("/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d")

_INCLUDES: Final = frozenset({"include", "substack", "@include"})
_WORD: Final = re.compile(r"\[((?:\\.|[^\]\\])*)\]|(\S+)")
_DEPTH: Final = 16  # libpam gives up at 32; a loop of includes ends here


@dataclass(frozen=True, slots=True)
class PamRule:
    """One rule of a stack. `module` is None where an include could not be followed.

    `substack` says that it comes by a substack: then `sufficient` ends no more than that.
    """

    type: str
    control: str
    module: str | None
    arguments: tuple[str, ...]
    file: str
    line: int
    substack: bool = False

    def argument(self, name: str) -> str | None:
        """Return the value of the last `name=value`, an empty text for a bare `name`."""
        found = None
        for word in self.arguments:
            key, _, value = word.partition("=")
            if key == name:
                found = value
        return found


def words(text: str) -> list[str]:
    """Split a rule; `[a b]` is one word and keeps its brackets.

    auth [success=1 default=ignore] pam_unix.so nullok
    """
    if "[" not in text:
        return text.split()
    found = (match for match in _WORD.finditer(text))
    return [match[0] if match[1] is not None else match[2] for match in found]


def read_file(path: str, lines: Sequence[str], service: str = "") -> Iterator[PamRule]:
    """Read one file; an include is a rule with the control include, substack or @include.

    @include common-auth
    -session   optional   pam_systemd.so
    """
    for number, raw in continued(lines):
        match words(raw.partition("#")[0]):
            case ["@include", name, *_] if not service:
                yield PamRule("", "@include", name, (), path, number)
            case [named, *rest] if service:
                if named == service:
                    yield from _rule(rest, path, number)
            case rest:
                yield from _rule(rest, path, number)


def _rule(parts: Sequence[str], path: str, number: int) -> Iterator[PamRule]:
    match parts:
        case [kind, control, module, *arguments] if kind.lstrip("-").lower() in TYPES:
            control = " ".join(control.lower().split())
            bare = tuple(word[1:-1] if word.startswith("[") else word for word in arguments)
            named = module if control in _INCLUDES else basename(module)
            yield PamRule(kind.lstrip("-").lower(), control, named, bare, path, number)
        case _:
            pass


def stacks(files: Mapping[str, Sequence[str]]) -> dict[str, tuple[PamRule, ...]]:
    """Return the resolved rules of every service: includes followed, modules by bare name."""
    places: dict[str, str] = {}
    for folder in reversed(FOLDERS):
        inside = (path for path in files if path.startswith(folder + "/"))
        places |= {basename(path): path for path in inside}
    if places:
        rules = {path: tuple(read_file(path, lines)) for path, lines in files.items()}
        return {
            name: tuple(_resolve(name, "", places, rules, 0))
            for name in sorted(places)
            if not re.search(r"~$|\.(dpkg-|rpm|ucf-|bak$|orig$)", name)
        }
    lines = files.get("/etc/pam.conf", ())
    names = sorted({words(line)[0] for line in lines if words(line.partition("#")[0])})
    return {name: tuple(read_file("/etc/pam.conf", lines, name)) for name in names}


def _resolve(
    name: str,
    kind: str,
    places: Mapping[str, str],
    rules: Mapping[str, Sequence[PamRule]],
    depth: int,
) -> Iterator[PamRule]:
    path = name if name in rules else places.get(name, "")
    if depth > _DEPTH or not path:
        yield PamRule(kind, "include", None, (), name, 0)
        return
    for rule in rules[path]:
        if kind and rule.type not in (kind, ""):
            continue
        if rule.control not in _INCLUDES:
            yield rule
            continue
        inner = _resolve(rule.module or "", kind or rule.type, places, rules, depth + 1)
        is_apart = rule.control == "substack"
        yield from (replace(each, substack=True) for each in inner) if is_apart else inner
