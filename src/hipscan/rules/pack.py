"""Pack: rules, variables, profiles and cases of one folder, as loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from hipscan.documents.document import suggest
from hipscan.errors import UsageError
from hipscan.model.rule import Rule
from hipscan.rules.schema import CaseModel, ProfileModel


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that rules read as `$name`."""

    name: str
    default: object
    about: str


@dataclass(frozen=True, slots=True)
class Pack:
    """One rule pack. Rules keep the order of their files."""

    name: str
    title: str
    version: str
    folder: Path
    rules: tuple[Rule, ...]
    variables: Mapping[str, Variable] = field(default_factory=dict)
    profiles: Mapping[str, ProfileModel] = field(default_factory=dict)
    cases: tuple[CaseModel, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """The rules of a run, and the values of variables before the target's own."""

    packs: tuple[str, ...]
    profile: str
    rules: tuple[Rule, ...]
    variables: Mapping[str, object]


def select_rules(
    packs: tuple[Pack, ...],
    *,
    profile: str = "default",
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    values: Mapping[str, object] | None = None,
) -> Selection:
    """Return the rules that profile and globs select, with their variables.

    A rule that `only` names in full is judged whatever the profile.
    Raises UsageError for a profile, a variable or a glob that nothing knows.
    """
    found = {name for pack in packs for name in pack.profiles} | {"default"}
    if profile not in found:
        raise UsageError(f"no pack has a profile {profile!r}", hint=suggest(profile, found))
    known = {name: item for pack in packs for name, item in pack.variables.items()}
    for name in values or {}:
        if name not in known:
            raise UsageError(f"no pack has a variable {name!r}", hint=suggest(name, known))
    rules = tuple(rule for pack in packs for rule in _of_profile(pack, profile, frozenset(only)))
    _check_globs((*only, *skip), tuple(rule.id for pack in packs for rule in pack.rules))
    chosen = tuple(
        rule
        for rule in rules
        if (not only or _is_like(rule.id, only)) and not _is_like(rule.id, skip)
    )
    if not chosen:
        raise UsageError("no rule is left to judge by", hint="loosen --rule, --skip or --profile")
    variables: dict[str, object] = {name: item.default for name, item in known.items()}
    for pack in packs:
        if profile in pack.profiles:
            variables.update(pack.profiles[profile].set)
    variables.update(values or {})
    return Selection(tuple(pack.name for pack in packs), profile, chosen, variables)


def profiles_of(rule: Rule, pack: Pack) -> tuple[str, ...]:
    """Return the profiles of `pack` that `rule` belongs to, in the order of pack.yaml."""
    names = dict.fromkeys(("default", *pack.profiles))
    return tuple(name for name in names if belongs(rule, pack, name))


def _is_like(name: str, globs: tuple[str, ...] | list[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _check_globs(globs: tuple[str, ...], ids: tuple[str, ...]) -> None:
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in ids):
            raise UsageError(f"no rule is called {glob!r}", hint=suggest(glob, ids))


def _of_profile(pack: Pack, profile: str, named: frozenset[str]) -> tuple[Rule, ...]:
    return tuple(rule for rule in pack.rules if rule.id in named or belongs(rule, pack, profile))


def belongs(rule: Rule, pack: Pack, profile: str) -> bool:
    """Say whether `rule` is in a profile: by its own word, and by the profile's globs."""
    if rule.profiles and profile not in rule.profiles:
        return False
    chosen = pack.profiles.get(profile)
    if chosen is None:
        return True
    is_meant = not chosen.only or _is_like(rule.id, chosen.only)
    return is_meant and not _is_like(rule.id, chosen.skip)
