"""Audit rules: what the files would load, what the kernel has, and what both record.

The files are read as augenrules, or the unit that loads them, reads them
(`audit_files`); the kernel is asked by `auditctl -s` and `auditctl -l`, which only
root may do and a container cannot. Rules are judged on what the files say, so that neither
matters for them; only the fact `audit_loaded` needs the kernel's answer.
"""

import re
from typing import Final

from hipscan.model.fact import FactStatus, Record, absent, missing, ok
from hipscan.probes.audit.audit_coverage import FIELDS as COVERAGE_FIELDS
from hipscan.probes.audit.audit_coverage import Coverage, Host
from hipscan.probes.audit.audit_files import (
    OPENRC_FILE,
    RULES_FILE,
    RULES_FOLDER,
    UNIT_FOLDERS,
    UNITS,
    Line,
    Loaded,
    joined,
    loader,
    plain,
    replay,
)
from hipscan.probes.audit.audit_names import TABLES, arches_of
from hipscan.probes.audit.audit_state import (
    LOADED_FIELDS,
    STATE_FIELDS,
    loaded_fact,
    read_kernel,
    state_record,
)
from hipscan.probes.audit.audit_topics import LOOKED_AT, MERGED
from hipscan.probes.audit.audit_values import Names
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing

_LINKS: Final = " ".join(dict.fromkeys(old for old, _ in MERGED))

SCRIPT: Final = rf"""
command -v auditctl >/dev/null || {{ printf 'none\n'; exit 0; }}
host=$(uname -rm)
printf 'host %s\n' "$host"
# Whether a 64-bit kernel runs 32-bit programs as well.
read -r line </proc/cmdline
config=/boot/config-${{host% *}}
case " $line " in *" ia32_emulation=0 "* | *" ia32_emulation=off "*) printf 'only64\n' ;; esac
case $host in
  *' x86_64') option=IA32_EMULATION ;;
  *) option=COMPAT ;;
esac
[ ! -r "$config" ] || ! grep -q "^# CONFIG_$option is not set" "$config" || printf 'only64\n'
if [ -d /run/systemd/system ]; then printf 'systemd yes\n'
elif [ -d /run/openrc ] && [ -e {OPENRC_FILE} ]; then files {OPENRC_FILE}
fi
for path in {_LINKS}; do [ ! -L "$path" ] || printf 'link %s\n' "$path"; done
for path in {" ".join(LOOKED_AT)} /var/log/sudo.log; do
  [ ! -e "$path" ] || printf 'there %s\n' "$path"
done

dropins {RULES_FOLDER} .rules
set -- {RULES_FOLDER}/*.rules
[ ! -f "$1" ] || wc -l "$@"  # which last lines do not end
for path in {RULES_FOLDER}/*; do
  case $path in *.rules | *'*' | *"$NL"*) ;; *) printf 'other %s\n' "$path" ;; esac
done
set -- {RULES_FILE}
for unit in {" ".join(UNITS)}; do
  for folder in {" ".join(UNIT_FOLDERS)}; do
    path=$folder/$unit.service
    if [ -c "$path" ]; then printf 'masked %s\n' "$path"; break; fi
    if [ -e "$path" ]; then set -- "$@" "$path"; break; fi
  done
  for folder in /etc /run /usr/lib; do
    for path in "$folder/systemd/system/$unit.service.d"/*.conf; do
      [ ! -e "$path" ] || set -- "$@" "$path"
    done
  done
done
files "$@"

# Ids of the names in rules, the folder of faillock and the log of sudo.
set --
for path in {RULES_FOLDER}/*.rules {RULES_FILE} /etc/security/faillock.conf /etc/sudoers \
  /etc/sudoers.d/* /etc/passwd /etc/group; do
  [ ! -f "$path" ] || [ ! -r "$path" ] || set -- "$@" "$path"
done
awk '
FILENAME == "/etc/passwd" {{
  split($0, part, ":"); if (part[1] in user) print "user", part[3], part[1]; next
}}
FILENAME == "/etc/group" {{
  split($0, part, ":"); if (part[1] in group) print "group", part[3], part[1]; next
}}
FILENAME ~ /faillock.conf$/ {{ if ($0 ~ /^[ \t]*dir[ \t]*=/) print "faillock", $0; next }}
FILENAME ~ /sudoers/ {{ if ($0 ~ /^[ \t]*Defaults.*logfile[ \t]*=/) print "sudolog", $0; next }}
{{
  rest = $0
  while (match(rest, /[ug]id(!=|<=|>=|=|<|>)[A-Za-z_][^ ]*/)) {{
    word = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
    name = word; sub(/^[ug]id[!<>=]+/, "", name)
    if (word ~ /^u/) user[name] = 1; else group[name] = 1
  }}
  for (i = 1; i <= NF; i++) {{
    if ($i == "-w" && $(i + 1) ~ /^\//) print "look", $(i + 1)
    else if (sub(/^(-F)?path=\//, "/", $i)) print "look", $i
    else if (sub(/^(-F)?dir=\//, "/", $i)) print "look", $i "/."
  }}
}}' "$@" | while IFS= read -r line; do
  case $line in
    'look '*)
      line=${{line#look }}
      case $line in */.) ;; */) line=${{line%/}} ;; esac
      [ ! -d "${{line%/*}}/" ] && [ ! -e "${{line%/.}}" ] || continue
      above=${{line%/*}}
      while [ -n "$above" ] && [ ! -d "$above" ]; do above=${{above%/*}}; done
      [ ! -x "${{above:-/}}" ] || printf 'gone %s\n' "${{line%/.}}" ;;
    *) printf '%s\n' "$line" ;;
  esac
done

IFS=$NL
set -f
for path in $HIPSCAN_DATA; do
  case $path in
    /*) real=$(readlink -f -- "$path") && printf 'phi %s\t%s\n' "$path" "${{real:-$path}}" ||
      printf 'phi %s\t%s\n' "$path" "$path" ;;
  esac
done
{{ auditctl -s; echo '='; auditctl -l; }} 2>&1 |
  awk 'BEGIN {{ kind = "s" }} /^=$/ {{ kind = "l"; next }} {{ print kind, $0 }}'
"""

RULE_FIELDS: Final = {
    "rule": Field(FieldType.TEXT, "the rule in its normal form"),
    "place": Field(FieldType.TEXT, "file:line"),
    "list": Field(FieldType.TEXT, "exit, task, user, exclude, filesystem or io_uring"),
    "action": Field(FieldType.TEXT, "always or never"),
    "arch": Field(FieldType.TEXT, "b64 or b32, where the rule is for one of them"),
    "syscalls": Field(FieldType.LIST, "names of syscalls, or all"),
    "fields": Field(FieldType.LIST, "its other conditions: auid>=1000"),
    "keys": Field(FieldType.LIST, "its keys"),
}
_NAMES: Final = ("audit_rule", "audit_coverage", "audit_loaded", "audit_state")


def parse(text: str, _status: int) -> Facts:
    """Parse what the script found.

    host 6.1.0-28-amd64 x86_64
    there /usr/bin/su
    F/etc/audit/rules.d/identity.rules
    :-w /etc/passwd -p wa -k identity
    user 112 _chrony
    s enabled 1
    l -w /etc/passwd -p wa -k identity
    """
    read = listing(text)
    if "none" in read.plain:
        return dict.fromkeys(_NAMES, absent("auditctl is not installed"))
    words = [line.partition(" ") for line in read.plain]
    machine = next((rest for word, _, rest in words if word == "host"), "").split()
    if len(machine) != 2:  # noqa: PLR2004  # release and machine
        raise ValueError("the host's kernel and machine are missing")
    if not read.files and not read.notes:
        raise ValueError("no word about files of rules")
    if machine[1] not in TABLES:
        why = f"syscalls of {machine[1]} are not known"
        return dict.fromkeys(_NAMES, missing(FactStatus.UNSUPPORTED, why))
    if hidden := _hidden(read):
        return dict.fromkeys(_NAMES, missing(FactStatus.DENIED, hidden))
    return _facts(read, _host(read, machine))


def _hidden(read: Listing) -> str:
    """Say which file of rules could not be read; everything rests on them."""
    bad = [note for note in read.notes if note.kind != "absent" and "/audit" in note.text]
    return "; ".join(f"{note.kind}: {note.text}" for note in bad[:5])


def _said(read: Listing, word: str) -> list[str]:
    return [line.partition(" ")[2] for line in read.plain if line.startswith(f"{word} ")]


def _host(read: Listing, machine: list[str]) -> Host:
    version = re.match(r"(\d{1,4})\.(\d{1,4})", machine[0], re.ASCII)
    there = frozenset(_said(read, "there"))
    arches = arches_of(machine[1])
    folder = re.search(r"=\s*(/\S+)", "".join(_said(read, "faillock")[-1:]))
    log = re.search(r'logfile\s*=\s*"?([^\s",]+)', "".join(_said(read, "sudolog")[-1:]))
    known = "/var/log/sudo.log" if "/var/log/sudo.log" in there else ""
    pairs = (pair.partition("\t") for pair in _said(read, "phi"))
    return Host(
        machine=machine[1],
        kernel=(int(version[1]), int(version[2])) if version else (0, 0),
        arches=arches[:1] if "only64" in read.plain else arches,
        there=there,
        links=frozenset(_said(read, "link")),
        faillock=folder[1].rstrip("/") if folder else "/var/run/faillock",
        sudo_log=log[1] if log else known,
        phi=tuple((path.rstrip("/") or "/", real or path) for path, _, real in pairs),
    )


def _facts(read: Listing, host: Host) -> Facts:
    users, groups = (_ids(read, word) for word in ("user", "group"))
    names = Names(host.machine, users, groups)
    loads = loader(read.files, _said(read, "masked"), systemd="systemd yes" in read.plain)
    if loads.startswith("/") and loads != RULES_FILE and loads not in read.files:
        why = f"the rules are loaded from {loads}, which is not read"
        return dict.fromkeys(_NAMES, missing(FactStatus.UNSUPPORTED, why))
    gone = {path.rstrip("/") for path in _said(read, "gone")}
    files = replay(_lines(read, loads), names, gone)
    kernel = read_kernel(read.plain, names)
    coverage = Coverage(host, files.rules, None if kernel.why_not else kernel.rules)
    not_read = _said(read, "other") if loads == "augenrules" else []
    return {
        "audit_rule": ok(*(_rule(entry) for entry in files.rules)),
        "audit_coverage": ok(*coverage.records()),
        "audit_loaded": loaded_fact(files, kernel),
        "audit_state": ok(state_record(files, kernel, loads, not_read)),
    }


def _ids(read: Listing, word: str) -> dict[str, str]:
    pairs = (line.partition(" ") for line in _said(read, word))
    return {name: number for number, _, name in pairs}


def _lines(read: Listing, loads: str) -> list[Line]:
    """Return the lines that count; where nothing loads them, those that augenrules would load."""
    folder_is_there = not any(
        note.kind == "absent" and note.text == RULES_FOLDER for note in read.notes
    )
    if loads in {"augenrules", ""} and folder_is_there:
        return joined(read.files, _unended(read))
    path = RULES_FILE if loads in {"augenrules", ""} else loads
    return plain(path, read.files.get(path, ()))


def _unended(read: Listing) -> list[str]:
    """Return the files that have fewer ends of lines than lines."""
    counts = (re.fullmatch(r" *(\d{1,9}) (/.*)", line, re.ASCII) for line in read.plain)
    ends = {match[2]: int(match[1]) for match in counts if match}
    return [path for path, lines in read.files.items() if ends.get(path, len(lines)) < len(lines)]


def _rule(entry: Loaded) -> Record:
    rule = entry.rule
    terms = [term for term in rule.terms if term.field != "arch"]
    return {
        "rule": str(rule),
        "place": entry.place,
        "list": rule.filter,
        "action": rule.action,
        "arch": rule.arch,
        "syscalls": sorted(rule.syscalls),
        "fields": [f"{term.field}{term.operator}{term.value}" for term in terms],
        "keys": list(rule.keys),
    }


_SPECS: Final = (
    FactSpec("audit_rule", "An audit rule that the files load.", ("rule",), RULE_FIELDS),
    FactSpec(
        "audit_coverage",
        "One thing that should be recorded, and whether the rules do.",
        ("kind", "item", "arch"),
        COVERAGE_FIELDS,
    ),
    FactSpec(
        "audit_loaded",
        "A rule or setting of the files, of the kernel's list, or of both.",
        ("rule",),
        LOADED_FIELDS,
    ),
    FactSpec("audit_state", "Audit settings, configured and running.", (), STATE_FIELDS),
)

PROBE: Final = Probe(
    name="audit",
    facts=_SPECS,
    script=SCRIPT,
    parse=parse,
    data="phi_path",
    commands=("auditctl -s", "auditctl -l"),
)
