"""The ecosystems of OSV that hipscan judges, and whose order of versions each of them has."""

import re
from collections.abc import Mapping
from typing import Final

from hipscan.versions import Scheme

SCHEMES: Final[Mapping[str, Scheme]] = {
    "Debian": Scheme.DPKG,
    "Ubuntu": Scheme.DPKG,
    "AlmaLinux": Scheme.RPM,
    "Rocky Linux": Scheme.RPM,
    "Red Hat": Scheme.RPM,
    "SUSE": Scheme.RPM,
    "openSUSE": Scheme.RPM,
    "Alpine": Scheme.APK,
    "PyPI": Scheme.PEP440,
    "npm": Scheme.SEMVER,
    "Maven": Scheme.MAVEN,
}

DISTRIBUTIONS: Final = frozenset(SCHEMES) - {"PyPI", "npm", "Maven"}

_RUNS: Final = re.compile(r"[-_.]+")


def base(ecosystem: str) -> str:
    """Return Debian of "Debian:12"."""
    return ecosystem.partition(":")[0]


def is_distribution(ecosystem: str) -> bool:
    """Say whether an ecosystem is a release of a distribution."""
    return base(ecosystem) in DISTRIBUTIONS


def normalised(ecosystem: str, name: str) -> str:
    """Return the name of a package as the index has it: PyPI's in the form of PEP 503.

    osv.dev has it so already; GitHub's own records are about `Products.CMFPlone`.
    """
    return _RUNS.sub("-", name).lower() if ecosystem == "PyPI" else name
