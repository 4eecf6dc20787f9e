"""What apt knows of newer versions: `apt-cache policy` over everything that is installed.

The simulation `apt-get -s dist-upgrade` would say the same at five times the cost, and it writes
logs and caches. `apt-cache` writes nothing with its caches switched off; it writes nothing as
nobody either, and then it can use a cache that is there at a tenth of the cost, if that is as new
as what it was made of and everything it needs can be read by nobody. pkgcache.bin was made of the
lists and of what is installed; srcpkgcache.bin of the lists alone, so dpkg does not make it old.

A line of the answer names a repository by URI and suite, and what kind of repository that is
stands in its Release file, from which only the head is read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Record
from hipscan.probes.packages.apt_lists import list_record, place, place_of
from hipscan.probes.packages.apt_offers import Offers
from hipscan.probes.unprivileged import AS_NOBODY

# Only packages with something above the installed version leave the target, those that no
# repository knows, and those of other repositories than most. `stat` gives the change time: the
# modification time is the server's.
APT_SCRIPT: Final = (
    AS_NOBODY
    + r"""
found=''
if [ -s /var/lib/dpkg/status ] && command -v apt-cache >/dev/null; then
  found=apt
  echo apt
  set -- /var/lib/apt/lists/*Release
  if [ ! -r /var/lib/apt/lists ] || [ ! -x /var/lib/apt/lists ]; then
    note denied /var/lib/apt/lists
  elif [ -e "$1" ]; then
    stat -c 'list %Z %n' "$@" || note error "stat of the package lists"
    awk '
      FNR == 1 { print "head " FILENAME; body = 0 }
      /^(MD5Sum|SHA1|SHA256|SHA512):/ { body = 1 }
      !body && /^(Origin|Label|Suite|Codename|Date|Valid-Until): / { print "+" $0 }' "$@" ||
      note error "reading the package lists"
  fi
  # shellcheck disable=SC2016  # dpkg-query fills these in, not the shell
  all=$(dpkg-query -W -f='${db:Status-Abbrev}|${Package}:${Architecture}\n')
  printf '%s\n' "$all" | awk -F '|' '
    /^.[^nc]/ { asked++ }
    /^h[^nc]/ { print "held " $2 }
    END { print "asked " asked + 0 }'
  # Whether a cache is as new as what it is made of, a file left aside, and nobody may read that.
  fresh() {
    [ -r "$1" ] && [ -z "$(
      find /etc/apt /var/lib/dpkg/status /var/lib/apt/lists \
        \( -name partial -o -name lock -o -name 'auth.conf*' \) -prune -o \
        \( -cnewer "$1" ! -path "$2" -o ! -perm -004 -o -type d ! -perm -001 \) -print
    )" ]
  }
  cache=/var/cache/apt
  if command -v setpriv >/dev/null && {
    fresh $cache/pkgcache.bin '' || fresh $cache/srcpkgcache.bin /var/lib/dpkg/status
  }; then set -- as_nobody xargs apt-cache policy
  else
    set -- xargs apt-cache -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
      -o Acquire::Languages=none policy
  fi
  printf '%s\n' "$all" | sed -n 's/^.[^nc].*|//p' | "$@" | awk '
    function flush(   by) {
      if (newer != "") print "package " name " " installed " " candidate newer
      else if (name != "" && !served) print "unserved " name " " installed
      by = mine == "" ? all : mine
      if (by == "") return
      if (name ~ /^base-files(:|$)/) base = by
      group[by] = group[by] " " name
      if (++size[by] > size[largest]) largest = by
    }
    /^[^ ]/ {
      flush()
      name = substr($0, 1, length($0) - 1); newer = all = mine = ""; own = served = here = 0
      answered++
    }
    /^  Installed: / { installed = $2 }
    /^  Candidate: / { candidate = $2 }
    /^     [^ ]/ { here = 0; if (!own) newer = newer "\nversion " $1 }
    /^ \*\*\* / { own = here = 1 }
    /^      / && $2 != "/var/lib/dpkg/status" {
      served = 1
      if (!own) newer = newer "\nfrom " $2 " " $3
      uri = $2; sub(/\/\/[^\/@]*@/, "//", uri)
      source = " " uri " " ($3 == "" ? "-" : $3)
      all = all source
      if (here) mine = mine source
    }
    END {
      flush()
      if (base != "") print "base" base
      for (by in group) if (by != largest) print "served" by "|" substr(group[by], 2)
      print "answered " answered + 0
    }'
fi
"""
)


@dataclass(slots=True)
class _Package:
    """One package with newer versions, newest first, each with its (uri, suite) sources."""

    name: str
    installed: str
    candidate: str
    newer: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


@dataclass(slots=True)
class _Answer:
    found: bool = False
    heads: dict[str, dict[str, str]] = field(default_factory=dict)
    fetched: dict[str, int] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    packages: list[_Package] = field(default_factory=list)
    unserved: list[Record] = field(default_factory=list)
    offers: Offers = field(default_factory=Offers)


@dataclass(frozen=True, slots=True)
class Apt:
    """What apt said, as records; `wrong` says what is amiss with the answer, "" if nothing."""

    found: bool
    wrong: str
    updates: tuple[Record, ...]
    lists: tuple[Record, ...]
    unserved: tuple[Record, ...]
    foreign: tuple[Record, ...] = ()


def read_apt(lines: Iterable[str]) -> Apt:
    """Parse the script's lines, sources behind versions and versions behind packages.

    apt
    list 1795160000 /var/lib/apt/lists/deb.debian.org_debian_dists_bookworm-updates_InRelease
    head /var/lib/apt/lists/deb.debian.org_debian_dists_bookworm-updates_InRelease
    +Label: Debian
    held openssl:amd64
    asked 2
    package openssl 3.0.9-1 3.0.17-1~deb12u2
    version 3.0.17-1~deb12u2
    from http://deb.debian.org/debian-security bookworm-security/main
    unserved clinic-agent 1.0
    base http://deb.debian.org/debian bookworm/main
    served http://deb.debian.org/debian-security bookworm-security/main|less sudo
    answered 2
    """
    answer = _Answer()
    head: dict[str, str] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        if line.startswith("+"):
            key, _, value = line[1:].partition(": ")
            head[key] = value
        elif word == "head":
            head = answer.heads.setdefault(rest, {})
        else:
            _take(answer, word, rest)
    return _apt(answer)


def _take(answer: _Answer, word: str, rest: str) -> None:
    match word, rest.split(" "):
        case "apt", _:
            answer.found = True
        case "list", [when, *_]:
            answer.fetched[rest.partition(" ")[2]] = int(when)
        case "held", [name]:
            answer.held |= {name, name.rpartition(":")[0]}
        case (("asked" | "answered"), [count]):
            answer.counts[word] = int(count)
        case "package", [name, installed, candidate]:
            answer.packages.append(_Package(name, installed, candidate))
        case "version", [version]:
            answer.packages[-1].newer[version] = []
        case "from", [uri, suite]:
            [*_, sources] = answer.packages[-1].newer.values()
            sources.append((uri, suite.rpartition("/")[0]))
        case (("base" | "served"), _):
            answer.offers.take(word, rest)
        case "unserved", [name, installed]:
            record = {"manager": "apt", "package": name, "installed": installed}
            answer.unserved.append(record)
        case _:
            raise ValueError(f"{word} {rest}"[:80])


def _apt(answer: _Answer) -> Apt:
    records = {
        place(path): list_record(place(path), answer.fetched.get(path), head)
        for path, head in answer.heads.items()
    }
    updates = (_update(package, answer.held, records) for package in answer.packages)
    return Apt(
        found=answer.found,
        wrong=_wrong(answer) if answer.found else "",
        updates=tuple(update for update in updates if update),
        lists=tuple(records.values()),
        unserved=tuple(answer.unserved),
        foreign=tuple(answer.offers.foreign(records)),
    )


def _wrong(answer: _Answer) -> str:
    asked, answered = answer.counts.get("asked", 0), answer.counts.get("answered", 0)
    if not asked or answered < asked:
        return f"apt-cache answered for {answered} of {asked} packages"
    if len(answer.unserved) == asked:
        return "apt's lists name none of the installed packages"
    return ""


def _update(package: _Package, held: set[str], lists: dict[str, Record]) -> Record | None:
    """Return the update that waits for a package, or None: what is newer is not for it.

    Where somebody else's version is above a security update, the update is told: theirs is none.
    """
    version, offered = _candidate(package, lists)
    if not version:
        return None
    kept_back = "no" if package.candidate in package.newer else "pin"
    if offered and _origins(package, version, lists).isdisjoint(
        _origins(package, offered[0], lists)
    ):
        version = offered[0]
    uri, suite = _security_source(package, (offered or [version])[0], lists) or _first(
        package.newer[version]
    )
    known = lists.get(place_of(uri, suite), {})
    return {
        "manager": "apt",
        "package": package.name,
        "installed": package.installed,
        "candidate": version,
        "security": bool(offered),
        "kept_back": "hold" if package.name in held else kept_back,
        "origin": known.get("origin", ""),
        "suite": suite,
    }


def _candidate(package: _Package, lists: dict[str, Record]) -> tuple[str, list[str]]:
    """Return the version that waits, "" where none does, and the security updates up to it.

    A newer version that preferences keep from apt is told only when it is a security update;
    else every package of a backports suite would be one.
    """
    newer = list(package.newer)
    secure = [version for version in newer if _security_source(package, version, lists)]
    if package.candidate in package.newer:
        reach = newer.index(package.candidate)
        return package.candidate, [version for version in secure if newer.index(version) >= reach]
    return (secure or [""])[0], secure


def _origins(package: _Package, version: str, lists: dict[str, Record]) -> set[object]:
    """Return who offers a version, by the Origin of the Release files."""
    places = [place_of(uri, suite) for uri, suite in package.newer[version]]
    return {lists.get(where, {}).get("origin", "") for where in places}


def _first(sources: Sequence[tuple[str, str]]) -> tuple[str, str]:
    return sources[0] if sources else ("", "")


def _security_source(
    package: _Package, version: str, lists: dict[str, Record]
) -> tuple[str, str] | None:
    for uri, suite in package.newer[version]:
        known = lists.get(place_of(uri, suite))
        if known["security"] if known else suite.endswith("-security"):
            return uri, suite
    return None
