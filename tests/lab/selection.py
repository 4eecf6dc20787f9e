"""Which lab cases run: all of them, or with LAB_CASES=changed those whose turn it is.

Those are the cases of rules that the last commits touched, in a pack's topic or its cases, and a
tenth of the others, another one for each commit, on one of their hosts each.
"""

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
COMMITS: Final = 5
TENTH: Final = 10


@dataclass(frozen=True)
class Selection:
    """What runs on a commit."""

    head: str
    touched: frozenset[str]

    def has(self, names: Sequence[str], host: str = "", hosts: Sequence[str] = ("",)) -> bool:
        """Tell whether a case of the rules `names` runs on `host`, one of its `hosts`.

        Where nobody touched the rules, it runs on one of them when its turn comes.
        """
        if not self.touched.isdisjoint(names):
            return True
        tenth, place = hashlib.sha256(f"{self.head} {names[0]}".encode()).digest()[:2]
        return tenth % TENTH == 0 and host == hosts[place % len(hosts)]


def current() -> Selection:
    """Return what runs on the commit that is checked out."""
    return Selection(_git("rev-parse", "HEAD").strip(), _touched())


def _touched() -> frozenset[str]:
    """Return the rules whose entry, in a topic or among the cases, is new or other than before."""
    base = _git("rev-list", "--max-count", str(COMMITS + 1), "HEAD").split()[-1]
    files = _git("diff", "--name-only", base, "HEAD", "--", "rules/*.yaml").split()
    return frozenset(rule for file in files for rule in _different(file, base))


def _different(file: str, base: str) -> set[str]:
    now = _entries((ROOT / file).read_text("utf-8") if (ROOT / file).exists() else "")
    before = _entries(_git("show", f"{base}:{file}", check=False))
    return {rule for rule, entry in now.items() if before.get(rule) != entry}


def _entries(text: str) -> dict[str, str]:
    """Return what a topic or a file of cases says of each rule."""
    document = yaml.safe_load(text) or []
    found: dict[str, str] = {}
    for entry in document if isinstance(document, list) else []:
        for rule in (str(entry.get("id") or entry.get("rule")), *entry.get("also", [])):
            found[rule] = found.get(rule, "") + repr(entry)
    return found


def _git(*words: str, check: bool = True) -> str:
    argv = ["git", "-C", str(ROOT), *words]
    return subprocess.run(argv, capture_output=True, text=True, check=check).stdout
