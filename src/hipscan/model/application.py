"""Application: software that did not come from the distribution, and until when it is supported.

For such software its maker's dates hold. What the distribution ships lives as long as the
distribution supports it, whatever its makers say, and is no application in this sense.
"""

from dataclasses import dataclass
from typing import Final

PAST: Final = "past"


@dataclass(frozen=True, slots=True)
class Cycle:
    """One line of releases of a product, as endoflife.date has it.

    `name` is what its versions begin with. An end is an ISO date, PAST where only that is known,
    or "" where it has not come or is not known; `extended` is the end of support that is paid for.
    `latest` is its newest version.
    """

    name: str
    ended: str = ""
    extended: str = ""
    latest: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """One piece of software from outside of the distribution.

    `product` is its name at endoflife.date, `version` is "" where nothing readable tells it.
    `place` is the package or the folder that it was found in, `origin` who it is from. `cycle` is
    None where the table has no line for it. `dated` is the ISO day that the table is of.
    """

    product: str
    version: str
    place: str
    origin: str
    cycle: Cycle | None = None
    dated: str = ""
