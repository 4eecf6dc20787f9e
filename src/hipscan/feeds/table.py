"""The table of feeds: kind to module, and where each feed is published.

Adding one means a file of its own, a name here, and an address where it can be downloaded. In an
address `{name}` is what stands behind the colon of the feed's name.
"""

from functools import cache
from importlib import import_module
from typing import Final

from hipscan.feeds.base import Feed

# In the order in which content is recognised: a record of OSV is looked for last.
_KINDS: Final = ("kev", "epss", "endoflife", "distro_info", "debian_support", "osv")

_DEBIAN_SUPPORT: Final = (
    "https://salsa.debian.org/debian/debian-security-support/-/raw/master/security-support-"
)
_DISTRO_INFO: Final = "https://salsa.debian.org/debian/distro-info-data/-/raw/main/{name}.csv"

URLS: Final = {
    "osv": "https://storage.googleapis.com/osv-vulnerabilities/{name}/all.zip",
    "kev": "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
    "epss": "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
    "endoflife": "https://endoflife.date/api/v1/products/full",
    "releases": _DISTRO_INFO,
    "support": f"{_DEBIAN_SUPPORT}ended.deb{{name}}",
}

# What `feeds update` gets when nothing is named and the index is empty.
DEFAULT: Final = (
    "osv:Debian",
    "osv:Ubuntu",
    "osv:AlmaLinux",
    "osv:Rocky Linux",
    "osv:PyPI",
    "osv:npm",
    "osv:Maven",
    "kev",
    "epss",
    "endoflife",
    "releases:debian",
    "releases:ubuntu",
    "support:12",
    "support:13",
)

NAMES: Final = (
    *(f"osv:{name}" for name in ("Debian", "Ubuntu", "AlmaLinux", "Rocky Linux", "Red Hat")),
    *(f"osv:{name}" for name in ("SUSE", "openSUSE", "Alpine", "PyPI", "npm", "Maven")),
    "kev",
    "epss",
    "endoflife",
    "releases:debian",
    "releases:ubuntu",
    *(f"support:{release}" for release in ("11", "12", "13")),
)


@cache
def feeds() -> dict[str, Feed]:
    """Return every kind of feed, in the order in which content is recognised."""
    modules = (import_module(f"hipscan.feeds.{name}") for name in _KINDS)
    return {module.FEED.kind: module.FEED for module in modules}
