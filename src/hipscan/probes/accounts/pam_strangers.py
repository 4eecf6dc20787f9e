"""Whether a PAM stack lets somebody in whose password is wrong, and so asks for none at all.

What each module answers to a stranger was asked of libpam itself, with one-module stacks; that
pam_rootok opens no sudo, pam_wheel and pam_succeed_if do, of a Debian 12 host. Sources: the manual
pages of the modules, above all pam_succeed_if(8), pam_rootok(8) and pam_wheel(8).
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from hipscan.probes.accounts.pam_dispatch import Answer, walk
from hipscan.probes.accounts.pam_stacks import PamRule

# Root runs them, so pam_rootok takes anybody.
OWN_ROOT: Final = frozenset(
    ("login", "sshd", "gdm-password", "xrdp-sesman", "cockpit", "vsftpd", "remote")
)
_SWITCHES: Final = frozenset(("su", "su-l"))
SERVICES: Final = (*sorted(OWN_ROOT), *sorted(_SWITCHES), "sudo", "sudo-i", "polkit-1")

_SILENT: Final = frozenset(
    f"pam_{name}.so"
    for name in ("env", "faildelay", "nologin", "issue", "group", "warn", "keyinit", "mail")
)
_YES: Final = frozenset(f"pam_{name}.so" for name in ("permit", "cap", "lastlog", "echo"))
_DEPENDS: Final = frozenset(
    f"pam_{name}.so"
    for name in ("securetty", "shells", "access", "localuser", "usertype", "listfile")
)
_FLAGS: Final = frozenset(("debug", "use_uid", "quiet", "quiet_fail", "quiet_success", "audit"))
_OTHERS: Final = frozenset(("!=", "ne", "!~", "<", "lt", "<=", "le", ">", "gt", ">=", "ge"))
_EXCEPT: Final = frozenset(("notin", "notingroup", "notinnetgr"))
_TRIPLE: Final = 3


def any_password(service: str, stack: Sequence[PamRule]) -> bool:
    """Say whether some account is let in whatever its password; on su a narrow exception is none.

    Conditions on the account are taken as met, and then as not met: a stranger picks the account.
    """
    return any(
        walk(stack, partial(to_a_stranger, service=service, met=met)).lets_in
        for met in (True, False)
    )


def to_a_stranger(rule: PamRule, *, service: str, met: bool) -> Answer:
    """Answer to a wrong password; modules that are not known here refuse."""
    match rule.module:
        case module if module in _YES:
            answer = Answer.SUCCESS
        case "pam_faillock.so":
            answer = Answer.NOTHING if "authfail" in rule.arguments else Answer.SUCCESS
        case module if module in _SILENT:
            answer = Answer.NOTHING
        case "pam_rootok.so":
            answer = Answer.SUCCESS if service in OWN_ROOT else Answer.REFUSED
        case "pam_wheel.so" if service not in _SWITCHES:
            answer = Answer.SUCCESS if "trust" in rule.arguments else Answer.NOTHING
        case "pam_succeed_if.so":
            counts = service not in _SWITCHES or _is_broad(rule)
            answer = Answer.SUCCESS if met and counts else Answer.REFUSED
        case module if module in _DEPENDS:
            answer = Answer.SUCCESS if met else Answer.REFUSED
        case _:
            answer = Answer.REFUSED
    return answer


def conditions(rule: PamRule) -> list[tuple[str, str, str]]:
    """Return what pam_succeed_if compares: field, operator, value.

    auth sufficient pam_succeed_if.so use_uid user ingroup wheel
    """
    words = [word for word in rule.arguments if word not in _FLAGS]
    whole = range(0, len(words) - _TRIPLE + 1, _TRIPLE)
    return [(words[at], words[at + 1], words[at + 2]) for at in whole]


def _is_broad(rule: PamRule) -> bool:
    """Say whether the conditions leave out some accounts only, and do not name those they mean."""
    return all(operator in _OTHERS | _EXCEPT for _, operator, _ in conditions(rule))


def lets_become_root(rule: PamRule) -> bool:
    """Say whether pam_succeed_if answers yes to a caller of su who wants to be root.

    Conditions on the caller (`use_uid`, `ruser`) are met by somebody; the others ask about root.
    """
    return "use_uid" in rule.arguments or all(
        each[0] in ("ruser", "rhost", "tty") or _is_root(*each) for each in conditions(rule)
    )


def _is_root(field: str, operator: str, value: str) -> bool:
    """Say whether a condition holds for root, of the number 0."""
    named = ("root" if field == "user" else "0") in value.split(":")
    match operator:
        case "=" | "eq" | "in" | "ingroup":
            return named
        case "!=" | "ne" | "notin" | "notingroup":
            return not named
        case "<" | "lt" | "<=" | "le":
            return True
        case _:
            return value == "0" and operator in (">=", "ge")
