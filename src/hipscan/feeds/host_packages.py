"""The packages of a host's package manager as stock: names, epochs, kernels, modules, vendors.

Most hosts have one stock, that of their release. Packages of another product of the distribution,
such as backports, are stocks of their own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from hipscan.feeds import distributions, running_kernel
from hipscan.feeds.distributions import Distribution
from hipscan.feeds.stock import Item, Stock
from hipscan.model.fact import Record
from hipscan.versions import Scheme


def stocks(
    platform: Record,
    packages: Sequence[Record],
    kernel: Record | None = None,
    offered: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Stock, ...]:
    """Return the stocks of the facts `platform` and `package`; none where no feed knows the system.

    `kernel` is the record of the fact `kernel`, None where there is none (a container); `offered`
    has who offers the packages that only others than the distribution offer.
    """
    distribution = distributions.of(platform)
    if distribution is None:
        return ()
    there = [package for package in packages if package.get("installed")]
    foreign = {
        str(package["name"]): _foreign(package, offered)
        for package in there
        if package["name"] in offered or distributions.is_foreign(package, distribution)
    }
    own = [package for package in there if package["name"] not in foreign]
    kernels = [package for package in own if running_kernel.belongs(package)]
    others = [package for package in own if not running_kernel.belongs(package)]
    places = {distribution.label: distribution}
    items: defaultdict[str, list[Item]] = defaultdict(list, {distribution.label: []})
    for package in others:
        place = distributions.of_package(package, distribution)
        places[place.label] = place
        items[place.label] += _items(package, place)
    runs = list(_kernel(kernels, kernel, distribution))
    for place, item in runs:
        places[place.label] = place
        items[place.label].append(item)
    if kernel and not runs:
        foreign[f"kernel {kernel['running']}"] = _foreign({}, {})
    return tuple(
        Stock(
            label=label,
            feed=places[label].feed,
            ecosystems=places[label].ecosystems,
            scheme=places[label].scheme,
            items=tuple(_joined(found)),
            unjudged=foreign if label == distribution.label else {},
        )
        for label, found in items.items()
    )


def _foreign(package: Record, offered: Mapping[str, str]) -> str:
    vendor = package.get("vendor") or offered.get(str(package.get("name")))
    return f"built by {vendor}, not by the distribution" if vendor else "not the distribution's"


def _items(package: Record, distribution: Distribution) -> Iterator[Item]:
    source, name = str(package["source"]), str(package["name"])
    module, is_modular = distributions.module_of(package)
    version = str(package["source_version"])
    item = Item(
        name=source,
        version=_version(version, distribution),
        source=source,
        packages=(name,),
        module=module,
        is_modular=is_modular,
        compared=_compared(version, distribution),
    )
    if distribution.source_names:
        yield item
    if distribution.binary_names and not (distribution.source_names and name == source):
        yield replace(item, name=name, version=_version(str(package["version"]), distribution))


def _compared(version: str, distribution: Distribution) -> str:
    return distributions.compared(version) if distribution.scheme is Scheme.DPKG else ""


def _version(version: str, distribution: Distribution) -> str:
    if distribution.epochs or ":" not in version:
        return version
    return version.partition(":")[2]


def _kernel(
    packages: Sequence[Record], kernel: Record | None, distribution: Distribution
) -> Iterator[tuple[Distribution, Item]]:
    """Yield the kernel that runs, by the version that runs where it tells, and where to look it up.

    The package of a kernel that still runs may be gone already; then the newest one names it.
    """
    if kernel is None:
        return
    told = str(kernel.get("running_version") or "")
    found = running_kernel.running(packages, str(kernel["running"]))
    if not found and told:
        found = running_kernel.running(packages, str(kernel.get("newest")))
    for package in found:
        version = str(package["version"])
        name = running_kernel.source_name(package)
        looked_up = str(package["name"]) if distribution.binary_names else name
        is_old = package.get("manager") in {"dpkg", "apk"} and told not in {"", version}
        runs = told if is_old else version
        place = distributions.of_package({**package, "version": runs}, distribution)
        yield (
            place,
            Item(
                name=looked_up,
                version=_version(runs, place),
                source=name,
                packages=(str(package["name"]),),
                needs="a reboot" if is_old else "",
                compared=_compared(runs, place),
            ),
        )


def _joined(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items, those that differ in their binary packages alone as one."""
    packages: defaultdict[Item, list[str]] = defaultdict(list)
    for item in items:
        packages[replace(item, packages=())].extend(item.packages)
    for item, names in packages.items():
        yield replace(item, packages=tuple(sorted(set(names))))
