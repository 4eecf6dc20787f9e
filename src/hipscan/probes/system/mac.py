"""Mandatory access control: AppArmor's profiles, SELinux's mode and booleans, who runs without.

Everything is read from the kernel's own file systems and /etc/selinux/config; `aa-status` and
`sestatus` would say the same for the price of a program each. AppArmor takes part where its
parameter `enabled` is Y (apparmor(7)), SELinux where selinuxfs is mounted (selinux(8)).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Final

from hipscan.model.fact import FactStatus, Record, Value, missing, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing
from hipscan.probes.files.config_syntax import equals

# Booleans of SELinux that let programs run what is data, or read other programs.
BOOLEANS: Final = ("selinuxuser_execheap", "selinuxuser_execmod", "selinuxuser_execstack")

SCRIPT: Final = rf"""
if [ -r /sys/kernel/security/lsm ]; then
  read -r line </sys/kernel/security/lsm || [ -n "$line" ] && printf 'lsm %s\n' "$line"
fi
armor=N
[ ! -r /sys/module/apparmor/parameters/enabled ] ||
  read -r armor </sys/module/apparmor/parameters/enabled || :
printf 'apparmor %s\n' "$armor"
active=''
if [ "$armor" = Y ]; then
  active=apparmor
  if [ -r /sys/kernel/security/apparmor/profiles ] &&
    awk '{{ print "profile " $0 }}' /sys/kernel/security/apparmor/profiles; then
    set -- /sys/kernel/security/apparmor/policy/profiles/*/attach
    [ ! -r "$1" ] || awk '{{
      path = FILENAME; sub(/attach$/, "mode", path); mode = ""
      getline mode <path; close(path)
      if (mode != "unconfined") print "attach", $0
    }}' "$@"
    printf 'profiles read\n'
  elif [ -e /sys/kernel/security/apparmor ]; then note denied /sys/kernel/security/apparmor/profiles
  else note unsupported "securityfs is not mounted"
  fi
fi
if [ -r /sys/fs/selinux/enforce ]; then
  active=selinux
  printf 'enforce '
  awk '{{ print $1 }}' /sys/fs/selinux/enforce
  for name in {" ".join(BOOLEANS)}; do
    [ ! -r "/sys/fs/selinux/booleans/$name" ] ||
      awk -v name="$name" '{{ print "boolean", name, $1, $2 }}' "/sys/fs/selinux/booleans/$name"
  done
elif [ -e /sys/fs/selinux/enforce ]; then note denied /sys/fs/selinux/enforce
fi
[ ! -e /etc/selinux/config ] || files /etc/selinux/config
if [ -n "$active" ]; then
  [ -e /proc/1/exe ] || note denied "/proc/1/exe"  # what runs is for root to know
  # A process that ends meanwhile is no error.
  awk 'BEGIN {{
    for (i = 1; i < ARGC; i++) {{
      if ((getline line <ARGV[i]) > 0) {{
        sub(/\000.*/, "", line); sub(/^\/proc\//, "", ARGV[i]); sub(/\/.*/, "", ARGV[i])
        if (line ~ /^unconfined/ || line ~ /:(unconfined_service_t|initrc_t)(:|$)/)
          print "runs", ARGV[i], line
      }}
      close("/proc/" ARGV[i] "/attr/current")
    }}
    exit
  }}' /proc/[0-9]*/attr/current
  # shellcheck disable=SC2012  # names of links are what is wanted
  ls -l /proc/[0-9]*/exe | awk '{{
    at = index($0, " /proc/"); rest = substr($0, at + 7)
    pid = rest; sub(/\/.*/, "", pid); sub(/^[^ ]* -> /, "", rest)
    if (rest ~ /^\//) print "exe", pid, rest
  }}'
fi
printf 'end\n'
"""

MAC_FIELDS: Final = {
    "system": Field(FieldType.TEXT, "apparmor, selinux, or none"),
    "modules": Field(FieldType.LIST, "the kernel's security modules; left out where not known"),
    "protects": Field(
        FieldType.BOOLEAN, "whether SELinux enforces, or AppArmor enforces at least one profile"
    ),
    "enforced": Field(FieldType.INTEGER, "profiles that AppArmor enforces"),
    "complaining": Field(FieldType.INTEGER, "profiles of AppArmor that only log"),
    "mode": Field(FieldType.TEXT, "SELinux now: enforcing, permissive, disabled"),
    "configured": Field(FieldType.TEXT, "SELinux after the next start, of its configuration"),
    "type": Field(FieldType.TEXT, "SELINUXTYPE of its configuration: targeted, mls, minimum"),
}
PROFILE_FIELDS: Final = {
    "name": Field(FieldType.TEXT, "the profile"),
    "mode": Field(FieldType.TEXT, "enforce, complain, kill, prompt or unconfined"),
}
BOOLEAN_FIELDS: Final = {
    "name": Field(FieldType.TEXT, "the boolean: " + ", ".join(BOOLEANS)),
    "running": Field(FieldType.BOOLEAN, "its value now"),
    "pending": Field(FieldType.BOOLEAN, "its value once pending changes are made"),
}
PROCESS_FIELDS: Final = {
    "program": Field(FieldType.TEXT, "the program"),
    "label": Field(FieldType.TEXT, "what it runs as: unconfined, or a context of SELinux"),
    "profile": Field(FieldType.TEXT, "the profile that it should run under; AppArmor only"),
    "count": Field(FieldType.INTEGER, "processes of it"),
}

_FORMS: Final = 64  # of one pattern with braces, however many it could make
_PROFILE: Final = re.compile(r"^profile (.*) \(([a-z]+)\)$")


def parse(text: str, _status: int) -> Facts:
    """Parse what the kernel says.

    lsm capability,yama,apparmor
    apparmor Y
    profile /usr/sbin/mysqld (enforce)
    attach /usr/sbin/mysqld
    profiles read
    enforce 1
    boolean selinuxuser_execheap 0 0
    runs 812 unconfined
    exe 812 /usr/sbin/mysqld
    F/etc/selinux/config
    :SELINUX=enforcing
    end
    """
    seen = listing(text)
    if "end" not in seen.plain:
        raise ValueError("the list has no end")
    profiles = [(m[1], m[2]) for line in seen.plain if (m := _PROFILE.match(line))]
    notes = [note for note in seen.notes if not note.text.startswith("/proc/")]
    hidden = "; ".join(f"{note.kind}: {note.text}" for note in notes)
    blind = missing(FactStatus.DENIED, hidden) if hidden else None
    unseen = missing(FactStatus.DENIED, "what runs is for root to know") if seen.notes else None
    return {
        "mac": ok(_mac(seen, profiles, hidden=bool(hidden))),
        "apparmor_profile": blind or ok(*({"name": n, "mode": m} for n, m in profiles)),
        "selinux_boolean": blind or ok(*_booleans(seen)),
        "unconfined_process": blind or unseen or ok(*_processes(seen, profiles)),
    }


def _value(seen: Listing, name: str) -> str:
    return next((line[len(name) + 1 :] for line in seen.plain if line.startswith(name + " ")), "")


def _mac(seen: Listing, profiles: Sequence[tuple[str, str]], *, hidden: bool) -> Record:
    armor, enforce = _value(seen, "apparmor") == "Y", _value(seen, "enforce")
    modes = [mode for _, mode in profiles]
    enforced = modes.count("enforce") + modes.count("kill")
    record: dict[str, Value] = {
        "system": "selinux" if enforce else "apparmor" if armor else "none",
        "protects": enforce == "1" or enforced > 0,
    }
    if hidden and not record["protects"]:
        record |= {"protects": None}
    if modules := _value(seen, "lsm"):
        record["modules"] = modules.split(",")
    if armor and not hidden:
        record |= {"enforced": enforced, "complaining": modes.count("complain")}
    return {**record, **_selinux(seen, enforce)}


def _selinux(seen: Listing, enforce: str) -> Record:
    lines = seen.files.get("/etc/selinux/config")
    if lines is None and not enforce:
        return {}
    mode = {"1": "enforcing", "0": "permissive"}.get(enforce, "disabled")
    if lines is None:
        return {"mode": mode}
    made = dict[str, str]()
    for setting in equals(lines):  # libselinux takes the first line that says what it knows
        value = setting.value.lower()
        if setting.key != "SELINUX" or value in {"enforcing", "permissive", "disabled"}:
            made.setdefault(setting.key, value)
    found: dict[str, Value] = {"mode": mode, "configured": made.get("SELINUX", "enforcing")}
    return found | {"type": made.get("SELINUXTYPE", "targeted")}


def _booleans(seen: Listing) -> Iterator[Record]:
    for line in seen.plain:
        match line.split(" "):
            case ["boolean", name, now, then]:
                yield {"name": name, "running": now == "1", "pending": then == "1"}
            case _:
                pass


def _processes(seen: Listing, profiles: Sequence[tuple[str, str]]) -> Iterator[Record]:
    """Yield programs that run without the confinement that is there for them, by path."""
    programs = _pairs(seen, "exe")
    attached = _attachments(seen, profiles)
    found: dict[tuple[str, str, str], int] = {}
    for pid, label in _pairs(seen, "runs").items():
        program = programs.get(pid, "").removesuffix(" (deleted)")
        profile = "" if ":" in label else _profile(program, attached)
        if program and (profile or ":" in label):
            found[program, label, profile] = found.get((program, label, profile), 0) + 1
    for (program, label, profile), count in sorted(found.items()):
        record: dict[str, Value] = {"program": program, "label": label, "count": count}
        yield {**record, "profile": profile} if profile else record


def _pairs(seen: Listing, kind: str) -> Mapping[str, str]:
    words = [line.split(" ", 2) for line in seen.plain if line.startswith(kind + " ")]
    return {word[1]: word[2] for word in words if len(word) == 3}  # noqa: PLR2004  # kind, pid, value


def _attachments(seen: Listing, profiles: Sequence[tuple[str, str]]) -> Sequence[str]:
    said = [line[7:] for line in seen.plain if line.startswith("attach /")]
    named = [name for name, mode in profiles if name.startswith("/") and mode != "unconfined"]
    whole = dict.fromkeys([*said, *(name for name in named if "//" not in name)])
    return tuple(plain for each in whole for plain in islice(_without_braces(each), _FORMS))


def _without_braces(pattern: str) -> Iterator[str]:
    """Yield the patterns that one with `{a,b}` stands for (apparmor.d(5), "Globbing")."""
    inner = re.search(r"\{([^{}]*)\}", pattern)
    if inner is None or len(pattern) > 200:  # noqa: PLR2004  # longer than any path of a program
        yield pattern
        return
    for part in inner[1].split(","):
        yield from _without_braces(pattern[: inner.start()] + part + pattern[inner.end() :])


def _profile(program: str, attached: Sequence[str]) -> str:
    return next((each for each in attached if fnmatchcase(program, each)), "")


PROBE: Final = Probe(
    name="mac",
    facts=(
        FactSpec("mac", "Which mandatory access control holds.", (), MAC_FIELDS),
        FactSpec(
            "apparmor_profile", "A profile that AppArmor has loaded.", ("name",), PROFILE_FIELDS
        ),
        FactSpec(
            "selinux_boolean", "A boolean of SELinux that rules know.", ("name",), BOOLEAN_FIELDS
        ),
        FactSpec(
            "unconfined_process",
            "Programs that run outside of the confinement that is there for them.",
            ("program",),
            PROCESS_FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
)
