"""Whether security updates install themselves: every link of the chain, and the first that lacks.

With apt the chain is: unattended-upgrades is installed, a timer (or cron) runs, it refreshes the
lists, it upgrades, and security updates are among what it may install. With dnf: dnf-automatic
is installed, its timer runs, and it applies what it finds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import product
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, missing, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing
from hipscan.probes.packages.repo_files import sections
from hipscan.probes.system.platform import os_release

SCRIPT: Final = r"""
found=''
if [ -d /etc/apt ] && command -v apt-config >/dev/null; then
  found=apt
  set -- apt-daily.timer apt-daily-upgrade.timer
  [ ! -x /usr/bin/unattended-upgrade ] || echo installed
  # Told an architecture, apt-config does not start dpkg to ask for others. Names have any case.
  apt-config -o APT::Architectures::=none dump | awk '
    { name = tolower($1) }
    name ~ /^apt::periodic::/ { print "set", $0 }
    name ~ /^unattended-upgrade::(allowed-origins|origins-pattern|package-(black|white)list)::/ {
      print "set", $0
    }
    END { print "settings", NR }'
elif command -v dnf >/dev/null; then
  found=dnf
  set -- dnf-automatic.timer dnf-automatic-install.timer
  [ ! -x /usr/bin/dnf-automatic ] || echo installed
  if [ -r /etc/dnf/vars/releasever ]; then files /etc/dnf/vars/releasever; fi
  files /etc/dnf/automatic.conf | awk '
    !/^:/ || /^:\[/ || /^:(apply_updates|upgrade_type)[ \t]*=/ { print; next }
    { print ":#" }'
fi
if [ -z "$found" ]; then note unsupported "neither apt nor dnf"
else
  echo "$found"
  if [ ! -d /run/systemd/system ]; then
    [ ! -x /etc/cron.daily/apt-compat ] || echo cron
  elif command -v systemctl >/dev/null; then
    for timer; do
      service=${timer%.timer}.service
      for top in /etc /run; do
        [ ! -c "$top/systemd/system/$service" ] || printf 'masked %s\n' "$service"
      done
    done
    systemctl is-active "$@" | for timer; do
      read -r state
      printf 'timer %s %s\n' "$timer" "$state"
    done
  else note unsupported systemctl; fi
  if [ -r /etc/os-release ]; then files /etc/os-release; fi
fi
"""

FIELDS: Final = {
    "manager": Field(FieldType.TEXT, "apt or dnf"),
    "mechanism": Field(FieldType.TEXT, "unattended-upgrades or dnf-automatic"),
    "enabled": Field(FieldType.BOOLEAN, "whether updates install themselves: nothing is lacking"),
    "security": Field(FieldType.BOOLEAN, "whether security updates are among them"),
    "lacking": Field(FieldType.LIST, "what is lacking, in words; empty when it works"),
    "excluded": Field(FieldType.LIST, "patterns of packages that are left out (apt)"),
}

_OFF: Final = re.compile(r"0*[a-z]?")
_TRUE: Final = ("1", "yes", "true", "on")
_KEYS: Final = {
    "o": "origin",
    "l": "label",
    "a": "archive",
    "suite": "archive",
    "n": "codename",
    "c": "component",
}
_EVERY_NAME: Final = ("", ".", ".*", "^", "^.*", "^.*$")


def parse(text: str, _status: int) -> Facts:
    """Parse the settings, the state of the timers and os-release.

    installed
    set APT::Periodic::Unattended-Upgrade "1";
    set Unattended-Upgrade::Origins-Pattern:: "origin=Debian,label=Debian-Security";
    settings 812
    apt
    masked apt-daily-upgrade.service
    timer apt-daily.timer active
    F/etc/os-release
    :ID=debian
    """
    seen = listing(text)
    wrong = seen.of_kind("unsupported", "denied", "error", "special")
    if wrong:
        status = FactStatus.DENIED if wrong[0].kind == "denied" else FactStatus.UNSUPPORTED
        return {"automatic_update": missing(status, wrong[0].text)}
    if any(line.startswith("timer ") and line.endswith(" ") for line in seen.plain):
        raise ValueError("systemctl does not tell the state of the timers")
    if "apt" in seen.plain:
        return {"automatic_update": _apt(seen)}
    if "dnf" in seen.plain:
        return {"automatic_update": ok(_dnf(seen))}
    raise ValueError("no package manager answered")


def _apt(seen: Listing) -> Fact:
    if not any(line.startswith("settings ") and line != "settings 0" for line in seen.plain):
        return missing(FactStatus.GARBLED, "apt-config printed no settings")
    settings = _settings(seen.plain)
    release = os_release(seen.files.get("/etc/os-release", ()))
    security = _covers_security(settings, release)
    checks = {
        "unattended-upgrades is not installed": "installed" in seen.plain,
        "APT::Periodic::Enable is 0": _is_on(settings, "Enable", default="1"),
        "APT::Periodic::Update-Package-Lists is 0": _is_on(settings, "Update-Package-Lists"),
        "APT::Periodic::Unattended-Upgrade is 0": _is_on(settings, "Unattended-Upgrade"),
        "no security origin is allowed": security,
        "Unattended-Upgrade::Package-Whitelist leaves out the others": _takes_all(settings),
        **_timers(seen, ("apt-daily.timer", "apt-daily-upgrade.timer")),
    }
    lacking = _lacking(checks, seen)
    return ok(
        {
            "manager": "apt",
            "mechanism": "unattended-upgrades",
            "enabled": not lacking,
            "security": security,
            "lacking": lacking,
            "excluded": list(settings.get("unattended-upgrade::package-blacklist", ())),
        }
    )


def _lacking(checks: Mapping[str, bool], seen: Listing) -> list[str]:
    """Return what is lacking: the first of `checks` alone where nothing is installed."""
    lacking = [words for words, is_fine in checks.items() if not is_fine]
    return lacking if "installed" in seen.plain else lacking[:1]


def _timers(seen: Listing, names: Sequence[str]) -> Mapping[str, bool]:
    lines = [line.split(" ") for line in seen.plain if line.startswith("timer ")]
    if not lines:
        return {"neither systemd nor cron runs it": "cron" in seen.plain}
    active = {name for _, name, state in lines if state == "active"}
    services = [name.replace(".timer", ".service") for name in names]
    return {
        **{f"{name} does not run": name in active for name in names},
        **{f"{name} is masked": f"masked {name}" not in seen.plain for name in services},
    }


def _settings(lines: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        match line.split(" ", 2):
            case ["set", name, value]:
                key = name.lower().removesuffix("::")
                found[key] = (*found.get(key, ()), value.removesuffix(";").strip('"'))
            case _:
                pass
    return found


def _is_on(settings: Mapping[str, tuple[str, ...]], name: str, *, default: str = "0") -> bool:
    """Say whether an interval is on: "1", "7", "12h" or "always", not "0" and not ""."""
    value = settings.get(f"apt::periodic::{name.lower()}", (default,))[-1]
    return not _OFF.fullmatch(value)


def _takes_all(settings: Mapping[str, tuple[str, ...]]) -> bool:
    """Say whether no list, or a pattern for every name, says what may be upgraded."""
    patterns = settings.get("unattended-upgrade::package-whitelist", ())
    return not patterns or any(pattern in _EVERY_NAME for pattern in patterns)


def _covers_security(settings: Mapping[str, tuple[str, ...]], release: Mapping[str, str]) -> bool:
    """Say whether a pattern of unattended-upgrades matches the distribution's security archive."""
    patterns = [dict(_pattern(text)) for text in settings.get(_ORIGINS, ())]
    for text in settings.get("unattended-upgrade::allowed-origins", ()):
        origin, _, archive = text.partition(":" if ":" in text else " ")
        patterns.append({"origin": origin, "archive": archive.strip()})
    archives = tuple(_security_archives(release))
    words = {
        "${distro_id}": release.get("ID", "").capitalize(),
        "${distro_codename}": release.get("VERSION_CODENAME", ""),
    }
    return any(
        _matches(pattern, archive, words) for pattern, archive in product(patterns, archives)
    )


_ORIGINS: Final = "unattended-upgrade::origins-pattern"


def _pattern(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(","):
        key, _, value = part.strip().partition("=")
        yield _KEYS.get(key.strip(), key.strip()), value.strip()


def _security_archives(release: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    codename = release.get("VERSION_CODENAME", "")
    if release.get("ID") == "debian":
        for name in ("stable", "oldstable", "oldoldstable", "testing"):
            yield {
                "origin": "Debian",
                "label": "Debian-Security",
                "archive": f"{name}-security",
                "codename": f"{codename}-security",
                "component": "main",
            }
    else:
        name = release.get("ID", "").capitalize()
        archive = f"{codename}-security"
        found = {"origin": name, "label": name, "archive": archive, "codename": codename}
        yield found | {"component": "main"}


def _matches(
    pattern: Mapping[str, str], archive: Mapping[str, str], words: Mapping[str, str]
) -> bool:
    for key, value in pattern.items():
        if key == "site" and len(pattern) > 1:  # mirrors have many names
            continue
        wanted = value
        for word, stands_for in words.items():
            wanted = wanted.replace(word, stands_for)
        if not fnmatchcase(archive.get(key, ""), wanted):
            return False
    return bool(pattern)


def _locked(seen: Listing) -> bool:
    """Say whether Amazon Linux looks for updates in the release that it was made of alone."""
    system = os_release(seen.files.get("/etc/os-release", ())).get("ID")
    latest = [line.strip() for line in seen.files.get("/etc/dnf/vars/releasever", ())]
    return system == "amzn" and latest != ["latest"]


def _dnf(seen: Listing) -> Record:
    commands: dict[str, str] = {}
    for _, name, section in sections(seen.files.get("/etc/dnf/automatic.conf", ())):
        commands |= section if name == "commands" else {}
    active = {line.split(" ")[1] for line in seen.plain if line.endswith(" active")}
    masked = {line.removeprefix("masked ") for line in seen.plain if line.startswith("masked ")}
    timers = {timer for timer in active if timer.replace(".timer", ".service") not in masked}
    applies = commands.get("apply_updates", "no").lower() in _TRUE
    installs = "dnf-automatic-install.timer" in timers
    checks = {
        "dnf-automatic is not installed": "installed" in seen.plain,
        "neither dnf-automatic.timer nor dnf-automatic-install.timer runs": bool(timers),
        "apply_updates is no": applies or installs,
        "the repositories are locked to one release": not _locked(seen),
    }
    lacking = _lacking(checks, seen)
    return {
        "manager": "dnf",
        "mechanism": "dnf-automatic",
        "enabled": not lacking,
        "security": True,  # both values of upgrade_type include them
        "lacking": lacking,
    }


PROBE: Final = Probe(
    name="automatic_updates",
    facts=(
        FactSpec(
            "automatic_update",
            "How updates install themselves, or why they do not.",
            ("mechanism",),
            FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("apt-config", "systemctl"),
)
