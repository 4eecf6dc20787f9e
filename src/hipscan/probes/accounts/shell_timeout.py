r"""After how many idle seconds a login shell ends: TMOUT in the shells' system-wide files.

Only statements about TMOUT leave the target. They are followed in the order in which a login
shell of bash, ksh or a POSIX sh meets them; conditions around them are taken as true, a value
that is no number is unknown. Users can lower or raise it in files of their own unless it is
read-only.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Value, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing

SCRIPT: Final = r"""
set -- /etc/environment /etc/profile /etc/bash.bashrc /usr/etc/profile.d/*.sh \
  /etc/profile.d/*.sh /etc/bashrc
[ ! -d /etc/profile.d ] || [ -r /etc/profile.d ] || note denied /etc/profile.d
left=$#
while [ "$left" -gt 0 ]; do
  path=$1; shift; left=$((left - 1))
  case $path in *'*'* | *"$NL"*) continue ;; esac
  if [ ! -e "$path" ] && [ -e "/usr$path" ]; then path=/usr$path; fi  # SUSE's vendor file
  if [ ! -e "$path" ]; then note_missing "$path"
  elif [ ! -f "$path" ]; then note special "$path"
  elif [ ! -r "$path" ]; then note denied "$path"
  else set -- "$@" "$path"
  fi
done
[ $# -eq 0 ] || awk '
FILENAME ~ /\/etc\/profile$/ && /^[^#]*profile\.d/ { print "L" FNR }
/TMOUT/ {
  line = $0
  sub(/^[ \t]*#.*/, "", line); sub(/[ \t]#.*/, "", line)
  n = split(line, part, /;|&&|\|\|/)
  for (i = 1; i <= n; i++) {
    words = ""; named = 0
    m = split(part[i], word, /[ \t(){}]+/)
    for (j = 1; j <= m; j++) {
      gsub(/["\047]/, "", word[j])
      sub(/^TMOUT:=/, "TMOUT?=", word[j])
      if (word[j] ~ /^TMOUT=/ && word[j] !~ /^TMOUT=[0-9]+$/) word[j] = "TMOUT=?"
      if (word[j] ~ /^TMOUT([?]?=|$)/) named = 1
      if (word[j] ~ /^(export|readonly|declare|typeset|unset|-[a-z]+|TMOUT|TMOUT[?]?=[0-9?]+)$/)
        words = words " " word[j]
    }
    if (named) print "S" FNR ":" substr(words, 2) ":" FILENAME
  }
}' "$@" || note error "reading the files of shells"
printf 'E\n'
"""

FIELDS: Final = {
    "seconds": Field(FieldType.INTEGER, "idle seconds; left out when a shell never ends"),
    "readonly": Field(FieldType.BOOLEAN, "whether a user cannot change it"),
    "exported": Field(FieldType.BOOLEAN, "whether shells below inherit it"),
    "file": Field(FieldType.TEXT, "file of the assignment that counts"),
    "line": Field(FieldType.INTEGER, "its line"),
}
_NAME: Final = "TMOUT"


@dataclass(slots=True)
class _State:
    """The variable as a shell has it after some statements."""

    value: str = "0"
    readonly: bool = False
    exported: bool = False
    file: str = ""
    line: int = 0

    def run(self, words: list[str], file: str, line: int) -> None:
        """Follow one statement: what is read-only can no longer be changed or unset."""
        command = words[0] if words and not words[0].startswith(_NAME) else ""
        flags = "".join(word for word in words if word.startswith("-"))
        kept = [word.partition("=")[2] for word in words if word.startswith(f"{_NAME}?=")]
        # ${TMOUT:=600} leaves a value as it is.
        if kept and self.value == "0" and not self.readonly:
            self.value, self.file, self.line = kept[-1], file, line
        values = [word.partition("=")[2] for word in words if word.startswith(f"{_NAME}=")]
        if not self.readonly and command == "unset":
            self.value, self.exported, self.file, self.line = "0", False, file, line
        elif not self.readonly and values:
            self.value, self.file, self.line = values[-1], file, line
        if file == "/etc/environment":
            self.exported = True
        marks = command in {"declare", "typeset"}
        self.readonly |= command == "readonly" or (marks and "r" in flags)
        self.exported |= command == "export" or (marks and "x" in flags)


def parse(text: str, _status: int) -> Facts:
    """Parse statements about TMOUT: line, words, file; and where /etc/profile reads profile.d.

    L30
    S3:readonly TMOUT=900:/etc/profile.d/tmout.sh
    S4:export TMOUT:/etc/profile.d/tmout.sh
    S5:TMOUT?=600:/etc/profile.d/z.sh
    E
    """
    seen = listing(text)
    if "E" not in seen.plain:
        raise ValueError("the list of statements has no end")
    state = _State()
    loop = max(map(int, seen.behind("L")), default=sys.maxsize)
    for number, words, file in sorted(_statements(seen), key=lambda each: _rank(each, loop)):
        state.run(words, file, number)
    lost = seen.of_kind("denied", "special", "error")
    record = _record(state)
    if lost:
        reason = "; ".join(f"{note.kind}: {note.text}" for note in lost)
        return {"shell_timeout": Fact(FactStatus.PARTIAL, (record,), reason)}
    return {"shell_timeout": ok(record)}


def _statements(seen: Listing) -> Iterator[tuple[int, list[str], str]]:
    for line in seen.plain:
        if line.startswith("S"):
            number, words, file = line[1:].split(":", 2)
            yield int(number), words.split(), file


def _rank(statement: tuple[int, list[str], str], loop: int) -> tuple[int, str]:
    """Return the place of a statement.

    pam_env(8) sets /etc/environment before any shell starts.
    /etc/profile reads Debian's bash.bashrc at its head and profile.d where it names it (`loop`);
    RHEL's bashrc follows.
    """
    number, _, path = statement
    file = path.removeprefix("/usr")
    if file == "/etc/profile":
        return (3 if number > loop else 0), path
    return {"/etc/bash.bashrc": 1, "/etc/bashrc": 4}.get(file, 2), path


def _record(state: _State) -> dict[str, Value]:
    record: dict[str, Value] = {"readonly": state.readonly, "exported": state.exported}
    if state.value == "?":
        record["seconds"] = None
    elif int(state.value) > 0:
        record["seconds"] = int(state.value)
    return {**record, "file": state.file, "line": state.line} if state.file else record


PROBE: Final = Probe(
    name="shell_timeout",
    facts=(FactSpec("shell_timeout", "When an idle login shell ends.", (), FIELDS),),
    script=SCRIPT,
    parse=parse,
)
