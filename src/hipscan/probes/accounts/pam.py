"""PAM: the rules of every service, and what they mean for new passwords and failed logins.

pam_pwquality and pam_faillock take settings from their files and from their arguments, which
win; pam_unix takes its hash from an argument or else from login.defs. The two facts that
say what follows are made in `pam_meaning`, so that rules need not think of it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, absent
from hipscan.probes.accounts.pam_meaning import consoles, lockouts, password_quality
from hipscan.probes.accounts.pam_stacks import FOLDERS, PamRule, stacks
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
from hipscan.probes.gathering import GATHER, OR_VENDOR

SCRIPT: Final = (
    GATHER
    + OR_VENDOR
    + rf"""
{{
set --
for folder in {" ".join(FOLDERS)}; do [ -d "$folder" ] && set -- "$@" "$folder"; done
if [ $# -gt 0 ]; then gather '' "$@"; else files /etc/pam.conf; fi
or_vendor /etc/login.defs /etc/security/pwquality.conf /etc/security/faillock.conf \
  /etc/security/pwhistory.conf /etc/securetty
[ ! -d /etc/login.defs.d ] || gather .defs /etc/login.defs.d
[ ! -d /etc/security/pwquality.conf.d ] || gather .conf /etc/security/pwquality.conf.d
}} | awk '
/^F/ {{ stack = /^F.etc.pam.conf$|\/pam\.d\//; terminals = /securetty$/ }}
!/^:/ {{ print; next }}
/^:[ \t]*#/ {{ print ":"; next }}
{{ sub(/[ \t]#.*/, "") }}
terminals {{ print /^:[A-Za-z0-9\/]+[ \t]*$/ ? $0 : ":"; next }}
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
  if (/pam_exec\.so/) for (i = 4; i < NF; i++) if ($i ~ /^\// && $i !~ /\.so$/) NF = i
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
    "substack": Field(
        FieldType.BOOLEAN, "whether it comes by a substack, which sufficient does not leave"
    ),
    "order": Field(FieldType.INTEGER, "its place in the stack of this service and type, from 1"),
}

QUALITY: Final = {
    "service": Field(FieldType.TEXT, "the service that changes passwords"),
    "module": Field(FieldType.TEXT, "what judges new passwords; pam_unix.so if no other"),
    "enforced": Field(FieldType.BOOLEAN, "whether a bad password is refused, not only warned of"),
    "min_length": Field(FieldType.INTEGER, "the shortest password that can pass, with credits"),
    "min_classes": Field(FieldType.INTEGER, "how many kinds of characters it must have"),
    "new_characters": Field(FieldType.INTEGER, "how many must differ from the old one (difok)"),
    "max_repeat": Field(FieldType.INTEGER, "equal characters in a row; 0 for any number"),
    "max_sequence": Field(FieldType.INTEGER, "length of runs such as 12345; 0 for any"),
    "dictionary": Field(FieldType.BOOLEAN, "whether words of a dictionary are refused"),
    "root_too": Field(FieldType.BOOLEAN, "whether root cannot set a bad password either"),
    "remember": Field(FieldType.INTEGER, "how many old passwords are refused; 0 for none"),
    "history_module": Field(FieldType.TEXT, "what remembers them; empty for nothing"),
    "history_of_root": Field(FieldType.BOOLEAN, "whether root too cannot set an old one"),
    "asks_again": Field(
        FieldType.BOOLEAN,
        "whether a module behind another may take a password that the other never judged",
    ),
    "hash": Field(FieldType.TEXT, "how new passwords are hashed: yescrypt, sha512, md5, des, ..."),
    "file": Field(FieldType.TEXT, "the file of the deciding rule"),
    "line": Field(FieldType.INTEGER, "its line"),
}

LOCKOUT: Final = {
    "service": Field(FieldType.TEXT, "the service that people log in by"),
    "enabled": Field(FieldType.BOOLEAN, "whether failed logins are counted and then refused"),
    "any_password": Field(FieldType.BOOLEAN, "whether a wrong password lets in as well"),
    "deny": Field(FieldType.INTEGER, "after how many failures; 0 is never"),
    "unlock_time": Field(FieldType.INTEGER, "seconds until it opens again; 0 is never"),
    "fail_interval": Field(FieldType.INTEGER, "seconds within which failures add up"),
    "even_root": Field(FieldType.BOOLEAN, "whether root is locked too"),
    "root_unlock_time": Field(FieldType.INTEGER, "seconds until root opens again; 0 is never"),
    "file": Field(FieldType.TEXT, "the file of the deciding rule; nothing without one"),
    "line": Field(FieldType.INTEGER, "its line"),
}

CONSOLE: Final = {
    "service": Field(FieldType.TEXT, "the service of the consoles"),
    "limited": Field(FieldType.BOOLEAN, "whether root may log in on the named terminals only"),
    "terminals": Field(FieldType.LIST, "terminals that /etc/securetty names"),
    "file": Field(FieldType.TEXT, "the file of the deciding rule; nothing without one"),
    "line": Field(FieldType.INTEGER, "its line"),
}


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
        return dict.fromkeys((spec.name for spec in PROBE.facts), nothing)
    rules = list(_records(found))
    return {
        "pam_rule": judge_notes(notes, rules),
        "password_quality": _judged(read, list(password_quality(found, read))),
        "lockout": _judged(read, list(lockouts(found, read))),
        "root_console": _judged(read, list(consoles(found, read))),
    }


def _judged(read: Listing, records: list[Record]) -> Fact:
    """Return ok unless one of the files could not be read: any of them might decide."""
    fact = judge_notes(read.notes, records)
    return Fact(FactStatus.DENIED, (), fact.reason) if fact.status != FactStatus.OK else fact


def _records(found: Mapping[str, tuple[PamRule, ...]]) -> Iterator[Record]:
    for service, rules in found.items():
        order: dict[str, int] = {}
        own = (service, "/etc/pam.conf", *(f"{folder}/{service}" for folder in FOLDERS))
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
                "included": rule.file not in own,
                "substack": rule.substack,
                "order": order[rule.type],
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
        FactSpec("root_console", "Where root may log in directly.", ("service",), CONSOLE),
    ),
    script=SCRIPT,
    parse=parse,
)
