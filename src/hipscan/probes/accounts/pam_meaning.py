"""What PAM's stacks mean: what a new password must be, and what failed logins lead to.

Sources: pam_unix(8), pam_pwquality(8), pam_cracklib(8), passwdqc.conf(5), pam_pwhistory(8),
pwhistory.conf(5), pam_faillock(8), faillock.conf(5) and pam_tally2(8), for arguments, files and
defaults.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from hipscan.model.fact import Record, Value
from hipscan.probes.accounts.pam_dispatch import PASSWORDS, Answer, action, walk
from hipscan.probes.accounts.pam_stacks import PamRule
from hipscan.probes.accounts.pam_strangers import SERVICES, any_password
from hipscan.probes.base import Listing
from hipscan.probes.files.config_syntax import equals, spaced
from hipscan.probes.gathering import or_vendor

_HASHES: Final = frozenset(
    "md5 bigcrypt sha256 sha512 blowfish gost_yescrypt yescrypt".split()  # noqa: SIM905  # pam_unix(8)
)
_JUDGES: Final = ("pam_pwquality.so", "pam_cracklib.so", "pam_passwdqc.so")
_CREDITS: Final = ("dcredit", "ucredit", "lcredit", "ocredit")
_COUNTED: Final = ("deny", "unlock_time", "fail_interval", "even_root", "root_unlock_time")
_NEUTRAL: Final = frozenset(
    f"pam_{name}.so"
    for name in ("env", "faildelay", "nologin", "issue", "group", "securetty", "shells", "access")
)
_FLOOR: Final = 6  # libpwquality and cracklib take nothing shorter, whatever minlen says


def _stack(found: Mapping[str, tuple[PamRule, ...]], service: str, kind: str) -> list[PamRule]:
    rules = found.get(service) or found.get("other", ())
    return [rule for rule in rules if rule.type in (kind, "")]


def password_quality(found: Mapping[str, tuple[PamRule, ...]], read: Listing) -> Iterator[Record]:
    """Yield what the service passwd asks of a new password; nothing where no module judges it."""
    stack = _stack(found, "passwd", "password")
    unix = next((rule for rule in stack if rule.module == "pam_unix.so"), None)
    judge = next((rule for rule in stack if rule.module in _JUDGES), unix)
    if judge is None:
        return
    opaque = any(rule.module is None for rule in stack)
    made = _strength(judge, read)
    elsewhere = judge.module == "pam_passwdqc.so" and judge.argument("config") is not None
    unknown = dict.fromkeys(("enforced", "min_length")) if opaque or elsewhere else {}
    yield {
        "service": "passwd",
        "module": judge.module,
        "enforced": judge in _before(stack, unix) and made.get("enforcing", 1) != 0,
        "min_length": made["length"],
        "min_classes": _classes(made),
        "new_characters": made.get("difok", 0),
        "max_repeat": made.get("maxrepeat", 0),
        "max_sequence": made.get("maxsequence", 0),
        "dictionary": judge is not unix and made.get("dictcheck", 1) != 0,
        "root_too": judge is not unix and "enforce_for_root" in made,
        **_history(_before(stack, unix), read),
        "asks_again": _asks_again(stack),
        "hash": _hash(unix, read),
        "file": judge.file,
        "line": judge.line,
        **unknown,
    }


def _classes(made: Mapping[str, int]) -> int:
    """Return how many kinds of characters are asked for, by minclass or by negative credits."""
    return max(made.get("minclass", 0), sum(made.get(credit, 0) < 0 for credit in _CREDITS))


def _before(stack: list[PamRule], unix: PamRule | None) -> list[PamRule]:
    """Return the rules whose refusal counts: those that stop, up to the one that sets passwords.

    What stands behind pam_unix complains when the new password is already in force.
    """
    upto = stack[: stack.index(unix)] if unix else stack
    stopping = [
        r for r in upto if action(r.control, Answer.REFUSED) not in ("ignore", "ok", "done")
    ]
    return [*stopping, unix] if unix else stopping


def _strength(rule: PamRule, read: Listing) -> dict[str, int]:
    """Return what the judging module asks for, its shortest password as `length`."""
    made: dict[str, int] = {}
    match rule.module:
        case "pam_unix.so":
            made["minlen"] = 6
        case "pam_passwdqc.so":
            steps = (rule.argument("min") or "disabled,24,11,8,7").split(",")
            enforce = rule.argument("enforce") or "everyone"
            return {
                "length": min((int(step) for step in steps if step.isdigit()), default=0),
                "enforcing": int(enforce != "none"),
                **({"enforce_for_root": 1} if enforce == "everyone" else {}),
            }
        case "pam_cracklib.so":
            made = {"minlen": 9, "difok": 5, **dict.fromkeys(_CREDITS, 1)}
        case _:
            made = {"minlen": 8, "difok": 1} | dict(_numbers(_quality_file(read)))
    made |= _arguments(rule)
    length = made["minlen"] - sum(max(made.get(credit, 0), 0) for credit in _CREDITS)
    floor = 0 if rule.module == "pam_unix.so" else _FLOOR
    return made | {"length": max(length, floor)}


def _quality_file(read: Listing) -> Iterator[tuple[str, str]]:
    pieces = sorted(path for path in read.files if "/pwquality.conf.d/" in path)
    for path in (*pieces, "/etc/security/pwquality.conf"):
        lines = or_vendor(read.files, path)
        yield from ((setting.key, setting.value) for setting in equals(lines))


def _numbers(pairs: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, int]]:
    """Yield whole numbers, and flags that stand alone as 1."""
    for key, value in pairs:
        if value.lstrip("-").isdecimal() and value.isascii():
            yield key, int(value)
        elif not value:
            yield key, 1


def _arguments(rule: PamRule) -> dict[str, int]:
    return dict(_numbers(word.partition("=")[::2] for word in rule.arguments))


def _file(read: Listing, path: str) -> dict[str, int]:
    lines = or_vendor(read.files, path)
    return dict(_numbers((setting.key, setting.value) for setting in equals(lines)))


def _history(stack: Iterable[PamRule], read: Listing) -> dict[str, Value]:
    """Return how many old passwords are refused, by which module, and whether root is too."""
    file = {"remember": 10} | _file(read, "/etc/security/pwhistory.conf")
    most: dict[str, Value] = {"remember": 0, "history_module": "", "history_of_root": False}
    for rule in stack:
        given = _arguments(rule)
        if rule.module == "pam_pwhistory.so" and rule.argument("conf") is None:
            given = file | given
        elif rule.module not in ("pam_unix.so", "pam_pwhistory.so"):
            continue
        if 0 < given.get("remember", 0) >= int(str(most["remember"])):
            most = {
                "remember": given["remember"],
                "history_module": rule.module,
                "history_of_root": "enforce_for_root" in given,
            }
    return most


def _asks_again(stack: Iterable[PamRule]) -> bool:
    """Say whether a later module may ask for a password that the modules before never saw."""
    asking = [
        rule for rule in stack if rule.module in (*_JUDGES, "pam_pwhistory.so", "pam_unix.so")
    ]
    return any({"use_authtok", "use_first_pass"}.isdisjoint(rule.arguments) for rule in asking[1:])


def _hash(unix: PamRule | None, read: Listing) -> str | None:
    if unix is None:
        return None
    named = [word for word in unix.arguments if word in _HASHES]
    if named:
        return named[-1]
    pieces = sorted(path for path in read.files if path.startswith("/etc/login.defs.d/"))
    every = (or_vendor(read.files, "/etc/login.defs"), *(read.files[path] for path in pieces))
    made = {setting.key: setting.value for lines in every for setting in spaced(lines)}
    return made.get("ENCRYPT_METHOD", "des").strip('"').lower()


def lockouts(found: Mapping[str, tuple[PamRule, ...]], read: Listing) -> Iterator[Record]:
    """Yield what failed logins lead to, for each service that asks people for their password."""
    for service in SERVICES:
        if service in found:
            yield _lockout(service, _stack(found, service, "auth"), read)


def _lockout(service: str, stack: list[PamRule], read: Listing) -> Record:
    counters = [rule for rule in stack if rule.module in ("pam_faillock.so", "pam_tally2.so")]
    made = _counting(counters, read)
    opaque = any(rule.module is None for rule in stack)
    elsewhere = any(rule.argument("conf") is not None for rule in counters)
    first = counters[0] if counters else PamRule("", "", "", (), "", 0)
    root = "even_deny_root" in made or "root_unlock_time" in made
    return {
        "service": service,
        "enabled": None if opaque else _locks(stack) and made["deny"] > 0,
        "any_password": None if opaque else any_password(service, stack),
        "deny": made["deny"],
        "unlock_time": made["unlock_time"],
        "fail_interval": made["fail_interval"],
        "even_root": root,
        "root_unlock_time": made.get("root_unlock_time", made["unlock_time"]),
        "file": first.file,
        "line": first.line,
        **(dict.fromkeys(_COUNTED) if elsewhere else {}),
    }


def _locks(stack: list[PamRule]) -> bool:
    """Say whether failures are counted, and a locked account is refused its right password."""
    if any(rule.module == "pam_tally2.so" for rule in stack):
        return True
    counted = any("authfail" in rule.arguments for rule in walk(stack, _to_a_stranger).asked)
    guards = any({"preauth", "authsucc"} & {*rule.arguments} for rule in stack)
    return counted and guards and not walk(stack, _to_the_locked).lets_in


def _to_a_stranger(rule: PamRule) -> Answer:
    """Answer to a wrong password; modules that are not known here refuse."""
    if rule.module == "pam_permit.so":
        return Answer.SUCCESS
    if rule.module == "pam_faillock.so":
        return Answer.NOTHING if "authfail" in rule.arguments else Answer.SUCCESS
    return Answer.NOTHING if rule.module in _NEUTRAL else Answer.REFUSED


def _to_the_locked(rule: PamRule) -> Answer:
    """Answer to the right password of an account that is locked."""
    if rule.module in PASSWORDS or rule.module == "pam_permit.so":
        return Answer.SUCCESS
    refusing = ("pam_faillock.so", "pam_deny.so")
    return Answer.REFUSED if rule.module in refusing else Answer.NOTHING


def _counting(counters: list[PamRule], read: Listing) -> dict[str, int]:
    """Return the numbers that count, with the defaults of the module and its file."""
    if any(rule.module == "pam_tally2.so" for rule in counters):
        made = {"deny": 0, "unlock_time": 0, "fail_interval": 0}
    else:
        made = {"deny": 3, "unlock_time": 600, "fail_interval": 900}
        made |= _file(read, "/etc/security/faillock.conf")
    for rule in counters:
        made |= _arguments(rule)
    return made


def consoles(found: Mapping[str, tuple[PamRule, ...]], read: Listing) -> Iterator[Record]:
    """Yield where root may log in directly, as pam_securetty(8) of the service login has it.

    F/etc/securetty
    :tty1
    """
    if "login" not in found:
        return
    stack = _stack(found, "login", "auth")
    guard = next((rule for rule in stack if rule.module == "pam_securetty.so"), None)
    guards = guard is not None and guard.control not in ("optional", "sufficient")
    has_list = not read.files.keys().isdisjoint(("/etc/securetty", "/usr/etc/securetty"))
    named = [line.strip() for line in or_vendor(read.files, "/etc/securetty") if line.strip()]
    opaque = any(rule.module is None for rule in stack)
    yield {
        "service": "login",
        "limited": True if guards and has_list else None if opaque else False,
        "terminals": named,
        "file": guard.file if guard else "",
        "line": guard.line if guard else 0,
    }
