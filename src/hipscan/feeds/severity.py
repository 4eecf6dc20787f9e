"""How bad a vulnerability is, from all that is said of it.

The vendor's own grade comes first, since it knows how the package was built; then the
distribution's word where it means something by itself; then the CVSS score. A vulnerability that
is more likely than not to be exploited within 30 days (EPSS) is at least high, and one that
attackers are known to use (KEV) is critical.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
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


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a vulnerability in general: CVSS score, EPSS, whether it is exploited."""

    score: float | None = None
    epss: float | None = None
    is_exploited: bool = False


def grade(
    ecosystem: str, ratings: Iterable[str], urgencies: Iterable[str], said: Said
) -> Severity | None:
    """Return the severity, None where nobody graded it.

    What Debian calls unimportant, it does not regard as a vulnerability of the package: whoever
    exploits it, does so in other software.
    """
    words = frozenset(urgencies)
    if "unimportant" in words:
        return Severity.INFO
    if said.is_exploited:
        return Severity.CRITICAL
    graded = _graded(ecosystem, frozenset(ratings), words, said.score)
    is_likely = said.epss is not None and said.epss >= _LIKELY
    if is_likely and (graded is None or graded.rank < Severity.HIGH.rank):
        return Severity.HIGH
    return graded


@lru_cache(maxsize=4096)
def _graded(
    ecosystem: str, ratings: frozenset[str], words: frozenset[str], score: float | None
) -> Severity | None:
    """Return what people graded; Debian's urgency mostly says nothing, so a score comes first.

    A few hundred answers serve all advisories of a fleet.
    """
    rated = _worst(ratings)
    if rated is None and not ecosystem.startswith("Debian"):
        rated = _worst(words)
    if rated is None and score is not None:
        rated = cvss.severity(score)
    return rated or _worst(words)


def _worst(words: Iterable[str]) -> Severity | None:
    found = [_WORDS[word] for word in words if word in _WORDS]
    return max(found, key=lambda item: item.rank, default=None)
