"""Files that are no longer what their package installed, as dpkg or rpm finds by reading them all.

This reads every packaged file of the host (20 s with 800 packages), so only rules of the profile
`deep` ask for it. Both tools print a line for each difference; dpkg(1) knows only digests, rpm(8)
modes, owners and capabilities too:

    d??5??????   /usr/bin/id
    d??5?????? c /etc/init.d/cron
    dmissing     /usr/lib/x
    rS.5....T.  c /etc/ssh/sshd_config
    r.M...UG..    /usr/bin/sudo
"""

import re
from collections.abc import Iterator
from typing import Final

from hipscan.model.fact import FactStatus, Record, Value, missing
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Note,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.unprivileged import AS_NOBODY

# All files can be read and none written: nobody, with the one capability that reading takes.
SCRIPT: Final = (
    AS_NOBODY
    + r"""
[ "$(id -u)" -eq 0 ] || { note denied "packaged files: only root may read all of them"; exit 0; }
as_reader() {
  set -- --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search "$@"
  setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
as_reader true || as_reader() { as_nobody "$@"; }
if [ -s /var/lib/dpkg/status ]; then
  command -v dpkg >/dev/null || { note unsupported dpkg; exit 0; }
  found=$(as_reader dpkg --verify; printf 's%s\n' $?)
  printf '%s\n' "$found" | sed -e '/^s[0-9]/!s/^/d/' -e 's/^s/status dpkg /'
elif [ -d /var/lib/rpm ] || [ -d /usr/lib/sysimage/rpm ]; then
  command -v rpm >/dev/null || { note unsupported rpm; exit 0; }
  found=$(as_reader rpm -Va --nodeps --noscripts --nomtime --nordev; printf 's%s\n' $?)
  printf '%s\n' "$found" | sed -e '/^s[0-9]/!s/^/r/' -e 's/^s/status rpm /'
else
  note unsupported "neither dpkg nor rpm"; exit 0
fi
# A configuration file that is also a program: anything in it runs.
printf '%s\n' "$found" | awk '$1 ~ /5/ && $2 == "c" { sub(/^[^\/]*/, ""); print }' |
  while IFS= read -r path; do
    [ ! -f "$path" ] || [ ! -x "$path" ] || printf 'x%s\n' "$path"
  done
"""
)

FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the file"),
    "tool": Field(FieldType.TEXT, "dpkg or rpm"),
    "differs": Field(
        FieldType.LIST, "what: content, mode, owner, group, link, capabilities, device, missing"
    ),
    "config": Field(FieldType.BOOLEAN, "whether the package calls it a configuration file"),
    "executable": Field(FieldType.BOOLEAN, "of configuration files: whether it can be run"),
    "documentation": Field(FieldType.BOOLEAN, "whether it only informs people"),
}

_LETTERS: Final = {
    "5": "content",
    "M": "mode",
    "U": "owner",
    "G": "group",
    "L": "link",
    "P": "capabilities",
    "D": "device",
}
_LINE: Final = re.compile(r"^([dr])(missing|[.?SM5DLUGTP]{8,10})\s+(?:([cdglr])\s+)?(/.*)$")
_UNREAD: Final = re.compile(r"^r[^ ]*\?|^r.* \(Permission denied\)$")
_TEXTS: Final = re.compile(
    r"^/usr/(share/(doc|man|info|locale|lintian|help|gtk-doc|bug|groff)|local/share/man)/|"
    r"^/usr/lib/debug/"
)


def parse(text: str, _status: int) -> Facts:
    """Parse the lines that the module's docstring shows, and the exit status of the tool."""
    seen = listing(text)
    for note in seen.of_kind("unsupported"):
        return {"packaged_file": missing(FactStatus.UNSUPPORTED, note.text)}
    for note in seen.of_kind("denied"):
        return {"packaged_file": missing(FactStatus.DENIED, note.text)}
    ended = [line.split(" ")[1:] for line in seen.plain if line.startswith("status ")]
    if not ended or len(ended[0]) != 2:  # noqa: PLR2004  # the tool and its status
        raise ValueError("the tool's exit status is missing")
    tool, status = ended[0]
    notes = list(seen.notes)
    if status not in {"0", "1"}:
        notes.append(Note("error", f"{tool} ended with {status}"))
    programs = {line[1:] for line in seen.plain if line.startswith("x/")}
    unread = [line for line in seen.plain if _UNREAD.search(line)]
    if unread:
        notes.append(Note("denied", f"{len(unread)} files that only root may read"))
    return {"packaged_file": judge_notes(notes, list(_records(seen.plain, programs)))}


def _records(lines: tuple[str, ...], programs: set[str]) -> Iterator[Record]:
    for line in lines:
        match = _LINE.match(line)
        if match is None or match[3] == "g" or line.endswith(" (Permission denied)"):
            continue
        differs = _differences(match[2])
        if not differs:
            continue
        path, config = match[4], match[3] == "c"
        record: dict[str, Value] = {
            "path": path,
            "tool": "dpkg" if match[1] == "d" else "rpm",
            "differs": differs,
            "config": config,
            "documentation": match[3] in {"d", "l", "r"} or bool(_TEXTS.search(path)),
        }
        yield {**record, "executable": path in programs} if config else record


def _differences(flags: str) -> list[str]:
    if flags == "missing":
        return ["missing"]
    return [_LETTERS[letter] for letter in flags if letter in _LETTERS]


PROBE: Final = Probe(
    name="packaged_files",
    facts=(
        FactSpec(
            "packaged_file",
            "A file that is not as its package installed it.",
            ("path",),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    seconds=90,
    bulky=True,
    deep=True,
    limit=4 * 1024 * 1024,
    commands=("dpkg --verify", "rpm", "setpriv"),
)
