"""apt's package lists: where they come from, when, and whether they are for security updates.

A list is named by its Release file below /var/lib/apt/lists, in which the address of the
repository is encoded:

    deb.debian.org_debian-security_dists_bookworm-security_InRelease
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote

from hipscan.model.fact import Record, Value

_NOT_IN_NAMES: Final = re.compile(r"^[^/]*@|[\[\]]")  # credentials, a cdrom's brackets


def place(path: str) -> str:
    """Return host/path/dists/SUITE of a Release file, as its name encodes it."""
    name = path.rpartition("/")[2].removesuffix("Release").removesuffix("In").rstrip("_")
    return unquote(name.replace("_", "/")).strip("/")


def place_of(uri: str, suite: str) -> str:
    """Return the place of a repository's Release file, as the name of apt's list encodes it."""
    base = _NOT_IN_NAMES.sub("", uri.partition(":")[2].strip("/")).strip("/")
    if suite == ".":  # a flat repository: deb file:/srv/ward ./
        return f"{base}/."
    return f"{base}/dists/{suite}" if suite else base


def list_record(where: str, fetched: int | None, head: Mapping[str, str]) -> Record:
    """Return the record of a list at `where` (see `place`), fetched at a time, with its head."""
    uri, _, suite = where.rpartition("/dists/")
    record: dict[str, Value] = {
        "manager": "apt",
        "uri": uri or where,
        "suite": suite if uri else "",
        "origin": head.get("Origin", ""),
        "label": head.get("Label", ""),
        "security": _is_security(suite, head),
        "updated": fetched,
    }
    for name, key in (("dated", "Date"), ("valid_until", "Valid-Until")):
        if key in head:
            record[name] = _seconds(head[key])
    return record


def _seconds(date: str) -> int | None:
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except ValueError:
        return None


def _is_security(suite: str, head: Mapping[str, str]) -> bool:
    names = (suite, head.get("Suite", ""), head.get("Codename", ""), head.get("Label", ""))
    return any(name.lower().endswith("-security") for name in names)
