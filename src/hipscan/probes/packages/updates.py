"""Updates that wait, as the target's own package manager knows them, and how fresh that is.

What apt says here is what its lists say: without lists nothing is known, and that is told
instead of an empty answer. `apt_updates` and `dnf_updates` read the two answers.
"""

from collections.abc import Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, missing, ok
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Note,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.packages.apt_updates import APT_SCRIPT, read_apt
from hipscan.probes.packages.dnf_updates import DNF_SCRIPT, read_dnf

SCRIPT: Final = f"""{APT_SCRIPT}{DNF_SCRIPT}
[ -n "$found" ] || note unsupported "neither apt nor dnf"
"""

UPDATE_FIELDS: Final = {
    "manager": Field(FieldType.TEXT, "apt or dnf"),
    "package": Field(FieldType.TEXT, "the installed binary package"),
    "installed": Field(FieldType.TEXT, "the version on the target"),
    "candidate": Field(FieldType.TEXT, "the newer version that is offered"),
    "security": Field(FieldType.BOOLEAN, "whether a security repository or advisory offers it"),
    "kept_back": Field(
        FieldType.TEXT,
        "no; hold: the package is on hold; pin: preferences keep it from apt; exclude: dnf.conf"
        " leaves it out",
    ),
    "origin": Field(FieldType.TEXT, "who offers it: Origin of the Release file (apt)"),
    "suite": Field(FieldType.TEXT, "the suite or repository that offers it"),
    "advisory": Field(FieldType.TEXT, "the advisory's id, where the repository has advisories"),
    "severity": Field(FieldType.TEXT, "the advisory's grade in lower case: critical, high, ..."),
    "cves": Field(FieldType.LIST, "the CVE ids that it mends, where the repository says so"),
}

LIST_FIELDS: Final = {
    "manager": Field(FieldType.TEXT, "apt or dnf"),
    "uri": Field(FieldType.TEXT, "where the list comes from, without scheme and credentials (apt)"),
    "suite": Field(FieldType.TEXT, "the suite or repository, as it is configured"),
    "origin": Field(FieldType.TEXT, "Origin of the Release file"),
    "label": Field(FieldType.TEXT, "Label of the Release file, for example Debian-Security"),
    "security": Field(FieldType.BOOLEAN, "whether it is a repository of security updates"),
    "updated": Field(FieldType.TIME, "when the target last fetched it; left out: never"),
    "dated": Field(FieldType.TIME, "when the repository was published"),
    "valid_until": Field(FieldType.TIME, "when it goes stale, where the repository says so"),
}

UNSERVED_FIELDS: Final = {
    "manager": Field(FieldType.TEXT, "apt or dnf"),
    "package": Field(FieldType.TEXT, "an installed package that no configured repository offers"),
    "installed": Field(FieldType.TEXT, "the version on the target"),
}

FOREIGN_FIELDS: Final = {
    "manager": Field(FieldType.TEXT, "apt; packages of rpm say themselves who built them"),
    "package": Field(FieldType.TEXT, "the installed binary package"),
    "origin": Field(FieldType.TEXT, "who offers it: Origin of the Release file, else the address"),
}


def parse(text: str, _status: int) -> Facts:
    """Parse what apt or dnf says (`read_apt` and `read_dnf` show it) and the notes between."""
    seen = listing(text)
    dnf_speaks = "dnf" in seen.plain[:1]
    apt = read_apt(() if dnf_speaks else seen.plain)
    dnf = read_dnf(seen.plain if dnf_speaks else ())
    notes = list(seen.of_kind("unsupported", "denied", "error"))
    wrong = apt.wrong or dnf.wrong
    if not (apt.found or dnf.found or notes):
        raise ValueError("no package manager answered")
    complaints = [*notes, Note("error", wrong)] if wrong and not notes else notes
    facts = {
        "pending_update": judge_notes(complaints, apt.updates + dnf.updates),
        "package_lists": judge_notes(notes, apt.lists + dnf.lists),
        "unserved_package": judge_notes(complaints, apt.unserved + dnf.unserved),
        "foreign_package": judge_notes(complaints, apt.foreign),
    }
    return facts | _without_lists(seen.of_kind("denied")) if apt.found and not apt.lists else facts


_BY_LISTS: Final = ("pending_update", "unserved_package", "foreign_package")


def _without_lists(denied: Sequence[Note]) -> dict[str, Fact]:
    """Return what is left to say when apt has no lists: that nothing is known."""
    if denied:
        unknown = missing(FactStatus.DENIED, f"denied: {denied[0].text}")
        return dict.fromkeys((*_BY_LISTS, "package_lists"), unknown)
    why = "apt has no package lists to compare with: apt-get update never ran"
    unknown = missing(FactStatus.PARTIAL, why)
    never = ok({"manager": "apt", "suite": "none", "security": False})
    return dict.fromkeys(_BY_LISTS, unknown) | {"package_lists": never}


PROBE: Final = Probe(
    name="updates",
    facts=(
        FactSpec(
            "pending_update",
            "One update that waits to be installed.",
            ("package",),
            UPDATE_FIELDS,
        ),
        FactSpec(
            "package_lists",
            "One list of packages that updates are looked up in.",
            ("manager", "uri", "suite"),
            LIST_FIELDS,
        ),
        FactSpec(
            "unserved_package",
            "One installed package for which no update can ever arrive.",
            ("package",),
            UNSERVED_FIELDS,
        ),
        FactSpec(
            "foreign_package",
            "One installed package that only others than the distribution offer.",
            ("package",),
            FOREIGN_FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    seconds=60,
    commands=("apt-cache", "dpkg-query", "find", "dnf", "rpm", "unshare", "mount", "setpriv"),
)
