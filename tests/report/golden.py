"""The golden reports: every format of every made-up run, written by `make golden`.

The style and the script of the page are left out: they are files of their own, and their hashes
would change with every comma.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from hipscan.report.base import View
from hipscan.report.table import load
from tests.report import reports

FOLDER: Final = Path(__file__).parent / "golden"
RUNS: Final = ("clinic", "clean", "empty", "interrupted")
_NEXT: Final = "hipscan explain ssh-root-login"
VIEWS: Final[Mapping[str, tuple[str, View]]] = {
    "html": ("html", View()),
    "json": ("json", View()),
    "80.txt": ("table", View(width=80, next_command=_NEXT)),
    "160.txt": ("table", View(width=160, next_command=_NEXT)),
    "color.txt": ("table", View(width=100, color=True, next_command=_NEXT)),
}
_ASSET: Final = re.compile(r"<(style|script)>.*?</\1>", re.DOTALL)
_HASH: Final = re.compile(r"sha256-[A-Za-z0-9+/=]+")


def written() -> Iterator[tuple[str, str]]:
    """Yield each file's name and what it should hold."""
    for run in RUNS:
        for ending, (name, view) in VIEWS.items():
            yield f"{run}.{ending}", render(run, name, view)


def render(run: str, name: str, view: View) -> str:
    """Return a made-up run in one format."""
    text = "".join(load(name)(reports.read(reports.HERE / "cases" / f"{run}.yaml"), view))
    return _HASH.sub("sha256-...", _ASSET.sub(r"<\1>...</\1>", text)) if name == "html" else text


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in written():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
