"""What a product of a statement is on a target: an installed package, or the target itself.

    pkg:deb/debian/openssl                       the source package, in all versions
    pkg:deb/debian/openssl?arch=source           the same, whatever binary packages are called
    pkg:deb/debian/libssl3@3.0.11-1?arch=amd64   a binary package, in exactly that version
    pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?epoch=1&distro=rhel-9.3
    pkg:pypi/django@4.2.1                        a package of a language
    web1, pkg:generic/web1                       a target of that name or address

A version, an architecture, an epoch or a distribution that is given has to be the target's; what is
not given does not matter. A part of a package (`#subpath`) is not the package.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from hipscan.evidence.installed import KINDS, LANGUAGES, Package, System, epoch_of
from hipscan.evidence.purl import Purl, is_purl, parse
from hipscan.model.vex import Product, Statement

_SYSTEMS: Final = frozenset(KINDS.values())
_KNOWN: Final = _SYSTEMS | frozenset(LANGUAGES.values())
_CASELESS: Final = frozenset({"deb", "apk", "pypi", "npm"})
_NO_TARGET: Final = "no target of this run"
_NO_KIND: Final = "no package of a kind that is looked at"
_SOURCE: Final = frozenset({"source", "src"})
_ARCHITECTURES: Final[Mapping[str, str]] = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "all": "noarch",
    "any": "noarch",
}


def names_of(name: str, host: str) -> frozenset[str]:
    """Return what a target may be called in a statement: its name, or the host behind it."""
    return frozenset(text.casefold() for text in (name, host) if text)


def is_about(product: Product, package: Package, system: System, hosts: Collection[str]) -> bool:
    """Say whether `product` is `package`, or the target, of the names `hosts`, that has it."""
    for name in filter(None, (product.id, product.also)):
        if not (_is_host(name, hosts) or _is_package(name, package, system)):
            return False
    return not product.parts or any(_is_package(part, package, system) for part in product.parts)


def strangers(statements: Iterable[Statement], hosts: Collection[str]) -> dict[str, str]:
    """Return the products that can be nothing on the targets called `hosts`, with the reason."""
    found: dict[str, str] = {}
    for statement in statements:
        for product in statement.products:
            names = [name for name in (product.id, product.also) if name]
            own = [name for name in names if not _is_host(name, hosts)]
            found |= {name: why for name in own if (why := _strange(name, _NO_TARGET))}
            found |= {part: why for part in product.parts if (why := _strange(part, _NO_KIND))}
    return found


def _strange(text: str, otherwise: str) -> str:
    if not is_purl(text):
        return f"no package URL, and {otherwise}"
    try:
        purl = parse(text)
    except ValueError as error:
        return str(error)
    if purl.subpath:
        return "a part of a package"
    if purl.type == "generic":
        return otherwise
    return "" if purl.type in _KNOWN else f"packages of type {purl.type} are not looked at"


def _is_host(text: str, hosts: Collection[str]) -> bool:
    if text.casefold() in hosts:
        return True
    purl = _parsed(text)
    if purl is None or purl.type != "generic" or purl.namespace or purl.version:
        return False
    return not purl.qualifiers and not purl.subpath and purl.name.casefold() in hosts


def _is_package(text: str, package: Package, system: System) -> bool:
    purl = _parsed(text)
    if purl is None or purl.type != package.kind or purl.subpath:
        return False
    if package.kind in _SYSTEMS:
        return _is_systems(purl, system) and _is_version(purl, _candidates(purl, package))
    is_named = _name(purl.namespace, purl.type) == _name(package.namespace, purl.type)
    is_named = is_named and _name(purl.name, purl.type) == _name(package.name, purl.type)
    return is_named and purl.version in {"", package.version}


def _parsed(text: str) -> Purl | None:
    try:
        return parse(text) if is_purl(text) else None
    except ValueError:
        return None


def _candidates(purl: Purl, package: Package) -> list[str]:
    """Return the versions of what `purl` may name of `package`: itself, its sources."""
    name, arch = _name(purl.name, purl.type), purl.qualifiers.get("arch", "").casefold()
    found = []
    if name == _name(package.name, purl.type) and arch not in _SOURCE:
        found += [package.version] if not arch or _arch(arch) == _arch(package.arch) else []
    if not arch or arch in _SOURCE:
        found += [v for source, v in package.sources if _name(source, purl.type) == name]
    return found


def _name(name: str, kind: str) -> str:
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name)
    return name.casefold() if kind in _CASELESS else name


def _arch(arch: str) -> str:
    return _ARCHITECTURES.get(arch, arch)


def _is_systems(purl: Purl, system: System) -> bool:
    if purl.namespace and purl.namespace.casefold() not in system.names:
        return False
    said = purl.qualifiers.get("distro", "").casefold()
    return not said or _is_release(said, system)


def _is_release(said: str, system: System) -> bool:
    """Say whether debian-12, debian-12.5, bookworm or 12 is the target's release."""
    if said in system.names:
        return True
    named = [name for name in system.names if said.startswith(f"{name}-")]
    release = said.removeprefix(f"{max(named, key=len)}-") if named else said
    if release == system.codename.casefold() != "":
        return True
    parts, own = release.split("."), system.version.split(".")
    shorter = min(len(parts), len(own))
    return bool(system.version) and parts[:shorter] == own[:shorter]


def _is_version(purl: Purl, candidates: Iterable[str]) -> bool:
    if not purl.version:
        return bool(list(candidates))
    epoch, bare = epoch_of(purl.version)
    said = purl.qualifiers.get("epoch") or epoch
    if not said and purl.type == "deb":  # of rpm it may be left out
        said = "0"
    for version in candidates:
        own_epoch, own = epoch_of(version)
        if own == bare and (not said or said.lstrip("0") == own_epoch.lstrip("0")):
            return True
    return False
