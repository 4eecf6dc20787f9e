"""Walks a PAM stack as libpam does: who gets in when each module answers in a certain way.

Whether failed logins lock an account, and whether a password is needed at all, follows from the
controls and the order of the whole stack, not from the presence of a module. Sources:
pam.conf(5) for the controls, and what `su` does on a host with each stack of the probe's cases.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hipscan.probes.accounts.pam_stacks import PamRule

PASSWORDS: Final = frozenset(
    ("pam_unix.so", "pam_sss.so", "pam_ldap.so", "pam_krb5.so", "pam_winbind.so")
)
"""Modules that compare a password with one that is kept somewhere."""


class Answer(StrEnum):
    """What a module returns, as far as stacks tell the answers apart."""

    SUCCESS = "success"
    REFUSED = "auth_err"
    NOTHING = "ignore"


@dataclass(frozen=True, slots=True)
class Walk:
    """The end of a walk: whether it lets in, and the rules that were asked."""

    lets_in: bool
    asked: tuple[PamRule, ...]


_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "required": {"success": "ok", "ignore": "ignore", "default": "bad"},
    "requisite": {"success": "ok", "ignore": "ignore", "default": "die"},
    "sufficient": {"success": "done", "default": "ignore"},
    "optional": {"success": "ok", "default": "ignore"},
}


def action(control: str, answer: Answer) -> str:
    """Return what a control makes of an answer: ok, done, bad, die, ignore, reset or a number.

    [success=2 new_authtok_reqd=done default=ignore]
    """
    if not control.startswith("["):
        made = _WORDS.get(control, _WORDS["required"])
    else:
        pairs = (word.partition("=")[::2] for word in control.strip("[]").split())
        made = {key.strip(): value.strip() for key, value in pairs}
    return made.get(answer, made.get("default", "ignore"))


def walk(stack: Sequence[PamRule], answers: Callable[[PamRule], Answer]) -> Walk:
    """Walk the stack; it lets in where a module said so and none that counts said no."""
    asked: list[PamRule] = []
    good: bool | None = None
    at = 0
    while at < len(stack):
        rule = stack[at]
        at += 1
        asked.append(rule)
        answer = answers(rule)
        made = action(rule.control, answer)
        if made.isdecimal():
            at += int(made)
        elif made == "reset":
            good = None
        elif made in ("bad", "die"):
            good = False
        elif made in ("ok", "done") and good is None and answer is not Answer.NOTHING:
            good = answer is Answer.SUCCESS
        if made == "die" or (made == "done" and good):
            at = _left(stack, at, rule)
    return Walk(bool(good), tuple(asked))


def _left(stack: Sequence[PamRule], at: int, rule: PamRule) -> int:
    """Return where it goes on after a decision: behind the substack, or nowhere."""
    while at < len(stack) and (not rule.substack or stack[at].substack):
        at += 1
    return at
