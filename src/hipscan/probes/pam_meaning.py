"""What PAM's stacks mean: what a new password must be, and what failed logins lead to.

Sources: pam_unix(8), pam_pwquality(8), pam_cracklib(8), passwdqc.conf(5), pam_pwhistory(8),
pam_faillock(8) and faillock.conf(5), for arguments, files and defaults.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from hipscan.model.fact import Record
from hipscan.probes.base import Listing
from hipscan.probes.config_syntax import equals, spaced
from hipscan.probes.pam_stacks import PamRule

_HASHES: Final = frozenset(
    "md5 bigcrypt sha256 sha512 blowfish gost_yescrypt yescrypt".split()  # noqa: SIM905  # pam_unix(8)
)
_JUDGES: Final = ("pam_pwquality.so", "pam_cracklib.so", "pam_passwdqc.so")
_LOGINS: Final = ("login", "sshd")
_CREDITS: Final = ("dcredit", "ucredit", "lcredit", "ocredit")
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
    unknown = dict.fromkeys(("enforced", "min_length")) if opaque else {}
    yield {
        "service": "passwd",
        "module": judge.module,
        "enforced": _refuses(judge) and made.get("enforcing", 1) != 0,
        "min_length": made["length"],
        "min_classes": made.get("minclass", 0),
        "dictionary": judge is not unix and made.get("dictcheck", 1) != 0,
        "remember": max(_remembered(stack), default=0),
        "hash": _hash(unix, read),
        "file": judge.file,
        "line": judge.line,
        **unknown,
    }


def _refuses(rule: PamRule) -> bool:
    if rule.control.startswith("["):
        return "default=ignore" not in rule.control or rule.module == "pam_unix.so"
    return rule.control in ("required", "requisite")


def _strength(rule: PamRule, read: Listing) -> dict[str, int]:
    """Return what the judging module asks for, its shortest password as `length`."""
    made: dict[str, int] = {}
    match rule.module:
        case "pam_unix.so":
            made["minlen"] = 6
        case "pam_passwdqc.so":
            steps = (rule.argument("min") or "disabled,24,11,8,7").split(",")
            return {"length": min((int(step) for step in steps if step.isdigit()), default=0)}
        case "pam_cracklib.so":
            made = {"minlen": 9, **dict.fromkeys(_CREDITS, 1)}
        case _:
            made = {"minlen": 8} | dict(_numbers(_quality_file(read)))
    made |= dict(_numbers(word.partition("=")[::2] for word in rule.arguments))
    length = made["minlen"] - sum(max(made.get(credit, 0), 0) for credit in _CREDITS)
    floor = 0 if rule.module == "pam_unix.so" else _FLOOR
    return made | {"length": max(length, floor)}


def _quality_file(read: Listing) -> Iterator[tuple[str, str]]:
    pieces = sorted(path for path in read.files if "/pwquality.conf.d/" in path)
    for path in (*pieces, "/etc/security/pwquality.conf"):
        lines = read.files.get(path, ())
        yield from ((setting.key, setting.value) for setting in equals(lines))


def _numbers(pairs: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, int]]:
    for key, value in pairs:
        if value.lstrip("-").isdecimal() and value.isascii():
            yield key, int(value)


def _remembered(stack: Iterable[PamRule]) -> Iterator[int]:
    for rule in stack:
        if rule.module in ("pam_pwhistory.so", "pam_unix.so"):
            default = "10" if rule.module == "pam_pwhistory.so" else "0"
            given = rule.argument("remember") or default
            yield int(given) if given.isdecimal() and given.isascii() else 0


def _hash(unix: PamRule | None, read: Listing) -> str | None:
    if unix is None:
        return None
    named = [word for word in unix.arguments if word in _HASHES]
    if named:
        return named[-1]
    lines = read.files.get("/etc/login.defs", ())
    made = {setting.key: setting.value for setting in spaced(lines)}
    return made.get("ENCRYPT_METHOD", "des").strip('"').lower()


def lockouts(found: Mapping[str, tuple[PamRule, ...]], read: Listing) -> Iterator[Record]:
    """Yield what failed logins lead to, for each service that people log in by."""
    for service in _LOGINS:
        if service in found:
            yield _lockout(service, _stack(found, service, "auth"), read)


def _lockout(service: str, stack: list[PamRule], read: Listing) -> Record:
    counters = [rule for rule in stack if rule.module in ("pam_faillock.so", "pam_tally2.so")]
    lines = read.files.get("/etc/security/faillock.conf", ())
    made = {"deny": 3, "unlock_time": 600, "fail_interval": 900}
    made |= dict(_numbers((setting.key, setting.value) for setting in equals(lines)))
    for rule in counters:
        made |= dict(_numbers(word.partition("=")[::2] for word in rule.arguments))
    modes = {word for rule in counters for word in rule.arguments}
    whole = {"preauth", "authfail"} <= modes
    tally = any(rule.module == "pam_tally2.so" for rule in counters)
    opaque = any(rule.module is None for rule in stack)
    first = counters[0] if counters else PamRule("", "", "", (), "", 0)
    return {
        "service": service,
        "enabled": None if opaque else (whole or tally) and made["deny"] > 0,
        "deny": made["deny"],
        "unlock_time": made["unlock_time"],
        "fail_interval": made["fail_interval"],
        "file": first.file,
        "line": first.line,
    }
