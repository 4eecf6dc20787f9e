"""Orders of versions, one file per package manager, and the table of them.

    versions.compare(Scheme.DPKG, "1.0~rc1", "1.0")     -1

An ordering is a key: text whose plain order is the package manager's (see `base`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hipscan.versions import apk, base, dpkg, maven, pep440, rpm, semver
from hipscan.versions.base import InvalidVersion, Key

__all__ = ["KEYS", "InvalidVersion", "Key", "Scheme", "compare", "key"]


class Scheme(StrEnum):
    """Whose order of versions is meant."""

    DPKG = "dpkg"
    RPM = "rpm"
    APK = "apk"
    PEP440 = "pep440"
    SEMVER = "semver"
    MAVEN = "maven"


KEYS: Final[Mapping[Scheme, Key]] = {
    Scheme.DPKG: dpkg.key,
    Scheme.RPM: rpm.key,
    Scheme.APK: apk.key,
    Scheme.PEP440: pep440.key,
    Scheme.SEMVER: semver.key,
    Scheme.MAVEN: maven.key,
}


def key(scheme: Scheme, version: str) -> str:
    """Return text whose plain order is the order of `scheme`; raise InvalidVersion."""
    return KEYS[scheme](version)


def compare(scheme: Scheme, a: str, b: str) -> int:
    """Return -1, 0 or 1: whether `a` is older than, equal to or newer than `b`."""
    return base.compare(KEYS[scheme], a, b)
