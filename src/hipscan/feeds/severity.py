"""How bad a vulnerability is, from all that is said of it.

The vendor's own grade comes first, since it knows how the package was built; then the
distribution's word where it means something by itself; then the CVSS score. A vulnerability that
is more likely than not to be exploited within 30 days (EPSS) is at least high.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from hipscan.feeds import cvss
from hipscan.model.finding import Severity

# Red Hat's and AlmaLinux's grades, Ubuntu's priorities, Debian's urgencies.
_WORDS: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "important": Severity.HIGH,
    "high": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "negligible": Severity.INFO,
    "unimportant": Severity.INFO,
}
_LIKELY: Final = 0.5


def grade(
    ecosystem: str,
    ratings: Iterable[str],
    urgencies: Iterable[str],
    score: float | None,
    epss: float | None,
) -> Severity | None:
    """Return the severity, None where nobody graded it.

    Debian's urgency says of most vulnerabilities nothing, so a score counts for more there; but
    what it calls unimportant, it does not regard as a vulnerability of the package.
    """
    words = set(urgencies)
    if "unimportant" in words:
        return Severity.INFO
    said = _worst(ratings)
    is_debian = ecosystem.startswith("Debian")
    if said is None and not is_debian:
        said = _worst(words)
    if said is None and score is not None:
        said = cvss.severity(score)
    if said is None:
        said = _worst(words)
    is_likely = epss is not None and epss >= _LIKELY
    if is_likely and (said is None or said.rank < Severity.HIGH.rank):
        return Severity.HIGH
    return said


def _worst(words: Iterable[str]) -> Severity | None:
    found = [_WORDS[word] for word in words if word in _WORDS]
    return max(found, key=lambda item: item.rank, default=None)
