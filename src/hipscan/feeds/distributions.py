"""Which ecosystem of OSV a distribution is, and how its packages are called there.

Debian      source names            versions of dpkg
Ubuntu      source names            Ubuntu:24.04:LTS and Ubuntu:Pro:24.04:LTS
AlmaLinux   binary names
Rocky       source names            with the binary's epoch, which a source rpm has not
Red Hat     binary and source names ecosystems by CPE
SUSE        source names            without epochs
Alpine      source names (origin)
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from hipscan.model.fact import Record
from hipscan.versions import Scheme


@dataclass(frozen=True, slots=True)
class Distribution:
    """How one distribution's packages are looked up.

    `feed` is the feed that has it, `label` its ecosystem in words, `ecosystems` a pattern of the
    names of its ecosystems. `vendor` is a pattern of what its packages say of who built them.
    """

    feed: str
    label: str
    ecosystems: str
    scheme: Scheme
    vendor: str
    binary_names: bool = False
    source_names: bool = True
    epochs: bool = True


def of(platform: Record) -> Distribution | None:
    """Return the distribution of the fact `platform`, None for one that no feed knows."""
    system, version = str(platform.get("id")), str(platform.get("version") or "")
    maker = _MAKERS.get(system)
    return maker(version, str(platform.get("name") or "")) if maker and version else None


def of_package(package: Record, distribution: Distribution) -> Distribution:
    """Return what a package is looked up in: the release, or what it is a part of beside it.

    Backports are built from the next release, as 6.12.9-1~bpo12+1 from 6.12.9-1. Ubuntu's builds
    for FIPS (3.0.2-0ubuntu1.10+Fips1, linux-fips) and its real-time kernel are other products.
    """
    release = distribution.label.partition(":")[2]
    version, source = str(package.get("version")), str(package.get("source"))
    backport = _BACKPORT.search(version) if distribution.feed == "osv:Debian" else None
    # What was a backport of an older release was built from this one.
    if backport and release.isdecimal() and int(backport[1]) >= int(release):
        built_from = f"Debian:{int(backport[1]) + 1}"
        label = f"{built_from} (backports)"
        return replace(distribution, label=label, ecosystems=re.escape(built_from))
    if distribution.feed == "osv:Ubuntu":
        name = re.escape(release)
        for found, product, pattern in _UBUNTU_PRODUCTS:
            if found.search(f"{source} {version}"):
                return replace(
                    distribution,
                    label=f"Ubuntu:Pro:{product}:{release}",
                    ecosystems=pattern.replace("RELEASE", name),
                )
    return distribution


def prolonged(platform: Record, lists: Iterable[Record]) -> str:
    """Return a pattern of the ecosystems of Red Hat's longer support of one minor release.

    Which of them a host gets tell the repositories that it has: rhel-9-for-x86_64-baseos-eus-rpms.
    """
    if platform.get("id") != "rhel":
        return ""
    suites = [str(entry.get("suite")) for entry in lists if entry.get("manager") == "dnf"]
    kinds = sorted({found[1] for suite in suites if (found := _PROLONGED.search(suite))})
    release = re.escape(str(platform.get("version")))
    return rf"Red Hat:rhel_(?:{'|'.join(kinds)}):{release}(?:::.*)?" if kinds else ""


def compared(package_version: str) -> str:
    """Return the version that a backport was built from, "" of what is none."""
    found = _BACKPORT.search(package_version)
    return package_version[: found.start()] if found else ""


def _major(version: str) -> str:
    return version.partition(".")[0]


def _debian(version: str, _name: str) -> Distribution:
    return _distribution("Debian", _major(version), Scheme.DPKG, "debian")


def _ubuntu(version: str, _name: str) -> Distribution:
    pattern = rf"Ubuntu:(?:Pro:)?{re.escape(version)}(?::LTS)?"
    return Distribution("osv:Ubuntu", f"Ubuntu:{version}", pattern, Scheme.DPKG, "ubuntu|canonical")


def _almalinux(version: str, _name: str) -> Distribution:
    found = _distribution("AlmaLinux", _major(version), Scheme.RPM, "almalinux")
    return replace(found, binary_names=True, source_names=False)


def _rocky(version: str, _name: str) -> Distribution:
    return _distribution("Rocky Linux", _major(version), Scheme.RPM, "rocky")


def _rhel(version: str, _name: str) -> Distribution:
    found = _distribution("Red Hat", _major(version), Scheme.RPM, "red hat")
    release = re.escape(_major(version))
    pattern = rf"Red Hat:(?:enterprise_linux|rhel_els):{release}(?:\.[0-9]+)?(?:::.*)?"
    return replace(found, ecosystems=pattern, binary_names=True)


def _alpine(version: str, _name: str) -> Distribution:
    release = "v" + ".".join(version.split(".")[:2])
    return _distribution("Alpine", release, Scheme.APK, "alpine")


# Who builds for others on openSUSE's build service is obs://build.opensuse.org/NAME.
_BUILT_BY_SUSE: Final = r"suse(?![.]org)"


def _leap(version: str, _name: str) -> Distribution:
    found = _distribution("openSUSE", f"Leap {version}", Scheme.RPM, _BUILT_BY_SUSE)
    return replace(found, epochs=False)


def _tumbleweed(_version: str, _name: str) -> Distribution:
    return replace(
        _distribution("openSUSE", "Tumbleweed", Scheme.RPM, _BUILT_BY_SUSE), epochs=False
    )


def _suse(version: str, name: str) -> Distribution:
    """Return SUSE's: the product by its PRETTY_NAME, and the modules of the same release.

    What is fixed in long-term support alone is filed under "... 15 SP4-LTSS". The modules of 12 are
    those of all its service packs.
    """
    found = _distribution("SUSE", name.removeprefix("SUSE "), Scheme.RPM, _BUILT_BY_SUSE)
    release = re.escape(version.replace(".", " SP"))
    if _major(version) == "12":
        release = f"(?:{release}|12)"
    pattern = rf"{found.ecosystems}(?:-[A-Z]+)?|SUSE:{_SUSE_PARTS} {release}"
    return replace(found, ecosystems=pattern, epochs=False)


def _distribution(base: str, release: str, scheme: Scheme, vendor: str) -> Distribution:
    label = f"{base}:{release}"
    return Distribution(f"osv:{base}", label, re.escape(label), scheme, vendor)


# Modules and extensions, which a product's packages are filed under as well; the packages that none
# of them brought are not installed. "15 SP5-LTSS" is also called "... LTSS Extended Security".
_SUSE_PARTS: Final = (
    "(?:Package Hub|Linux Enterprise (?:Module for .*|High Availability Extension"
    "|Workstation Extension|Server LTSS.*|Real Time))"
)

_MAKERS: Final[Mapping[str, Callable[[str, str], Distribution]]] = {
    "debian": _debian,
    "ubuntu": _ubuntu,
    "almalinux": _almalinux,
    "rocky": _rocky,
    "rhel": _rhel,
    "sles": _suse,
    "sled": _suse,
    "sles_sap": _suse,
    "sle_hpc": _suse,
    "sle-micro": _suse,
    "sl-micro": _suse,
    "opensuse-leap": _leap,
    "opensuse-tumbleweed": _tumbleweed,
    "alpine": _alpine,
}

_PROLONGED: Final = re.compile(r"^rhel-.*-(eus|e4s|aus|tus)-")
_BACKPORT: Final = re.compile(r"~bpo([0-9]{1,4})\+[0-9].*$")
# What Ubuntu's products are told by, in "source version", and their ecosystems.
_UBUNTU_PRODUCTS: Final = (
    (
        re.compile(r"-fips(?:-|\b)|\+fips", re.IGNORECASE),
        "FIPS",
        r"Ubuntu:Pro:FIPS(?:-updates|-preview)?:RELEASE(?::LTS)?",
    ),
    (
        re.compile(r"^linux-(?:[a-z]+-)*realtime\b"),
        "Realtime",
        r"Ubuntu:(?:Pro:Realtime:RELEASE(?::LTS)?|Pro:RELEASE:LTS:Realtime:Kernel)",
    ),
)

# What other vendors put into the versions of packages that are named as the distribution's are:
# nginx.org 1.26.2-1~bookworm, Docker 5:26.1.4-1~debian.12~bookworm, Redis 6:7.2.4-1rl1~jammy1,
# MariaDB 1:10.11.6+maria~deb12, Sury 8.1.2-1+ubuntu22.04.1+deb.sury.org+1, Raspberry Pi OS
# 1:6.6.31-1+rpt1, Proxmox 2.2.4-pve1. None of the 63,666 versions of Debian 12's package lists
# looks so.
_CODENAMES: Final = (
    "xenial|bionic|focal|jammy|noble|resolute|stretch|buster|bullseye|bookworm|trixie|forky"
)
_OTHERS: Final = re.compile(
    r"pgdg|sury|nodesource|percona|ppa[0-9]|\bppa|zabbix|mariadb\.org|~docker|\+maria~"
    rf"|[~+](?:{_CODENAMES})[0-9]*$|~(?:debian|ubuntu)\.|-[^-]*\+debian[0-9]"
    r"|\+ubuntu[0-9]{2}\.[0-9]{2}|-[0-9]+rl[0-9]|[-+~](?:rpt|pve)[0-9]",
    re.IGNORECASE,
)


def has_foreign_mark(version: str) -> bool:
    """Say whether a version has a mark that no distribution sets."""
    return _OTHERS.search(version) is not None


def is_foreign(package: Record, distribution: Distribution) -> bool:
    """Say whether somebody else than the distribution built the package.

    Packages of rpm always say who built them; those of dpkg only where it was not Debian.
    """
    vendor = str(package.get("vendor") or "")
    if vendor:
        return not re.search(distribution.vendor, vendor, re.IGNORECASE)
    if package.get("manager") == "rpm":
        return True
    return has_foreign_mark(str(package.get("version")))


def module_of(package: Record) -> tuple[str, bool]:
    """Return (name:stream, whether it was built for a module) of a package of rpm.

    nodejs:18:8060020230306170042:ad008a3a        MODULARITYLABEL
    """
    label = str(package.get("module") or "")
    name = ":".join(label.split(":")[:2])
    return name, bool(label) or ".module" in str(package.get("version"))
