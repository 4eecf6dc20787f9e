"""Ask the package managers for the order of many pairs and keep their answers as data.

    python -m tests.versions.record dpkg     needs dpkg
    python -m tests.versions.record rpm      needs rpm 4.18 or newer on PATH
    python -m tests.versions.record semver   needs node, and npm's package semver on NODE_PATH
    python -m tests.versions.record maven    needs a JDK, and Maven's maven-artifact on CLASSPATH

The pairs come from versions that real distributions shipped, from small changes to them, and
from characters at random. The same seed gives the same pairs.
"""

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from hipscan.versions import InvalidVersion, Scheme, key

HERE = Path(__file__).parent
ALPHABET = {
    "dpkg": "01290aAbz.+-~:",
    "rpm": "01290aAbz.+_~^-",
    "semver": "01290aAbz.+-",
    "maven": "0129.-ab",
}
PAIRS = {"dpkg": 20_000, "rpm": 20_000, "semver": 4_000, "maven": 4_000}
Pair = tuple[str, str]


def seeds(scheme: str) -> list[str]:
    """Return versions that distributions shipped, and odd ones."""
    return (HERE / f"{scheme}-versions.txt").read_text().split()


def changed(version: str, alphabet: str, chance: random.Random) -> str:
    """Return `version` with one to three characters put in, taken out or replaced."""
    chars = list(version)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(chars) + 1)
        chars[at : at + chance.randint(0, 1)] = chance.choice([[], [chance.choice(alphabet)]])
    return "".join(chars)


def _candidates(scheme: str, chance: random.Random) -> Iterator[Pair]:
    known, alphabet = seeds(scheme), ALPHABET[scheme]
    while True:
        version = chance.choice(known)
        yield version, chance.choice(known)
        yield version, changed(version, alphabet, chance)
        yield changed(version, alphabet, chance), changed(version, alphabet, chance)
        yield (
            "".join(chance.choices(alphabet, k=chance.randint(1, 8))),
            "".join(chance.choices(alphabet, k=chance.randint(1, 8))),
        )


def _valid(scheme: str, version: str) -> bool:
    if version.startswith("-"):  # dpkg would take it for an option
        return False
    try:
        key(Scheme(scheme), version)
    except InvalidVersion:
        return False
    return True


def pairs(scheme: str, count: int, seed: int) -> list[Pair]:
    """Return `count` different pairs of versions that hipscan takes for valid."""
    chance = random.Random(seed)  # noqa: S311  # the same pairs every time, nothing secret
    found: dict[Pair, None] = {}
    for pair in _candidates(scheme, chance):
        if len(found) == count:
            return list(found)
        if all(_valid(scheme, version) for version in pair):
            found[pair] = None
    raise AssertionError("the candidates never end")


def ask_dpkg(questions: Sequence[Pair]) -> list[int]:
    """Return dpkg's order of each pair: -1, 0 or 1."""
    script = """while read -r a b; do
        if dpkg --compare-versions "$a" lt "$b"; then echo -1
        elif dpkg --compare-versions "$a" eq "$b"; then echo 0
        elif dpkg --compare-versions "$a" gt "$b"; then echo 1
        else exit 1; fi
    done 2>/dev/null"""
    return _asked(["sh", "-c", script], _lines(questions))


def ask_rpm(questions: Sequence[Pair]) -> list[int]:
    """Return rpm's order of each pair: -1, 0 or 1, through the Lua inside rpm."""
    with tempfile.NamedTemporaryFile("w") as stream:
        stream.write(_lines(questions))
        stream.flush()
        lua = (
            f'for line in io.lines("{stream.name}") do '
            'local a, b = line:match("(%S+) (%S+)"); print(rpm.vercmp(a, b) .. "\\n") end'
        )
        return _asked(["rpm", "--eval", f"%{{lua:{lua}}}"], "")


def ask_semver(questions: Sequence[Pair]) -> list[int]:
    """Return npm's order of each pair: -1, 0 or 1."""
    script = """const {compare} = require("semver");
        for (const line of require("fs").readFileSync(0, "utf8").trim().split("\\n"))
            console.log(compare(...line.split(" ")))"""
    return _asked(["node", "-e", script], _lines(questions))


def ask_maven(questions: Sequence[Pair]) -> list[int]:
    """Return Maven's order of each pair: -1, 0 or 1."""
    program = """import java.util.Scanner;
        import org.apache.maven.artifact.versioning.ComparableVersion;
        class Order { public static void main(String[] words) {
            var in = new Scanner(System.in);
            while (in.hasNext()) System.out.println(Integer.signum(
                new ComparableVersion(in.next()).compareTo(new ComparableVersion(in.next()))));
        } }"""
    with tempfile.NamedTemporaryFile("w", suffix=".java") as stream:
        stream.write(program)
        stream.flush()
        return _asked(["java", stream.name], _lines(questions))


def _lines(questions: Sequence[Pair]) -> str:
    return "".join(f"{a} {b}\n" for a, b in questions)


def _asked(command: list[str], text: str) -> list[int]:
    reply = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return [int(line) for line in reply.stdout.split()]


ASK = {"dpkg": ask_dpkg, "rpm": ask_rpm, "semver": ask_semver, "maven": ask_maven}


def record(scheme: str) -> None:
    """Write tests/versions/SCHEME.jsonl: [a, b, order] in each line."""
    questions = pairs(scheme, PAIRS[scheme], seed=1)
    answers = ASK[scheme](questions)
    lines = (json.dumps([*pair, order]) for pair, order in zip(questions, answers, strict=True))
    (HERE / f"{scheme}.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    record(sys.argv[1])
