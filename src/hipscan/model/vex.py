"""What somebody states about a vulnerability in a product (VEX), and what it came to on a target.

The words are those of OpenVEX 0.2.0. A statement is kept as it was read; what its products are on a
target is decided where a run is judged (`hipscan.evidence.vouching`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a product stands to a vulnerability."""

    NOT_AFFECTED = "not_affected"
    FIXED = "fixed"
    AFFECTED = "affected"
    UNDER_INVESTIGATION = "under_investigation"

    @property
    def excuses(self) -> bool:
        """Say whether nothing has to be done about the vulnerability."""
        return self in {Status.NOT_AFFECTED, Status.FIXED}


@dataclass(frozen=True, slots=True)
class Product:
    """What a statement is about: a package URL or an IRI, or only those parts of it.

    `also` is a second name, where there is one that narrows the first: it has to fit too.
    """

    id: str
    parts: tuple[str, ...] = ()
    also: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a document.

    `names` are the vulnerability's name and aliases. `made` is an ISO time: the statement's own,
    else the document's. `document` is the document's @id, `text` the free words behind the status
    (impact statement or status notes).
    """

    names: tuple[str, ...]
    products: tuple[Product, ...]
    status: Status
    author: str
    made: str
    document: str
    justification: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Voucher:
    """One statement as far as it holds for an advisory: for these of its installed packages."""

    status: Status
    justification: str
    text: str
    author: str
    made: str
    document: str
    packages: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """Return what is stated, and why, in a line."""
        reason = "; ".join(filter(None, (self.justification.replace("_", " "), self.text)))
        what = str(self.status).replace("_", " ")
        return f"{what}: {reason}" if reason else what

    @property
    def words(self) -> str:
        """Return the statement in a line: what, why, who, when."""
        return f"{self.why}, says {self.author} ({self.made[:10]})"
