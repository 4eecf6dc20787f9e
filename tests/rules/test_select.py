"""Which rules a run judges by."""

from pathlib import Path

import pytest

from hipscan.errors import UsageError
from hipscan.model.finding import Severity
from hipscan.model.rule import Check, Fix, Rule
from hipscan.rules.pack import Pack, Variable, select_rules
from hipscan.rules.schema import ProfileModel


def _rule(name: str, *profiles: str) -> Rule:
    return Rule(name, name, Severity.LOW, (), "", Check("thing"), Fix(""), profiles=profiles)


PACK = Pack(
    "test",
    "A pack",
    "1",
    Path(),
    (_rule("ssh-a"), _rule("ssh-b"), _rule("web-a"), _rule("boot-a", "strict")),
    {"days": Variable("days", 30, "Days.")},
    {
        "strict": ProfileModel(about="Stricter.", set={"days": 7}),
        "web": ProfileModel(about="The web only.", only=["web-*"]),
    },
)


@pytest.mark.parametrize(
    ("only", "skip", "profile", "expected"),
    [
        ((), (), "default", ["ssh-a", "ssh-b", "web-a"]),
        (("ssh-*",), (), "default", ["ssh-a", "ssh-b"]),
        (("ssh-*",), ("*-b",), "default", ["ssh-a"]),
        ((), (), "web", ["web-a"]),
        ((), (), "strict", ["ssh-a", "ssh-b", "web-a", "boot-a"]),
        (("boot-a",), (), "default", ["boot-a"]),
        (("ssh-a",), (), "web", ["ssh-a"]),
    ],
)
def test_globs_and_profiles_select(
    only: tuple[str, ...], skip: tuple[str, ...], profile: str, expected: list[str]
) -> None:
    found = select_rules((PACK,), profile=profile, only=only, skip=skip)
    assert [rule.id for rule in found.rules] == expected


def test_values_win_over_the_profile_and_it_over_the_default() -> None:
    assert select_rules((PACK,)).variables == {"days": 30}
    assert select_rules((PACK,), profile="strict").variables == {"days": 7}
    assert select_rules((PACK,), profile="strict", values={"days": 1}).variables == {"days": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"only": ("shs-*",)}, "no rule is called"),
        ({"skip": ("*",)}, "no rule is left"),
        ({"only": ("web-*",), "skip": ("web-a",)}, "no rule is left"),
        ({"profile": "stirct"}, "no pack has a profile"),
        ({"values": {"dyas": 1}}, "no pack has a variable"),
    ],
)
def test_what_selects_nothing_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        select_rules((PACK,), **arguments)  # type: ignore[arg-type]  # one of them at a time
