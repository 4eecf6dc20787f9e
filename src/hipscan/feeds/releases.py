"""What the feeds say of the releases of one distribution, in the words of Knowledge.

Debian and Ubuntu come from distro-info-data, which their own developers keep, else from
endoflife.date as all others do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hipscan.feeds.index import Index
from hipscan.model.knowledge import Lifecycle

_FEED: Final = "endoflife"
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Product:
    """How endoflife.date and os-release name one distribution.

    `system` is ID of os-release, `suffix` what VERSION_ID adds to the cycle, `extended` the name
    of the support that follows; "" leaves it out.
    """

    name: str
    system: str
    title: str
    suffix: str = ""
    extended: str = ""


PRODUCTS: Final = (
    Product("rhel", "rhel", "Red Hat Enterprise Linux", ".*", "Extended Life Cycle Support"),
    Product("almalinux", "almalinux", "AlmaLinux", ".*"),
    Product("rocky-linux", "rocky", "Rocky Linux", ".*"),
    Product("oracle-linux", "ol", "Oracle Linux", ".*", "Oracle Extended Support"),
    Product("centos", "centos", "CentOS"),
    Product("centos-stream", "centos", "CentOS Stream"),
    Product("fedora", "fedora", "Fedora"),
    Product("sles", "sles", "SUSE Linux Enterprise Server", "", "LTSS"),
    Product("opensuse", "opensuse-leap", "openSUSE Leap"),
    Product("alpine-linux", "alpine", "Alpine Linux", ".*"),
    Product("amazon-linux", "amzn", "Amazon Linux"),
)

_OWN: Final = {"debian": ("Debian", "Debian LTS"), "ubuntu": ("Ubuntu", "Ubuntu Pro (ESM)")}


def lifecycle(product: Product, cycle: str, until: str, extended: str) -> Lifecycle:
    """Return the support of one release; `extended` may be empty."""
    # SUSE calls 15.0 what os-release calls 15.
    version = cycle.removesuffix(".0") if product.name == "sles" and cycle < "16" else cycle
    later = (extended, product.extended) if product.extended and extended else ("", "")
    name = f"{product.title} {cycle}"
    return Lifecycle(product.system, version + product.suffix, name, until, *later)


def of_index(index: Index, system: str) -> tuple[tuple[Lifecycle, ...], str]:
    """Return (releases of a distribution, ISO day that they are of); nothing where no feed has it.

    A release whose end is not known by date is left out.
    """
    dated = {feed.name: feed.dated[:10] for feed in index.feeds()}
    own = f"releases:{system}"
    if own in dated and system in _OWN:
        return tuple(_own(index, system, own)), dated[own]
    if _FEED not in dated:
        return (), ""
    if system in _OWN:
        return tuple(_own(index, system, _FEED)), dated[_FEED]
    return tuple(_others(index, system)), dated[_FEED]


def _own(index: Index, system: str, feed: str) -> Iterator[Lifecycle]:
    title, extended = _OWN[system]
    for cycle, until, later, _ in index.cycles(system, feed):
        if _DATE.fullmatch(until):
            named = (later, extended) if _DATE.fullmatch(later) else ("", "")
            yield Lifecycle(system, cycle, f"{title} {cycle}", until, *named)


def _others(index: Index, system: str) -> Iterator[Lifecycle]:
    for product in PRODUCTS:
        if product.system == system:
            for cycle, until, later, _ in index.cycles(product.name, _FEED):
                if _DATE.fullmatch(until):
                    extended = later if _DATE.fullmatch(later) else ""
                    yield lifecycle(product, cycle, until, extended)
