"""Several services read by one probe: what a probe costs its host is paid once for all of them.

A probe costs about six processes before its script does anything. A host has few of the services
that hipscan knows, so those of one area share a probe: for each the script asks with builtins
whether one of its files is there, and goes on to the next where none is. The answer of each stands
behind a line of its own, so that one that is garbled or hidden costs the others nothing.

    +redis there
    F/etc/redis/redis.conf
    :port 6379
    +memcached gone
    !absent /etc/memcached.conf
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hipscan.model.fact import Fact, FactStatus, absent, missing
from hipscan.probes.base import Facts, FactSpec, Listing, Probe, judge_notes, listing

REMOVED: Final = r"""
# removed PROGRAMS PACKAGES [SETTINGS]: whether a package is known, and the programs are not (or no
# longer) there: apt remove leaves settings, and some come with the client alone. rpm and apk are
# asked for packages named by SETTINGS only where one of these is there.
removed() {
  for program in $1; do
    if command -v "$program" >/dev/null; then return 1; fi
  done
  for package in $2; do
    if [ -e "/var/lib/dpkg/info/$package.list" ]; then return 0; fi
  done
  for path in ${3:-}; do
    [ -e "$path" ] || continue
    for package in $2; do
      if grep -qsx "P:$package" /lib/apk/db/installed /usr/lib/apk/db/installed; then return 0; fi
    done
    command -v rpm >/dev/null && command -v setpriv >/dev/null || return 1
    # shellcheck disable=SC2086 # a package a word
    case $(setpriv --reuid=65534 --regid=65534 --clear-groups rpm -q --qf 'has %{NAME}\n' $2) in
      *'has '*) return 0 ;;
    esac
    return 1
  done
  return 1
}
"""

_HEAD: Final = r"""
# member NAME PATH...: whether one of the paths is there.
member() {
  called=$1; shift
  for path in "$@"; do
    if [ -e "$path" ]; then printf '+%s there\n' "$called"; return 0; fi
  done
  printf '+%s gone\n' "$called"
  for path in "$@"; do note_missing "$path"; done
  return 1
}
"""


@dataclass(frozen=True, slots=True)
class Member:
    """One service of a probe.

    `paths`: where none is there, the service is `absent`. `script` prints what `parse` reads; with
    a file of it hidden, the facts of `whole` keep only what tells their records apart, since that
    file might decide everything else. With `packages` known and none of `programs` there, only
    settings are left: it is `absent` too.
    """

    name: str
    title: str  # what there is none of where no path is there
    paths: tuple[str, ...]
    facts: tuple[FactSpec, ...]
    script: str
    parse: Callable[[Listing], Facts]
    whole: frozenset[str] = frozenset()
    programs: str = ""  # the server itself by its names
    packages: str = ""  # those that bring its settings
    settings: str = ""  # those that come with other packages of rpm and apk than the server


def bundle(
    name: str, members: tuple[Member, ...], *, shell: str = "", commands: tuple[str, ...] = ()
) -> Probe:
    """Return one probe for `members`; `shell` are functions that their scripts share."""
    parts = [_part(each) for each in members]

    def parse(text: str, _status: int) -> Facts:
        return _parse(members, text)

    return Probe(
        name=name,
        facts=tuple(spec for each in members for spec in each.facts),
        script=REMOVED + _HEAD + shell + "".join(parts),
        parse=parse,
        commands=commands,
    )


def _part(each: Member) -> str:
    asked = f"if member {each.name} {' '.join(each.paths)}; then\n(\n{each.script.strip()}\n)\nfi\n"
    if not each.packages:
        return asked
    which = f"'{each.programs}' '{each.packages}' '{each.settings}'"
    gone = f"if removed {which}; then printf '+{each.name} gone\\n'\n"
    return f"{gone}el{asked}"


def _parse(members: tuple[Member, ...], text: str) -> Facts:
    parts = _parts(text)
    if not parts.keys() & {each.name for each in members}:
        raise ValueError("nothing about any service")
    return {name: fact for each in members for name, fact in _facts(each, parts).items()}


def _parts(text: str) -> dict[str, tuple[str, Listing]]:
    """Return what was said about each service: `there` or `gone`, and the listing."""
    found: dict[str, tuple[str, Listing]] = {}
    for part in f"\n{text}".split("\n+")[1:]:
        head, _, rest = part.partition("\n")
        name, _, state = head.partition(" ")
        found[name] = state, listing(rest)
    return found


def _facts(each: Member, parts: dict[str, tuple[str, Listing]]) -> Facts:
    names = [spec.name for spec in each.facts]
    match parts.get(each.name):
        case "gone", read:
            hidden = read.of_kind("denied")
            reason = f"denied: {hidden[0].text}" if hidden else ""
            fact = missing(FactStatus.DENIED, reason) if hidden else absent(f"no {each.title}")
            return dict.fromkeys(names, fact)
        case "there", read:
            return _read(each, read)
        case _:
            lost = missing(FactStatus.GARBLED, f"no answer about {each.title}")
            return dict.fromkeys(names, lost)


def _read(each: Member, read: Listing) -> Facts:
    specs = {spec.name: spec for spec in each.facts}
    try:
        found = each.parse(read)
    except (ValueError, LookupError) as error:
        lost = missing(FactStatus.GARBLED, f"{each.title} cannot be parsed: {error}")
        return dict.fromkeys(specs, lost)
    if all(note.kind == "absent" for note in read.notes):
        return found
    return {name: _unsure(specs[name], fact, each, read) for name, fact in found.items()}


def _unsure(spec: FactSpec, fact: Fact, each: Member, read: Listing) -> Fact:
    """Return the fact with all unknown that a hidden file might decide."""
    if fact.status is not FactStatus.OK:
        return fact
    if spec.name not in each.whole:
        return judge_notes(read.notes, fact.records)
    keep = {*spec.subject, "file"}
    records = [
        {key: record.get(key) if key in keep else None for key in spec.fields}
        for record in fact.records
    ]
    return judge_notes(read.notes, records)
