r"""Grants of doas.conf(5), in the fields of sudo's: who becomes whom, for which command.

    permit persist :wheel
    permit nopass ann as postgres cmd /usr/bin/psql
    deny ann

The last line that fits decides. Variables of `setenv` and the arguments of commands stay on the
target; that a command's arguments are fixed is all that is said of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hipscan.model.fact import Record, Value
from hipscan.probes.sudo.sudoers_escapes import escapes

SCRIPT: Final = r"""
set --
if command -v doas >/dev/null; then
  for path in /etc/doas.conf /etc/doas.d/*.conf; do
    [ -f "$path" ] || continue
    if [ -r "$path" ]; then set -- "$@" "$path"; else note denied "$path"; fi
  done
fi
[ $# -eq 0 ] || awk '
{ sub(/#.*/, ""); gsub(/(setenv|keepenv)[ \t]*\{[^}]*\}/, ""); gsub(/"/, "") }
$1 == "permit" || $1 == "deny" {
  line = ""
  for (i = 1; i <= NF; i++) { line = line " " $i; if ($i == "args") break }
  print "G" FNR ":" FILENAME ":" substr(line, 2)
}' "$@"
"""

_OPTIONS: Final = frozenset({"nopass", "persist", "keepenv", "nolog"})
_SHELLS: Final = frozenset(
    ("sh", "ash", "dash", "bash", "zsh", "ksh", "mksh", "fish", "su", "sudo")
)
_KINDS: Final = {"%#": "gid", "%": "group", "#": "uid"}


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line: `target` and `command` are empty where any will do."""

    text: str
    permits: bool
    nopass: bool
    who: str
    target: str
    command: str
    file: str
    line: int


def doas_records(lines: Sequence[str]) -> list[Record]:
    """Return a record for each line that permits something.

    1:/etc/doas.conf:permit nopass :wheel
    """
    rules = [rule for line in lines if (rule := _rule(line))]
    return [
        _record(rule, shadowed=any(_covers(later, rule) for later in rules[number:]))
        for number, rule in enumerate(rules, 1)
        if rule.permits
    ]


def _rule(line: str) -> _Rule | None:
    number, file, text = line.split(":", 2)
    action, *words = text.split()
    options = set[str]()
    while words and words[0] in _OPTIONS:
        options.add(words.pop(0))
    if not words:
        return None
    who, rest = words[0], dict(zip(words[1::2], words[2::2], strict=False))
    command = rest.get("cmd", "")
    if command and words[-1] == "args":
        command += " (fixed arguments)"
    permits, nopass = action == "permit", "nopass" in options
    return _Rule(
        text, permits, nopass, _principal(who), rest.get("as", ""), command, file, int(number)
    )


def _principal(who: str) -> str:
    mark, name = ("%", who[1:]) if who.startswith(":") else ("", who)
    return f"{mark}#{name}" if name.isdecimal() else mark + name


def _covers(later: _Rule, earlier: _Rule) -> bool:
    return later.who == earlier.who and not later.command and later.target in ("", earlier.target)


def _record(rule: _Rule, *, shadowed: bool) -> Record:
    commands: list[Value] = [rule.command or "ALL"]
    return {
        "grant": f"doas: {rule.text}",
        "principal": rule.who,
        "kind": next((kind for mark, kind in _KINDS.items() if rule.who.startswith(mark)), "user"),
        "except": [],
        "hosts": ["ALL"],
        "here": True,
        "run_as": [rule.target or "ALL"],
        "as_root": rule.target in ("", "root", "0"),
        "run_as_groups": [],
        "commands": commands,
        "denied_commands": [],
        "all_commands": not rule.command or rule.command.rpartition("/")[2] in _SHELLS,
        "escapes": [rule.command] if rule.command and escapes(rule.command) else [],
        "wildcards": [],
        "tags": ["NOPASSWD"] if rule.nopass else [],
        "file": rule.file,
        "line": rule.line,
        "nopasswd": rule.nopass,
        "shadowed": shadowed,
    }
