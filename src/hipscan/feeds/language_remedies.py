"""The command that brings a fix of a package of Python or Node.js, where it lies.

A place that is not spelled as ordinary paths are gets no command, since it goes to a shell. What
Maven builds has none: a jar comes with a new build of the program it is in.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hipscan.model.advisory import Advisory

_NAME: Final = re.compile(r"(?:@[A-Za-z0-9~-][\w.~-]*/)?[A-Za-z0-9][\w.~-]{0,127}", re.ASCII)
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,63}")
_PLACE: Final = re.compile(r"(?:/[A-Za-z0-9_.+@~-]+)+")
_PYTHON: Final = re.compile(r"(/.*)/lib(?:64)?/python3(?:\.\d+)?/(?:site|dist)-packages/[^/]+")
_SYSTEM: Final = ("/usr", "/usr/local")
_MOST: Final = 3


def command(advisories: Iterable[Advisory], fixed: str) -> str:
    """Return the command that brings the version `fixed`; "" where none is known."""
    found = list(advisories)
    maker = _MAKERS.get(found[0].ecosystem)
    places = sorted({place for item in found for place in item.places})
    words = (found[0].source, fixed, *places)
    if maker is None or not places or any(item.inside for item in found) or not _is_plain(*words):
        return ""
    made = list(dict.fromkeys(maker(found[0].source, fixed, place) for place in places))
    return " && ".join(made) if all(made) and len(made) <= _MOST else ""


def _is_plain(name: str, version: str, *places: str) -> bool:
    is_name = _NAME.fullmatch(name) and _VERSION.fullmatch(version)
    return bool(is_name) and all(_PLACE.fullmatch(place) for place in places)


def _pip(name: str, version: str, place: str) -> str:
    """Return the command of the environment that has the package."""
    match = _PYTHON.fullmatch(place)
    if match is None or match[1].endswith("/.local"):
        return ""
    python = "python3" if match[1] in _SYSTEM else f"{match[1]}/bin/python3"
    return f"{python} -m pip install {name}=={version}"


def _npm(name: str, _version: str, place: str) -> str:
    """Return the command of the project, or of the global package, that the package is in.

    Which version it may have is what the package says that wants it; npm takes the newest of these.
    """
    folder, _, rest = place.partition("/node_modules/")
    if folder in {"/usr/lib", "/usr/local/lib"}:
        parts = rest.split("/")
        return f"npm update -g {'/'.join(parts[:2]) if rest.startswith('@') else parts[0]}"
    return f"npm update --prefix {folder} {name}"


_MAKERS: Final[Mapping[str, Callable[[str, str, str], str]]] = {"PyPI": _pip, "npm": _npm}
