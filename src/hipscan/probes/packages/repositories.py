"""Where packages come from, and whether their signatures are checked.

apt's sources in both forms, the repository files of dnf and zypper, and the settings of apt that
let unsigned packages in. hipscan.probes.packages.apt_sources and repo_files read the files.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, absent, missing, ok
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
from hipscan.probes.packages.apt_sources import apt_repositories
from hipscan.probes.packages.repo_files import rpm_repositories

# Addresses can hold a name and a password, and repository files more of them: only the keys that
# are read leave the target, without what stands before an @ or behind a question mark. A line that
# is left out becomes a comment, so that line numbers stay right.
SCRIPT: Final = r"""
found=''
if [ -d /etc/apt ] && command -v apt-config >/dev/null; then
  found=apt
  echo apt
  {
    files /etc/apt/sources.list
    dropins /etc/apt/sources.list.d .list
    dropins /etc/apt/sources.list.d .sources
  } | awk '
    !/^:/ { keep = 0; print; next }
    { gsub(/:\/\/[^\/ ]*@/, "://") }
    /^:[ \t]*deb(-src)?[ \t]/ { sub(/[ \t]#.*/, ""); print; next }
    /^:[ \t]/ { print keep ? $0 : ":#"; next }
    { keep = 0 }
    /^:$/ { print; next }
    tolower($0) ~ /^:(types|uris|suites|enabled|trusted|allow-(downgrade-to-)?insecure):/ {
      keep = 1; print; next
    }
    { print ":#" }'
  # Told an architecture, apt-config does not start dpkg to ask for others. Names have any case.
  apt-config -o APT::Architectures::=none dump | awk '
    { name = tolower($1) }
    name ~ /^(apt::get::allowunauthenticated|acquire::allow(insecure|weak)repositories)$/ ||
    name == "acquire::allowdowngradetoinsecurerepositories" { print "set", $0 }
    name ~ /^acquire::https::(.*::)?verify-peer$/ { print "set", $0 }
    END { print "settings", NR }'
fi
if command -v dnf >/dev/null || command -v yum >/dev/null || command -v zypper >/dev/null; then
  found=rpm
  echo rpm
  {
    if [ -e /etc/dnf/dnf.conf ] || [ ! -e /etc/yum.conf ]; then files /etc/dnf/dnf.conf
    else files /etc/yum.conf; fi
    [ ! -e /etc/zypp/zypp.conf ] || files /etc/zypp/zypp.conf
    for folder in /etc/yum.repos.d /etc/yum/repos.d /etc/distro.repos.d /etc/zypp/repos.d; do
      [ ! -d "$folder" ] || dropins "$folder" .repo
    done
  } | awk '
    !/^:/ { keep = 0; print; next }
    { gsub(/:\/\/[^\/ ]*@/, "://"); sub(/\?.*/, "") }
    /^:\[/ { keep = 0; print; next }
    /^:[ \t]/ { print keep ? $0 : ":#"; next }
    { keep = 0 }
    /^:(baseurl|metalink|mirrorlist|enabled|gpgcheck|pkg_gpgcheck|repo_gpgcheck|sslverify)[ \t]*=/ {
      keep = 1; print; next
    }
    { print ":#" }'
fi
[ -n "$found" ] || note unsupported "neither apt, dnf nor zypper"
"""

FIELDS: Final = {
    "manager": Field(FieldType.TEXT, "apt, dnf or zypper"),
    "uri": Field(FieldType.TEXT, "where it is, without credentials"),
    "suite": Field(FieldType.TEXT, "the suite (apt), or the repository's id (dnf, zypper)"),
    "scheme": Field(FieldType.TEXT, "http, https, file, mirror, ...: how it is reached"),
    "enabled": Field(FieldType.BOOLEAN, "whether it is in use"),
    "verified": Field(FieldType.BOOLEAN, "whether what comes from it must be signed"),
    "trusted": Field(FieldType.BOOLEAN, "Trusted: signatures are not asked for (apt)"),
    "allow_insecure": Field(
        FieldType.BOOLEAN, "Allow-Insecure, Allow-Downgrade-To-Insecure: it may be unsigned (apt)"
    ),
    "gpgcheck": Field(FieldType.BOOLEAN, "whether packages are checked, with main's default (dnf)"),
    "repo_gpgcheck": Field(FieldType.BOOLEAN, "whether the lists are checked as well (dnf)"),
    "sslverify": Field(
        FieldType.BOOLEAN,
        "whether the server's certificate is checked; for apt only where that is set",
    ),
    "file": Field(FieldType.TEXT, "the file that names it"),
    "line": Field(FieldType.INTEGER, "the line there"),
}

SETTING_FIELDS: Final = {
    "name": Field(FieldType.TEXT, "the setting, for example APT::Get::AllowUnauthenticated"),
    "value": Field(FieldType.TEXT, 'its effective value; "" is the default, off'),
    "enabled": Field(FieldType.BOOLEAN, "whether apt takes it for true"),
}

_SETTINGS: Final = (
    "APT::Get::AllowUnauthenticated",
    "Acquire::AllowDowngradeToInsecureRepositories",
    "Acquire::AllowInsecureRepositories",
    "Acquire::AllowWeakRepositories",
)
_TRUE: Final = ("1", "yes", "true", "with", "on", "enable")
_FALSE: Final = ("0", "no", "false", "without", "off", "disable")


def parse(text: str, _status: int) -> Facts:
    """Parse the files (`apt_repositories`, `rpm_repositories`) and apt's settings.

    apt
    F/etc/apt/sources.list
    :deb [trusted=yes] http://mirror.example.org/debian bookworm main
    set APT::Get::AllowUnauthenticated "true";
    settings 812
    """
    seen = listing(text)
    is_apt, is_rpm = "apt" in seen.plain, "rpm" in seen.plain
    if not (is_apt or is_rpm or seen.notes):
        raise ValueError("no package manager answered")
    sources = {path: lines for path, lines in seen.files.items() if path.startswith("/etc/apt/")}
    records = [r for path, lines in sources.items() for r in apt_repositories(path, lines)]
    records = [_peer(record, dict(_assignments(seen.plain))) for record in records]
    if is_rpm:
        records += rpm_repositories(seen.files)
    return {
        "repository": judge_notes(seen.notes, records),
        "apt_setting": _settings(seen) if is_apt else absent("apt is not installed"),
    }


def _peer(record: Record, values: Mapping[str, str]) -> Record:
    """Return the record, with what apt.conf says of checking the server's certificate."""
    host = str(record["uri"]).partition("://")[2].partition("/")[0].partition(":")[0].lower()
    everywhere = values.get("acquire::https::verify-peer", "")
    value = values.get(f"acquire::https::{host}::verify-peer", everywhere)
    if record["scheme"] == "https" and value:
        return {**record, "sslverify": value.lower() not in _FALSE}
    return record


def _settings(seen: Listing) -> Fact:
    if not any(line.startswith("settings ") and line != "settings 0" for line in seen.plain):
        return missing(FactStatus.GARBLED, "apt-config printed no settings")
    values = dict(_assignments(seen.plain))
    return ok(
        *(
            {"name": name, "value": value, "enabled": value.lower() in _TRUE}
            for name in _SETTINGS
            for value in [values.get(name.lower(), "")]
        )
    )


def _assignments(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        match line.split(" ", 2):
            case ["set", name, value]:
                yield name.lower(), value.removesuffix(";").strip('"')
            case _:
                pass


PROBE: Final = Probe(
    name="repositories",
    facts=(
        FactSpec("repository", "One place that packages come from.", ("suite", "uri"), FIELDS),
        FactSpec(
            "apt_setting",
            "One setting that lets apt take unsigned packages; absent without apt.",
            ("name",),
            SETTING_FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("apt-config",),
)
