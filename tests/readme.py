"""The parts of README.md that come from the code: `python -m tests.readme` writes them again."""

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

from hipscan.cli import content
from hipscan.rules.pack import Pack
from hipscan.rules.proof import proof

ROOT: Final = Path(__file__).parents[1]
README: Final = ROOT / "README.md"
_BETWEEN: Final = re.compile(r"(?<=<!-- rules, by `make docs` -->\n).*(?=<!-- end -->)", re.DOTALL)


def rules_table() -> str:
    """Return the table of the default pack's topics."""
    (pack,) = content.packs(())
    topics: dict[str, int] = defaultdict(int)
    for rule in pack.rules:
        topics[rule.topic] += 1
    rows = [f"| {name} | {count} | {_about(pack, name)} |\n" for name, count in topics.items()]
    head = "\n| topic | rules | what it looks at |\n|---|---|---|\n"
    return f"{head}{''.join(rows)}\n{_sum(pack)}\n\n"


def _about(pack: Pack, topic: str) -> str:
    """Return the first sentence of the comment that a topic file begins with."""
    lines = (pack.folder / f"{topic}.yaml").read_text("utf-8").split("\n")
    comment: list[str] = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.removeprefix("#").strip())
    return re.split(r"(?<=\.)\s", " ".join(comment))[0]


def _sum(pack: Pack) -> str:
    proofs = [proof(rule.id, pack.cases) for rule in pack.rules]
    proven = sum(found.kind == "lab" for found in proofs)
    places = Counter(platform for found in proofs for platform in found.platforms)
    each = ", ".join(f"{count} on {platform}" for platform, count in sorted(places.items()))
    return (
        f"{len(pack.rules)} rules, of which {proven} are proven on real hosts ({each}):"
        " `hipscan explain RULE` says on which."
    )


def table_in(text: str) -> str:
    """Return the table that stands in `text`."""
    found = _BETWEEN.search(text)
    return found[0] if found else ""


def main() -> None:
    """Write the table into README.md."""
    text = README.read_text("utf-8")
    README.write_text(_BETWEEN.sub(lambda _: rules_table(), text), "utf-8")


if __name__ == "__main__":
    main()
