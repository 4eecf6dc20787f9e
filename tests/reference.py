"""The pages of docs/reference, one for each rule, probe and matcher: `python -m tests.reference`.

Everything in it comes from the code and the rule packs; test_reference.py compares.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from hipscan.cli import content
from hipscan.cli.explaining import condition_lines, facts_of, matcher_text
from hipscan.model.rule import AllOf, AnyOf, Check, Condition, Matcher, Rule
from hipscan.probes import table
from hipscan.probes.base import FactSpec
from hipscan.rules.matchers import OPERATORS
from hipscan.rules.pack import Pack, profiles_of
from hipscan.rules.proof import Proof, proof

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "reference"
_EXAMPLES: Final = 3  # rules that a matcher's page shows
_PROOFS: Final = {
    "lab": "lab: broken, seen to fail, fixed and seen to pass on {}; preview elsewhere",
    "recorded": "recorded: seen to fail and to pass on facts from public sources; preview",
    "constructed": "constructed: seen to fail and to pass on facts from documentation; preview",
    "none": "none",
}


def pages() -> dict[str, str]:
    """Return the text of every page by its path below docs/reference."""
    (pack,) = content.packs(())
    found = {"README.md": _index(pack)}
    found |= {f"rules/{rule.id}.md": _joined(_rule(rule, pack)) for rule in pack.rules}
    found |= {f"probes/{name}.md": _joined(_probe(name, pack)) for name in table.probes()}
    found |= {
        f"derived/{name}.md": _joined(_fact(table.facts()[name], pack)) for name in _derived()
    }
    return found | {f"matchers/{name}.md": _joined(_matcher(name, pack)) for name in OPERATORS}


def _joined(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _derived() -> list[str]:
    return [name for name in table.facts() if name not in table.probe_of_fact()]


def _index(pack: Pack) -> str:
    topics: dict[str, list[str]] = {}
    for rule in pack.rules:
        topics.setdefault(rule.topic, []).append(f"[{rule.id}](rules/{rule.id}.md)")
    lines = [
        "# Reference",
        "",
        "Written by `make docs` from the code and the rules; do not edit.",
        "",
        "## Rules",
        "",
        *(f"- {topic}: {', '.join(links)}" for topic, links in sorted(topics.items())),
        "",
        "## Probes",
        "",
        *(
            f"- [{name}](probes/{name}.md): {', '.join(spec.name for spec in probe.facts)}"
            for name, probe in sorted(table.probes().items())
        ),
        "",
        "## Facts that no probe reads",
        "",
        *(f"- [{name}](derived/{name}.md)" for name in sorted(_derived())),
        "",
        "## Matchers",
        "",
        *(f"- [{name}](matchers/{name}.md)" for name in OPERATORS),
    ]
    return "\n".join(lines) + "\n"


def _rule(rule: Rule, pack: Pack) -> Iterator[str]:
    more = rule.severity_with_phi
    yield f"# {rule.id}"
    yield ""
    yield f"{_text(rule.title)}."
    yield ""
    yield f"- severity: {rule.severity}" + (f"; {more} where patient data lives" if more else "")
    yield f"- profiles: {', '.join(profiles_of(rule, pack))}"
    yield f"- proof: {_proof(proof(rule.id, pack.cases))}"
    yield f"- defined in: rules/{pack.folder.name}/{rule.topic}.yaml"
    yield ""
    yield _text(rule.why)
    yield ""
    yield from _controls(rule)
    if rule.applies:
        yield from _section("Applies when", condition_lines(rule.applies, ""))
    yield from _section("Checks", condition_lines(rule.check, ""))
    yield from _reads(rule)
    yield "## Fix"
    yield ""
    yield _text(rule.fix.text)
    if rule.fix.shell:
        yield from ("", "```sh", rule.fix.shell.rstrip(), "```")
    yield from _see(rule)


def _controls(rule: Rule) -> Iterator[str]:
    controls = {control.id: control for control in content.framework().controls}
    yield "## Controls"
    yield ""
    for name in rule.controls:
        yield f"- {name}, {controls[name].name} ({controls[name].kind})"
    yield ""


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield from (f"## {title}", "", "```", *lines, "```", "")


def _reads(rule: Rule) -> Iterator[str]:
    yield "## Reads"
    yield ""
    for name in sorted(facts_of(rule.check) | (facts_of(rule.applies) if rule.applies else set())):
        yield f"- [{name}](../{_place(name)}.md)"
    yield ""


def _place(fact: str) -> str:
    probe = table.probe_of_fact().get(fact)
    return f"probes/{probe.name}" if probe else f"derived/{fact}"


def _see(rule: Rule) -> Iterator[str]:
    if rule.references:
        yield from ("", "## The same topic elsewhere", "")
    for name, ids in rule.references.items():
        yield f"- {name}: {', '.join(ids)}"
    if rule.differs:
        yield from ("", _text(rule.differs))


def _proof(found: Proof) -> str:
    return _PROOFS[found.kind].format(", ".join(found.platforms))


def _probe(name: str, pack: Pack) -> Iterator[str]:
    probe = table.probes()[name]
    yield f"# Probe {name}"
    yield ""
    yield f"At most {probe.seconds} s and {probe.limit // 1024} KiB on a target."
    if probe.commands:
        yield f"Runs, beyond basic programs: {', '.join(f'`{item}`' for item in probe.commands)}."
    for spec in probe.facts:
        yield ""
        yield from _fact(spec, pack, level="##")


def _fact(spec: FactSpec, pack: Pack, level: str = "#") -> Iterator[str]:
    yield f"{level} Fact {spec.name}"
    yield ""
    yield _text(spec.doc)
    yield ""
    yield "| field | type | |"
    yield "|---|---|---|"
    for name, field in spec.fields.items():
        yield f"| `{name}` | {field.type} | {_text(field.doc)} |"
    yield ""
    subject = ", ".join(f"`{name}`" for name in spec.subject)
    yield f"A record is known by: {subject or 'the target'}."
    yield from _used_by(lambda rule: spec.name in _facts(rule), pack)


def _facts(rule: Rule) -> set[str]:
    return facts_of(rule.check) | (facts_of(rule.applies) if rule.applies else set())


def _used_by(uses: Callable[[Rule], bool], pack: Pack) -> Iterator[str]:
    links = [f"[{rule.id}](../rules/{rule.id}.md)" for rule in pack.rules if uses(rule)]
    yield ""
    yield f"Rules that ask for it: {', '.join(links) or 'none'}."


def _matcher(name: str, pack: Pack) -> Iterator[str]:
    operator = OPERATORS[name]
    yield f"# Matcher {name}"
    yield ""
    yield f"- takes: {operator.takes}"
    yield f"- for fields of type: {', '.join(sorted(operator.suits))}"
    yield f"- reads: the field {_text(operator.phrase.format('...'))}"
    examples = dict(_examples(name, pack))
    if examples:
        yield ""
        yield "| for example in | asks whether a field |"
        yield "|---|---|"
    for rule, text in list(examples.items())[:_EXAMPLES]:
        yield f"| [{rule}](../rules/{rule}.md) | {_text(text)} |"


def _examples(name: str, pack: Pack) -> Iterator[tuple[str, str]]:
    for rule in pack.rules:
        for matcher in _matchers(rule.check):
            if matcher.operator == name:
                yield rule.id, matcher_text(matcher)


def _matchers(condition: Condition) -> Iterator[Matcher]:
    match condition:
        case Check(where=where, expect=expect):
            for matcher in (*where.values(), *expect.values()):
                yield from _nested(matcher)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _matchers(part)


def _nested(matcher: Matcher) -> Iterator[Matcher]:
    yield matcher
    inner = matcher.operand if isinstance(matcher.operand, tuple) else (matcher.operand,)
    for part in inner:
        if isinstance(part, Matcher):
            yield from _nested(part)


def _text(text: str) -> str:
    """Return text as Markdown shows it: no table broken, nothing taken for HTML."""
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;").replace("*", r"\*")


def differing(found: Mapping[str, str]) -> list[str]:
    """Return the pages that are not in the folder as they should be, or should not be there."""
    there = {str(path.relative_to(FOLDER)): path for path in FOLDER.rglob("*.md")}
    stale = [name for name, text in found.items() if _content(there.get(name)) != text]
    return sorted(stale + [name for name in there if name not in found])


def _content(path: Path | None) -> str | None:
    return path.read_text("utf-8") if path else None


def main() -> None:
    """Write every page anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, text in pages().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
