"""What dnf knows of newer versions, from its cache: nothing is fetched.

Left to itself, dnf writes logs and locks: as root below /var/log and /var/cache, as anybody else
below /var/tmp. So it runs as nobody, in a mount namespace of its own in which /var/tmp is memory
and gone when it ends. A repository without a cache is an error there, not an empty answer. What
`excludepkgs` of dnf.conf(5) hides is told all the same; what a repository's own file leaves out is
another repository's to bring.

When a repository turns out not to have changed, dnf marks its cache as fresh by a new time on the
list of packages (primary.xml), not on repomd.xml.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Record, Value

DNF_SCRIPT: Final = r"""
if [ -z "$found" ] && command -v dnf >/dev/null; then
  found=dnf
  echo dnf
  case $(readlink -f "$(command -v dnf)") in *dnf5) dnf=5 ;; *) dnf=4 ;; esac
  if [ "$dnf" = 5 ]; then note unsupported "dnf5"
  elif [ "$(id -u)" -ne 0 ]; then note denied "dnf: only as root can it be kept from writing"
  elif ! command -v unshare >/dev/null || ! command -v setpriv >/dev/null; then
    note unsupported "dnf without unshare and setpriv would write"
  else
    # Amazon Linux 2023 stays with the release it was made of until this says otherwise.
    if grep -qs '^ID="*amzn' /etc/os-release && ! grep -qsx latest /etc/dnf/vars/releasever; then
      echo locked
    fi
    # shellcheck disable=SC2016  # the inner shell expands these
    unshare -m sh -c '
      mount -t tmpfs tmpfs /var/tmp || exit 1
      as_nobody() { setpriv --reuid=65534 --regid=0 --clear-groups "$@"; }
      ask() {
        as_nobody dnf -q -C --noplugins --setopt=exit_on_lock=true \
          --setopt="*.skip_if_unavailable=0" "$@" || echo "!error dnf $1 ended with $?"
      }
      as_nobody rpm -qa --qf "have %{NAME}|%{ARCH}|%{EPOCH}|%{VERSION}-%{RELEASE}\n" ||
        echo "!error rpm ended with $?"
      all=--disableexcludes=main
      ask repoquery $all --upgrades --latest-limit=1 \
        --qf "upgrade %{name}|%{arch}|%{evr}|%{repoid}"
      if grep -qsE "^(exclude|excludepkgs|includepkgs)[[:blank:]]*=" /etc/dnf/dnf.conf; then
        ask repoquery --upgrades --latest-limit=1 --qf "allowed %{name}|%{arch}|%{evr}"
        echo excludes
      fi
      ask repoquery --extras --qf "extra %{name}|%{evr}"
      security=$(ask updateinfo list $all --updates --security)
      if [ -n "$security" ]; then
        printf "%s\n" "$security"
        ask updateinfo list $all --updates --with-cve
      fi
      for id in $(ask repolist --enabled | sed -e 1d -e "s/ .*//"); do
        set -- /var/cache/dnf/"$id"-????????????????/repodata/*updateinfo*
        [ -e "$1" ] && advisories=yes || advisories=no
        fetched=$(stat -c %Y /var/cache/dnf/"$id"-????????????????/repodata/*primary.xml*)
        printf "repo %s|%s|%s\n" "$id" "$fetched" "$advisories"
      done' || note error "a mount namespace for dnf"
  fi
fi
"""

_GRADES: Final = {
    "critical": "critical",
    "important": "high",
    "moderate": "medium",
    "low": "low",
}
_LOCKED: Final = "the repositories are locked to one release: what came after it is not known"
_ORDER: Final = (*_GRADES.values(), "")


@dataclass(slots=True)
class _Advisories:
    """What advisories say of one package: the worst one's id and severity, the CVEs of all."""

    id: str = ""
    severity: str = ""
    cves: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Answer:
    found: bool = False
    installed: dict[str, str] = field(default_factory=dict)
    upgrades: list[list[str]] = field(default_factory=list)
    has_excludes: bool = False
    allowed: set[tuple[str, ...]] = field(default_factory=set)
    locked: bool = False
    advisories: dict[str, _Advisories] = field(default_factory=dict)
    repositories: dict[str, tuple[str, bool]] = field(default_factory=dict)
    unserved: list[Record] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Dnf:
    """What dnf said, as records; `wrong` says what is amiss with the answer, "" if nothing."""

    found: bool
    wrong: str
    updates: tuple[Record, ...]
    lists: tuple[Record, ...]
    unserved: tuple[Record, ...]


def read_dnf(lines: Iterable[str]) -> Dnf:
    """Parse the script's lines; the advisories' lines are dnf's own.

    dnf
    have openssl-libs|x86_64|1|3.0.7-24.el9
    upgrade openssl-libs|x86_64|1:3.0.7-28.el9_4|baseos
    allowed openssl-libs|x86_64|1:3.0.7-28.el9_4
    excludes                                         (some are configured)
    locked                                           (Amazon Linux, to one release)
    extra clinic-agent|1.0-1
    LABSA-2024:0001 Important/Sec. openssl-libs-1:3.0.7-28.el9_4.x86_64
    CVE-2024-5535 Important/Sec. openssl-libs-1:3.0.7-28.el9_4.x86_64
    repo baseos|1795160000|yes
    """
    answer = _Answer()
    for line in lines:
        word, _, rest = line.partition(" ")
        match word, rest.split("|"):
            case "dnf", _:
                answer.found = True
            case "have", [name, arch, epoch, release]:
                answer.installed[f"{name}.{arch}"] = _evr(epoch, release)
            case "upgrade", [_, _, _, _] as fields:
                answer.upgrades.append(fields)
            case "allowed", [_, _, _] as fields:
                answer.allowed.add(tuple(fields))
            case "excludes", _:
                answer.has_excludes = True
            case "locked", _:
                answer.locked = True
            case "extra", [name, release]:
                record = {"manager": "dnf", "package": name, "installed": release}
                answer.unserved.append(record)
            case "repo", [name, fetched, advisories]:
                answer.repositories[name] = (fetched, advisories == "yes")
            case _:
                _advisory(answer, line)
    return _dnf(answer)


def _evr(epoch: str, release: str) -> str:
    return release if epoch in ("", "0", "(none)") else f"{epoch}:{release}"


def _advisory(answer: _Answer, line: str) -> None:
    name, kind, package = line.split()
    stem, _, arch = package.rpartition(".")
    key = f"{stem.rsplit('-', 2)[0]}.{arch}"
    known = answer.advisories.setdefault(key, _Advisories())
    if name.startswith("CVE-"):
        known.cves.append(name)
    elif kind.endswith("/Sec."):
        severity = _GRADES.get(kind.partition("/")[0].lower(), "")
        if not known.id or _ORDER.index(severity) < _ORDER.index(known.severity):
            known.id, known.severity = name, severity


def _dnf(answer: _Answer) -> Dnf:
    wrong = _LOCKED if answer.locked else ""
    if answer.found and not answer.installed:
        wrong = "rpm lists no package"
    return Dnf(
        found=answer.found,
        wrong=wrong,
        updates=tuple(_update(answer, *fields) for fields in answer.upgrades),
        lists=tuple(_list(name, *state) for name, state in answer.repositories.items()),
        unserved=tuple(answer.unserved),
    )


def _update(answer: _Answer, name: str, arch: str, release: str, repository: str) -> Record:
    known = answer.advisories.get(f"{name}.{arch}", _Advisories())
    excluded = answer.has_excludes and (name, arch, release) not in answer.allowed
    has_advisories = answer.repositories.get(repository, ("", False))[1]
    record: dict[str, Value] = {
        "manager": "dnf",
        "package": name,
        "installed": answer.installed.get(f"{name}.{arch}", ""),
        "candidate": release,
        "security": True if known.id else (False if has_advisories else None),
        "kept_back": "exclude" if excluded else "no",
        "suite": repository,
    }
    return record | _of(known)


def _of(known: _Advisories) -> dict[str, Value]:
    found: Mapping[str, Value] = {
        "advisory": known.id,
        "severity": known.severity,
        "cves": sorted(set(known.cves)),
    }
    return {name: value for name, value in found.items() if value}


def _list(name: str, fetched: str, has_advisories: bool) -> Record:  # noqa: FBT001  # of a tuple
    return {
        "manager": "dnf",
        "suite": name,
        "security": has_advisories,
        "updated": int(fetched) if fetched else None,
    }
