"""Package URLs, as the purl specification writes them (ECMA-427).

    pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12
    pkg:rpm/almalinux/openssl-libs@3.0.7-27.el9?arch=x86_64&epoch=1
    pkg:npm/%40angular/core@17.0.0

Only what the parts are is told here. Which names are written in small letters, or are the same
package under two names, is a matter of comparing (`hipscan.evidence.products`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9.-]*")
_KEY: Final = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")
_NO_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Purl:
    """A package URL, decoded; "" and no qualifier where it says nothing."""

    type: str
    name: str
    namespace: str = ""
    version: str = ""
    qualifiers: Mapping[str, str] = field(default_factory=dict)
    subpath: str = ""


def is_purl(text: str) -> bool:
    """Say whether `text` claims to be a package URL."""
    return text[:4].lower() == "pkg:"


@lru_cache(maxsize=4096)
def parse(text: str) -> Purl:
    """Return the package URL in `text`; raise ValueError with what is wrong with it."""
    if not is_purl(text):
        raise ValueError("it does not start with pkg:")
    rest, _, subpath = text[4:].partition("#")
    rest, _, qualifiers = rest.partition("?")
    kind, _, path = rest.strip("/").partition("/")
    if not _TYPE.fullmatch(kind):
        raise ValueError("it has no type, such as deb, rpm or apk")
    *namespace, last = [part for part in path.split("/") if part] or [""]
    name, mark, version = last.rpartition("@") if "@" in last[1:] else (last, "", "")
    if not name or (mark and not version):
        raise ValueError("it has no name" if not name else "its version is empty")
    if any("@" in part[1:] for part in namespace):
        raise ValueError("it has an @ before its name; write %40, and %2F in a version")
    return Purl(
        type=kind.lower(),
        name=_decoded(name),
        namespace="/".join(map(_decoded, namespace)),
        version=_decoded(version),
        qualifiers=_qualifiers(qualifiers),
        subpath="/".join(
            _decoded(part) for part in subpath.split("/") if part not in {"", ".", ".."}
        ),
    )


def _qualifiers(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, text.split("&")):
        key, equals, value = pair.partition("=")
        if not equals or not _KEY.fullmatch(key):
            raise ValueError(f"its qualifier {pair!r} is not KEY=VALUE")
        if key.lower() in found:
            raise ValueError(f"it has the qualifier {key!r} twice")
        if value:
            found[key.lower()] = _decoded(value)
    return found


def _decoded(text: str) -> str:
    if _NO_ESCAPE.search(text):
        raise ValueError("it has a % that starts no escape; write %25")
    try:
        found = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise ValueError("an escape in it is not UTF-8") from None
    return found.strip()
