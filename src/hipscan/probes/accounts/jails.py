"""The jails of fail2ban that watch logins over SSH, with what holds for them (jail.conf(5)).

The files are read in fail2ban's order, the last one wins: jail.conf, jail.d/*.conf, jail.local,
jail.d/*.local. A jail is off unless something says `enabled = true`, in its section or in DEFAULT.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hipscan.model.fact import FactStatus, Record, absent, missing
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Probe, judge_notes, listing
from hipscan.probes.files.config_syntax import ini

SCRIPT: Final = r"""
[ -d /etc/fail2ban ] || { note absent /etc/fail2ban; exit 0; }
top=/etc/fail2ban
for folder in "$top" "$top/jail.d"; do
  [ ! -d "$folder" ] || { [ -r "$folder" ] && [ -x "$folder" ]; } || note denied "$folder"
done
set --
for path in "$top/jail.conf" "$top"/jail.d/*.conf "$top/jail.local" "$top"/jail.d/*.local; do
  [ ! -e "$path" ] || set -- "$@" "$path"
done
[ $# -gt 0 ] || { note absent "$top/jail.conf"; exit 0; }
files "$@" | awk '
!/^:/ || /^:\[/ || /^:(enabled|filter|maxretry|bantime)[ \t]*[=:]/ { print }'
"""

FIELDS: Final = {
    "jail": Field(FieldType.TEXT, "its name, sshd as a rule"),
    "enabled": Field(FieldType.BOOLEAN, "whether it is switched on"),
    "max_retry": Field(FieldType.INTEGER, "failures until an address is shut out"),
    "ban_time": Field(FieldType.INTEGER, "seconds for which it is; below 0 for ever"),
    "file": Field(FieldType.TEXT, "the file that decided; nothing where none did"),
}

_DEFAULTS: Final = {
    "enabled": "false",
    "filter": "%(__name__)s",
    "maxretry": "5",
    "bantime": "10m",
}
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2629746, "y": 31556952}
_SPAN: Final = re.compile(r"(\d+)\s*(mo|[smhdwy])?[a-z]*")
_YES: Final = frozenset(("1", "yes", "true", "on"))
_WATCHES_SSH: Final = re.compile(r"sshd(\[|\s|$)")


def parse(text: str, _status: int) -> Facts:
    """Parse the sections of jail files, without what does not matter here.

    F/etc/fail2ban/jail.d/defaults-debian.conf
    :[sshd]
    :enabled = true
    """
    read = listing(text)
    if not read.files and not read.notes:
        raise ValueError("neither a file nor a word about one")
    if not read.files and all(note.kind == "absent" for note in read.notes):
        return {"ssh_jail": absent("fail2ban is not there")}
    fact = judge_notes(read.notes, list(_jails(read.files)))
    if fact.status != FactStatus.OK:  # the file that is hidden might say otherwise
        fact = missing(FactStatus.DENIED, fact.reason)
    return {"ssh_jail": fact}


def _jails(files: Mapping[str, Sequence[str]]) -> Iterator[Record]:
    made: dict[str, dict[str, tuple[str, str]]] = {}
    for path, lines in files.items():
        for setting in ini([re.sub(r"^(\w+)[ \t]*:", r"\1=", line) for line in lines]):
            value = setting.value.partition(" ;")[0].strip()
            made.setdefault(setting.section, {})[setting.key] = (value, path)
    common = {key: (value, "") for key, value in _DEFAULTS.items()} | made.pop("DEFAULT", {})
    for name, own in made.items():
        holds = common | own
        watched = holds["filter"][0].replace("%(__name__)s", name)
        if not _WATCHES_SSH.match(watched):
            continue
        said, file = holds["enabled"]
        yield {
            "jail": name,
            "enabled": None if "%(" in said else said.lower() in _YES,
            "max_retry": _whole(holds["maxretry"][0]),
            "ban_time": _seconds(holds["bantime"][0]),
            "file": file,
        }


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _seconds(text: str) -> int | None:
    """Read a span of time: `10m`, `1h 30m`, `600`, `-1`."""
    if text.startswith("-"):
        return -1
    parts = _SPAN.findall(text.lower())
    return sum(int(number) * _UNITS[unit or "s"] for number, unit in parts) if parts else None


PROBE: Final = Probe(
    name="fail2ban",
    facts=(
        FactSpec(
            "ssh_jail",
            "The jails of fail2ban that count failed logins over SSH.",
            ("jail",),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
)
