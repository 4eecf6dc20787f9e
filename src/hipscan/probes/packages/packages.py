"""Which packages are on the target, as dpkg, rpm or apk have it in their databases."""

import re
from collections.abc import Iterable
from typing import Final

from hipscan.model.fact import FactStatus, Record, Value, absent, missing
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.unprivileged import AS_NOBODY

# An rpm that does not know a tag prints one error a package and still succeeds, so the tags are
# asked for first.
SCRIPT: Final = (
    AS_NOBODY
    + r"""
found=''
if [ -s /var/lib/dpkg/status ] || [ -d /var/lib/dpkg/status.d ]; then
  found=dpkg
  if command -v dpkg-query >/dev/null; then
    # shellcheck disable=SC2016  # dpkg-query fills these in, not the shell
    fields='d|${db:Status-Abbrev}|${Package}|${Version}|${Architecture}'
    # shellcheck disable=SC2016  # the same
    dpkg-query -W -f="$fields"'|${source:Package}|${source:Version}|${Origin}\n' ||
      note error "dpkg-query ended with $?"
  else
    set -- /var/lib/dpkg/status.d/*
    [ -e "$1" ] || set --
    [ ! -s /var/lib/dpkg/status ] || set -- /var/lib/dpkg/status "$@"
    awk '
      function flush() {
        if (p == "") return
        split(s == "" ? "install ok installed" : s, w, " ")
        n = o == "" ? p : o; m = v
        if (match(n, / \(.*\)$/)) {
          m = substr(n, RSTART + 2, RLENGTH - 3); n = substr(n, 1, RSTART - 1)
        }
        printf "d|%s %s|%s|%s|%s|%s|%s|\n", w[1], w[3], p, v, a, n, m
        p = v = a = o = s = ""
      }
      FNR == 1 || /^$/ { flush() }
      /^Package: / { p = substr($0, 10) }
      /^Version: / { v = substr($0, 10) }
      /^Architecture: / { a = substr($0, 15) }
      /^Source: / { o = substr($0, 9) }
      /^Status: / { s = substr($0, 9) }
      END { flush() }' "$@" || note denied /var/lib/dpkg/status
  fi
fi
for db in /var/lib/rpm /usr/lib/sysimage/rpm; do
  [ -e "$db/rpmdb.sqlite" ] || [ -e "$db/Packages.db" ] || [ -e "$db/Packages" ] || continue
  found=rpm
  command -v rpm >/dev/null || { note unsupported rpm; break; }
  tags='r|%{NAME}|%{EPOCH}|%{VERSION}-%{RELEASE}|%{ARCH}|%{SOURCERPM}|%{INSTALLTIME}'
  case $(rpm --querytags) in *MODULARITYLABEL*) module='%{MODULARITYLABEL}' ;; *) module='' ;; esac
  as_nobody rpm -qa --qf "$tags|$module|%{VENDOR}\n" || note error "rpm ended with $?"
  # Without any key rpm prints a sentence that says so.
  as_nobody rpm -q gpg-pubkey --qf 'k|%{VERSION}|%{SUMMARY}\n' | grep '^k|'
  break
done
for db in /lib/apk/db/installed /usr/lib/apk/db/installed; do
  [ -s "$db" ] || continue
  found=apk
  awk '
    function flush() { if (p != "") printf "a|%s|%s|%s|%s\n", p, v, a, o; p = v = a = o = "" }
    /^$/ { flush() }
    /^P:/ { p = substr($0, 3) }
    /^V:/ { v = substr($0, 3) }
    /^A:/ { a = substr($0, 3) }
    /^o:/ { o = substr($0, 3) }
    END { flush() }' "$db" || note denied "$db"
  break
done
[ -n "$found" ] || note unsupported "no database of dpkg, rpm or apk"
"""
)

FIELDS: Final = {
    "manager": Field(FieldType.TEXT, "dpkg, rpm or apk"),
    "name": Field(FieldType.TEXT, "the binary package's name"),
    "version": Field(FieldType.TEXT, "[epoch:]version[-revision], as the manager compares it"),
    "arch": Field(FieldType.TEXT, "the architecture as the manager calls it"),
    "source": Field(FieldType.TEXT, "the source package that it was built from"),
    "source_version": Field(FieldType.TEXT, "the source's version, with the binary's epoch"),
    "state": Field(FieldType.TEXT, "installed, config-files, unpacked, half-configured, ..."),
    "installed": Field(FieldType.BOOLEAN, "whether its files are on the disk, in whatever state"),
    "held": Field(FieldType.BOOLEAN, "whether an administrator has put it on hold"),
    "vendor": Field(FieldType.TEXT, "who built it, where the package says so"),
    "module": Field(FieldType.TEXT, "name:stream of the module it comes from (rpm)"),
    "installed_at": Field(FieldType.TIME, "when it was installed or last upgraded (rpm)"),
}

KEY_FIELDS: Final = {
    "id": Field(FieldType.TEXT, "the last eight digits of the key's fingerprint, or all of it"),
    "owner": Field(FieldType.TEXT, "whose it is, as the key itself says"),
}

_STATES: Final = {
    "n": "not-installed",
    "c": "config-files",
    "H": "half-installed",
    "U": "unpacked",
    "F": "half-configured",
    "W": "triggers-awaited",
    "t": "triggers-pending",
    "i": "installed",
}
_GONE: Final = ("not-installed", "config-files")
_NONE: Final = ("", "(none)")
_SOURCE_RPM: Final = re.compile(r"\.(?:no)?src\.rpm$")  # nosrc: parts of it may not be shared


def parse(text: str, _status: int) -> Facts:
    """Parse one line a package; only the last field may hold a bar.

    d|ii |libssl3|3.0.17-1~deb12u2|amd64|openssl|3.0.17-1~deb12u2|
    d|install installed|base-files|12.4|amd64|base-files|12.4|Debian
    r|bash|(none)|5.1.8-9.el9|x86_64|bash-5.1.8-9.el9.src.rpm|1700000000|(none)|AlmaLinux
    k|b86b3716|AlmaLinux OS 9 <packager@almalinux.org> public key
    a|musl|1.2.5-r0|x86_64|musl
    !denied /lib/apk/db/installed
    """
    seen = listing(text)
    records = [record for line in seen.plain for record in _record(line)]
    if not records and not seen.notes:
        nothing = missing(FactStatus.GARBLED, "the package database lists nothing")
        return {"package": nothing, "rpm_key": nothing}
    uses_rpm = any(record["manager"] == "rpm" for record in records)
    keys = judge_notes(seen.notes, list(_keys(seen.plain)))
    return {
        "package": judge_notes(seen.notes, records),
        "rpm_key": keys if uses_rpm or seen.notes else absent("rpm is not what installs here"),
    }


def _keys(lines: Iterable[str]) -> Iterable[Record]:
    for line in lines:
        match line.split("|", 2):
            case ["k", number, owner]:
                yield {"id": number, "owner": owner.removesuffix(" public key")}
            case _:
                pass


def _record(line: str) -> Iterable[Record]:
    kind, _, rest = line.partition("|")
    match kind:
        case "d":
            yield _dpkg(rest)
        case "k":
            return
        case "r" if rest.startswith("gpg-pubkey|"):
            return  # rpm lists the keys it trusts as if they were packages
        case "r":
            yield _rpm(rest)
        case "a":
            yield _apk(rest)
        case _:
            raise ValueError(line[:80])


def _dpkg(line: str) -> Record:
    flags, name, version, arch, source, source_version, origin = line.split("|", 6)
    wanted, state = _dpkg_state(flags)
    record: dict[str, Value] = {
        "manager": "dpkg",
        "name": name,
        "version": version,
        "arch": arch,
        "source": source,
        "source_version": source_version,
        "state": state,
        "installed": state not in _GONE,
        "held": wanted,
    }
    return record | _known(vendor=origin)


def _dpkg_state(flags: str) -> tuple[bool, str]:
    """Return (held, state) of "hi " as dpkg-query abbreviates, or of "hold installed"."""
    wanted, space, state = flags.rstrip().partition(" ")
    if space:
        return wanted == "hold", state
    return wanted[0] == "h", _STATES[wanted[1]]


def _rpm(line: str) -> Record:
    name, epoch, release, arch, source_rpm, installed_at, module, vendor = line.split("|", 7)
    prefix = "" if epoch in (*_NONE, "0") else f"{epoch}:"
    source, source_version = name, release
    if source_rpm not in _NONE:
        source, *parts = _SOURCE_RPM.sub("", source_rpm).rsplit("-", 2)
        source_version = "-".join(parts)
    record: dict[str, Value] = {
        "manager": "rpm",
        "name": name,
        "version": prefix + release,
        "arch": arch,
        "source": source,
        "source_version": prefix + source_version,
        "state": "installed",
        "installed": True,
        "held": False,
        "installed_at": int(installed_at),
    }
    return record | _known(vendor=vendor, module=module)


def _apk(line: str) -> Record:
    name, version, arch, origin = line.split("|", 3)
    return {
        "manager": "apk",
        "name": name,
        "version": version,
        "arch": arch,
        "source": origin or name,
        "source_version": version,
        "state": "installed",
        "installed": True,
        "held": False,
    }


def _known(**fields: str) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if value not in _NONE}


PROBE: Final = Probe(
    name="packages",
    facts=(
        FactSpec("package", "One package that the target knows of.", ("name",), FIELDS),
        FactSpec("rpm_key", "A key whose signatures rpm trusts.", ("id",), KEY_FIELDS),
    ),
    script=SCRIPT,
    parse=parse,
    bulky=True,
    limit=4 * 1024 * 1024,
    commands=("dpkg-query", "rpm", "setpriv"),
)
