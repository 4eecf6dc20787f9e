"""One record of OSV (ossf.github.io/osv-schema), read strictly into what the index holds.

    {"id": "DSA-5679-1", "modified": "2024-05-01T00:00:00Z", "upstream": ["CVE-2024-0001"],
     "affected": [{"package": {"ecosystem": "Debian:12", "name": "less"},
                   "ranges": [{"type": "ECOSYSTEM",
                               "events": [{"introduced": "0"}, {"fixed": "590-2.1~deb12u2"}]}]}]}

What the schema does not say, and real records do: events are not sorted; a package stands in a
record several times; `versions` of distributions are stale copies of the ranges, while those of
languages may name more than the ranges do; ranges of type GIT are about commits. The CVEs behind a
distribution's record are in `upstream`, in older records in `related`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hipscan.feeds import cvss, ecosystems
from hipscan.feeds.osv_ranges import Interval, bounded, intervals, listed
from hipscan.feeds.times import moment
from hipscan.versions import Scheme

_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,29}-[A-Za-z0-9._:+-]{1,80}")
_CVE: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,12}")
_CONVERTED: Final = re.compile(r"(?:DEBIAN|UBUNTU|ALPINE)-(CVE-[0-9]{4}-[0-9]{4,12})")
_RATING: Final = re.compile(r"(Critical|Important|Moderate|Low)\s*:")
_STREAM: Final = re.compile(r"(?<![\w.+-])([a-z0-9][\w.+-]*):([\w.+-]*\w)(?=[\s,/]|$)")
_MODULE: Final = ".module"
_LIVE_PATCH: Final = "LSN-"
# Errata for bugs and features.
_NO_SECURITY: Final = (
    *("ALBA-", "ALEA-", "RHBA-", "RHEA-", "RLBA-", "RLEA-"),
    *("SUSE-RU-", "SUSE-FU-", "SUSE-OU-", "openSUSE-RU-"),
)
_MALWARE: Final = "MAL-"
_SUBSCRIPTIONS: Final = {
    ":Pro:": "Ubuntu Pro",
    "LTSS": "SUSE LTSS",
    "-ESPOS": "SUSE ESPOS",
    ":rhel_els:": "Red Hat ELS",
}
_LONGEST: Final = 200
_KNOWN: Final = "last_known_affected_version_range"
_LISTS: Final = ("aliases", "upstream", "related")


class NotOsvError(ValueError):
    """A document that is no record of OSV."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A package of an ecosystem, and one interval of its versions.

    `newest` is the key of the newest version that is listed of a distribution's package without a
    fix, "" elsewhere.
    """

    ecosystem: str
    name: str
    interval: Interval
    urgency: str = ""
    needs: str = ""
    modular: bool = False
    newest: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the index has it. `aliases` are the same problem, `upstream` is what it is from.

    `cves` are all CVEs that it names, `sole` the one that its own id is about.
    """

    id: str
    modified: str
    published: str
    withdrawn: bool
    cves: tuple[str, ...]
    sole: str
    aliases: tuple[str, ...]
    upstream: tuple[str, ...]
    vector: str
    score: float | None
    rating: str
    streams: str
    affected: tuple[Affected, ...]


def read(data: object) -> Record | None:
    """Return the record in `data`, None for one that is about no package; raise NotOsvError."""
    if not isinstance(data, dict):
        raise NotOsvError("a record is not an object")
    identity, modified = data.get("id"), data.get("modified")
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        raise NotOsvError("a record has no id")
    if not isinstance(modified, str):
        raise NotOsvError(f"{identity} does not say when it was modified")
    if identity.startswith(_LIVE_PATCH):
        return None
    aliases, upstream, related = (_texts(data, name) for name in _LISTS)
    entries = _objects(data, "affected")
    is_distribution = any(ecosystems.is_distribution(_ecosystem(entry)) for entry in entries)
    sole = cve_of(identity)
    named = (*aliases, *upstream, *(related if is_distribution else ()))
    cves = (sole,) if sole else tuple(sorted({cve for name in named if (cve := cve_of(name))}))
    if identity.startswith(_NO_SECURITY) and not cves:
        return None
    summary = str(data.get("summary") or "")
    severities = _objects(data, "severity")
    vector, score = _severity(severities)
    word = _word(severities)
    return Record(
        id=identity,
        modified=_moment(identity, modified),
        published=_moment(identity, data.get("published") or modified),
        withdrawn=bool(data.get("withdrawn")),
        cves=cves,
        sole=sole,
        aliases=aliases,
        upstream=upstream,
        vector=vector,
        score=score,
        rating=_rating(identity, summary) or _reviewed(data, score),
        streams=" ".join(":".join(pair) for pair in _STREAM.findall(summary)),
        affected=tuple(
            _lowest_builds([item for entry in entries for item in _affected(entry, word)])
        ),
    )


def cve_of(identity: str) -> str:
    """Return the CVE that an id is about by itself: of CVE-..., DEBIAN-CVE-...; else ""."""
    match = _CONVERTED.fullmatch(identity)
    if match:
        return match[1]
    return identity if _CVE.fullmatch(identity) else ""


def _moment(identity: str, said: object) -> str:
    try:
        return moment(str(said))
    except (ValueError, OverflowError):
        raise NotOsvError(f"{identity}: {str(said)[:40]!r} is no time") from None


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = data.get(name) or []
    if not isinstance(found, list):
        raise NotOsvError(f"{name} is not a list")
    return tuple(item for item in found if isinstance(item, str) and len(item) <= _LONGEST)


def _objects(data: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    found = data.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise NotOsvError(f"{name} is not a list of objects")
    return found


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name) or {}
    if not isinstance(found, dict):
        raise NotOsvError(f"{name} is not an object")
    return found


def _ecosystem(entry: Mapping[str, Any]) -> str:
    return str(_object(entry, "package").get("ecosystem") or "")


def _severity(entries: Sequence[Mapping[str, Any]]) -> tuple[str, float | None]:
    """Return the vector of the newest version of CVSS that can be scored, and its score."""
    vectors = sorted(entries, key=lambda entry: str(entry.get("type")), reverse=True)
    for entry in vectors:
        if str(entry.get("type")).startswith("CVSS_"):
            try:
                return str(entry.get("score")), cvss.score(str(entry.get("score")))
            except ValueError:
                continue
    return "", None


def _reviewed(data: Mapping[str, Any], score: float | None) -> str:
    """Return GitHub's grade of a record that has no vector: "severity": "MODERATE"."""
    said = _object(data, "database_specific").get("severity")
    return said.lower() if score is None and isinstance(said, str) else ""


def _rating(identity: str, summary: str) -> str:
    """Return the vendor's own grade: the head of an erratum's summary, or what malware is."""
    if identity.startswith(_MALWARE):
        return "critical"
    match = _RATING.match(summary)
    return match[1].lower() if match else ""


def _affected(entry: Mapping[str, Any], word: str) -> Iterator[Affected]:
    """Yield what an entry says is affected; `word` is the priority of the record as a whole."""
    package, specific = _object(entry, "package"), _object(entry, "ecosystem_specific")
    ecosystem, name = str(package.get("ecosystem") or ""), package.get("name")
    scheme = ecosystems.SCHEMES.get(ecosystems.base(ecosystem))
    if scheme is None or not isinstance(name, str) or not name:
        return
    if "module_name_regex" in specific:  # a live patch, not a package
        return
    looked_up = ecosystems.normalised(ecosystem, name)
    urgency = _urgency(entry, specific) or word
    needs = _needs(ecosystem, str(specific.get("availability") or ""))
    for interval in _intervals(
        entry, scheme, is_distribution=ecosystems.is_distribution(ecosystem)
    ):
        modular = _MODULE in interval.fixed
        has_no_fix = not interval.fixed and ecosystems.is_distribution(ecosystem)
        newest = _newest(entry, scheme) if has_no_fix else ""
        yield Affected(ecosystem, looked_up, interval, urgency, needs, modular, newest)


def _newest(entry: Mapping[str, Any], scheme: Scheme) -> str:
    ends = listed(scheme, _texts(entry, "versions"))
    return max((interval.introduced for interval in ends), default="")


def _intervals(
    entry: Mapping[str, Any], scheme: Scheme, *, is_distribution: bool
) -> Iterator[Interval]:
    """Yield what is affected by ranges, and the versions that are listed beside them."""
    ranges = [item for item in _objects(entry, "ranges") if item.get("type") != "GIT"]
    found = [one for item in ranges for one in intervals(scheme, _objects(item, "events"))]
    said = "" if is_distribution else str(_object(entry, "database_specific").get(_KNOWN) or "")
    singles = () if ranges and is_distribution else tuple(listed(scheme, _texts(entry, "versions")))
    # A range that does not compare (2004d of PyPI) is spelt out in the list, where there is one.
    found = [one for one in found if not (one.broken and singles)]
    yield from (bounded(scheme, one, said) for one in found)
    yield from (one for one in singles if not any(other.holds(one.introduced) for other in found))


def _urgency(entry: Mapping[str, Any], specific: Mapping[str, Any]) -> str:
    """Return the distribution's own word: Debian's urgency, Ubuntu's priority."""
    said = specific.get("urgency") or specific.get("ubuntu_priority") or ""
    return _word(_objects(entry, "severity")) or (
        "" if said == "not yet assigned" else str(said).lower()
    )


def _word(severities: Sequence[Mapping[str, Any]]) -> str:
    """Return Ubuntu's priority, which stands beside the vectors of CVSS."""
    return next(
        (
            str(item.get("score") or "").lower()
            for item in severities
            if item.get("type") == "Ubuntu"
        ),
        "",
    )


def _needs(ecosystem: str, availability: str) -> str:
    """Return the subscription that a fix comes with, "" where everybody gets it."""
    if "Ubuntu Pro" in availability:
        return "Ubuntu Pro"
    return next((name for mark, name in _SUBSCRIPTIONS.items() if mark in ecosystem), "")


def _lowest_builds(items: Sequence[Affected]) -> Iterator[Affected]:
    """Yield what is affected; of builds of one version for several module platforms the first.

    AlmaLinux lists 1.18.0-8.module_el8.3.0+2048 and the same 1.18.0-8 rebuilt for 8.6 as fixes of
    one erratum. The older build has the fix already.
    """
    lowest: dict[tuple[str, str, str], Affected] = {}
    for item in items:
        if not item.modular:
            yield item
            continue
        key = (item.ecosystem, item.name, item.interval.fixed.partition(_MODULE)[0])
        other = lowest.get(key)
        if other is None or (item.interval.fixed_key or "") < (other.interval.fixed_key or ""):
            lowest[key] = item
    yield from lowest.values()
