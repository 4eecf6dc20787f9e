"""PAM: the rules of every service, and what they mean for new passwords and failed logins.

pam_pwquality and pam_faillock take settings from their files and from their arguments, which
win; pam_unix takes its hash from an argument or else from login.defs. The two facts that say
what follows from it are decided here, so that rules need not.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, absent
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Listing,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.config_syntax import equals, spaced
from hipscan.probes.gathering import GATHER
from hipscan.probes.pam_stacks import FOLDERS, PamRule, stacks

SCRIPT: Final = (
    GATHER
    + rf"""
{{
set --
for folder in {" ".join(FOLDERS)}; do [ -d "$folder" ] && set -- "$@" "$folder"; done
if [ $# -gt 0 ]; then gather '' "$@"; else files /etc/pam.conf; fi
files /etc/login.defs /etc/security/pwquality.conf /etc/security/faillock.conf
[ ! -d /etc/security/pwquality.conf.d ] || gather .conf /etc/security/pwquality.conf.d
}} | awk '
/^F/ {{ stack = /^F.etc.pam.conf$|\/pam\.d\// }}
!/^:/ {{ print; next }}
/^:[ \t]*#/ {{ print ":"; next }}
{{ sub(/[ \t]#.*/, "") }}
!stack {{
  print /^:[ \t]*(ENCRYPT_METHOD[ \t]|[a-z_]+[ \t]*(=[ \t]*-?[0-9]*)?[ \t]*$)/ ? $0 : ":"
  next
}}
{{
  for (i = 1; i <= NF; i++)
    if (tolower($i) ~ /^:?\[?[a-z_]*(pass|secret|token|key|credential|pwd)[a-z_]*=./) {{
      if ($i ~ /^\[/) NF = i
      $i = substr($i, 1, index($i, "=")) "hidden"
    }}
  print
}}'
"""
)

RULE: Final = {
    "service": Field(FieldType.TEXT, "the service, for example sshd"),
    "type": Field(FieldType.TEXT, "auth, account, password or session"),
    "control": Field(FieldType.TEXT, "required, requisite, sufficient, optional or [...]"),
    "module": Field(FieldType.TEXT, "the module without its folder, for example pam_unix.so"),
    "arguments": Field(FieldType.LIST, "its arguments"),
    "file": Field(FieldType.TEXT, "the file that holds the rule, an included one perhaps"),
    "line": Field(FieldType.INTEGER, "the line of the file"),
    "included": Field(
        FieldType.BOOLEAN,
        "whether it comes from another file than the service's own",
    ),
    "order": Field(FieldType.INTEGER, "its place in the stack of this service and type, from 1"),
}

QUALITY: Final = {
    "service": Field(FieldType.TEXT, "the service that changes passwords"),
    "module": Field(FieldType.TEXT, "what judges new passwords; pam_unix.so if no other"),
    "enforced": Field(FieldType.BOOLEAN, "whether a bad password is refused, not only warned of"),
    "min_length": Field(FieldType.INTEGER, "the shortest password that can pass, with credits"),
    "min_classes": Field(FieldType.INTEGER, "how many kinds of characters it must have"),
    "dictionary": Field(FieldType.BOOLEAN, "whether words of a dictionary are refused"),
    "remember": Field(FieldType.INTEGER, "how many old passwords are refused; 0 for none"),
    "hash": Field(FieldType.TEXT, "how new passwords are hashed: yescrypt, sha512, md5, des, ..."),
    "file": Field(FieldType.TEXT, "the file of the deciding rule"),
    "line": Field(FieldType.INTEGER, "its line"),
}

LOCKOUT: Final = {
    "service": Field(FieldType.TEXT, "the service that people log in by"),
    "enabled": Field(FieldType.BOOLEAN, "whether failed logins are counted and then refused"),
    "deny": Field(FieldType.INTEGER, "after how many failures; 0 is never"),
    "unlock_time": Field(FieldType.INTEGER, "seconds until it opens again; 0 is never"),
    "fail_interval": Field(FieldType.INTEGER, "seconds within which failures add up"),
    "file": Field(FieldType.TEXT, "the file of the deciding rule; nothing without one"),
    "line": Field(FieldType.INTEGER, "its line"),
}

_HASHES: Final = frozenset(
    "md5 bigcrypt sha256 sha512 blowfish gost_yescrypt yescrypt".split()  # noqa: SIM905 - pam_unix(8)
)
_JUDGES: Final = ("pam_pwquality.so", "pam_cracklib.so", "pam_passwdqc.so")
_LOGINS: Final = ("login", "sshd")
_CREDITS: Final = ("dcredit", "ucredit", "lcredit", "ocredit")
_FLOOR: Final = 6  # libpwquality and cracklib take nothing shorter, whatever minlen says


def parse(text: str, _status: int) -> Facts:
    """Parse PAM's files and those of its modules.

    F/etc/pam.d/passwd
    :@include common-password
    F/etc/pam.d/common-password
    :password [success=1 default=ignore] pam_unix.so obscure yescrypt
    """
    read = listing(text)
    if not read.files and not read.notes:
        raise ValueError("neither a file nor a word about one")
    found = stacks({path: lines for path, lines in read.files.items() if "/pam." in path})
    notes = [note for note in read.notes if "/pam." in note.text]
    if not found and all(note.kind == "absent" for note in notes):
        nothing = absent("PAM is not configured")
        return dict.fromkeys(("pam_rule", "password_quality", "lockout"), nothing)
    rules = list(_records(found))
    return {
        "pam_rule": judge_notes(notes, rules),
        "password_quality": _judged(read, list(_quality(found, read))),
        "lockout": _judged(read, list(_lockouts(found, read))),
    }


def _judged(read: Listing, records: list[Record]) -> Fact:
    """Return ok unless one of the files could not be read: any of them might decide."""
    fact = judge_notes(read.notes, records)
    return Fact(FactStatus.DENIED, (), fact.reason) if fact.status != FactStatus.OK else fact


def _records(found: Mapping[str, tuple[PamRule, ...]]) -> Iterator[Record]:
    for service, rules in found.items():
        order: dict[str, int] = {}
        for rule in rules:
            order[rule.type] = order.get(rule.type, 0) + 1
            yield {
                "service": service,
                "type": rule.type or None,
                "control": rule.control,
                "module": rule.module,
                "arguments": list(rule.arguments),
                "file": rule.file,
                "line": rule.line,
                "included": rule.file not in (service, "/etc/pam.conf", *_own(service)),
                "order": order[rule.type],
            }


def _own(service: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{service}" for folder in FOLDERS)


def _stack(found: Mapping[str, tuple[PamRule, ...]], service: str, kind: str) -> list[PamRule]:
    rules = found.get(service) or found.get("other", ())
    return [rule for rule in rules if rule.type in (kind, "")]


def _quality(found: Mapping[str, tuple[PamRule, ...]], read: Listing) -> Iterator[Record]:
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


def _lockouts(found: Mapping[str, tuple[PamRule, ...]], read: Listing) -> Iterator[Record]:
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


PROBE: Final = Probe(
    name="pam",
    facts=(
        FactSpec(
            "pam_rule",
            "The PAM rules of every service, with includes followed.",
            ("service", "type", "module"),
            RULE,
        ),
        FactSpec("password_quality", "What a new password must be.", ("service",), QUALITY),
        FactSpec("lockout", "What failed logins lead to.", ("service",), LOCKOUT),
    ),
    script=SCRIPT,
    parse=parse,
)
