"""The work behind `hipscan frameworks`."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Final

from hipscan.cli import content
from hipscan.documents.document import suggest
from hipscan.errors import ExitCode, UsageError
from hipscan.frameworks.catalogue import Control, Evidence, Framework, Standing, supporters
from hipscan.frameworks.matrix import by_control
from hipscan.report.bearable import listed
from hipscan.sanitize import line

_WIDTH: Final = 96
_MOST: Final = 6
_PROPOSED: Final = "Proposed: this binds nobody today, and is no part of the rule in force."
_EVIDENCE: Final = {
    Evidence.AUTOMATED: "hosts show it",
    Evidence.BOTH: "hosts show a part",
    Evidence.ATTESTATION: "people attest it",
    Evidence.NONE: "nothing shows it yet",
}

_Rules = Mapping[str, tuple[str, ...]]


def frameworks(name: str | None, folders: Sequence[Path], style: str) -> int:
    """Print all frameworks, or the controls of the one called `name`."""
    if style not in {"table", "json"}:
        raise UsageError(f"unknown format {style!r}", hint=suggest(style, ("table", "json")))
    found = {framework.id: framework for framework in content.frameworks()}
    if name is not None and name not in found:
        raise UsageError(f"no framework is called {name!r}", hint=suggest(name, found))
    packs = content.packs(folders)
    rules = by_control((rule.id, rule.controls) for pack in packs for rule in pack.rules)
    if name is None:
        text = _list_json(found) if style == "json" else _list_table(found)
    else:
        framework = found[name]
        text = _one_json(framework, rules) if style == "json" else _one_table(framework, rules)
    sys.stdout.write(text)
    return ExitCode.OK


def _list_json(found: Mapping[str, Framework]) -> str:
    return _json([{**_head(item), "controls": len(item.controls)} for item in found.values()])


def _list_table(found: Mapping[str, Framework]) -> str:
    rows = [
        f"{item.id:12} {item.status:9} {len(item.controls):3} controls  {line(item.title)}"
        for item in found.values()
    ]
    return "".join(f"{row}\n" for row in rows)


def _one_json(framework: Framework, rules: _Rules) -> str:
    controls = [_control(control, rules) for control in framework.controls]
    return _json({**_head(framework), "source": framework.source, "controls": controls})


def _one_table(framework: Framework, rules: _Rules) -> str:
    """Return a block a control: what it is, what can show it, and the rules that do."""
    proposed = framework.status is Standing.PROPOSED
    head = [line(framework.title), f"  source: {line(framework.source)}"]
    rows = [row for control in framework.controls for row in _block(control, rules)]
    unseen = [control for control in framework.controls if not supporters(control, rules)]
    tail = f"{len(unseen)} of {len(framework.controls)} controls have no rule that evidences them."
    return "".join(
        f"{row}\n" for row in (*head, *([_PROPOSED] if proposed else ()), *rows, "", tail)
    )


def _block(control: Control, rules: _Rules) -> Iterator[str]:
    kind = f" ({control.kind})" if not control.maps_to else ""
    yield ""
    yield f"{line(control.id)}  {line(control.name)}{kind}"
    yield from _wrapped(control.summary)
    if control.maps_to:
        yield from _wrapped(f"rests on {', '.join(control.maps_to)}")
    yield from _wrapped(f"{_EVIDENCE[control.evidence]}: {control.how}")
    by = supporters(control, rules)
    count = f"{len(by)} rule{'' if len(by) == 1 else 's'}"
    yield from _wrapped(f"{count}: {listed(by, _MOST)}" if by else "no rule evidences it")


def _wrapped(text: str) -> list[str]:
    return wrap(
        line(text), _WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    )


def _control(control: Control, rules: _Rules) -> dict[str, object]:
    return {
        "id": control.id,
        "name": control.name,
        "kind": control.kind,
        "family": control.family,
        "summary": control.summary,
        "evidence": control.evidence,
        "how": control.how,
        "under": control.under,
        "maps_to": control.maps_to,
        "rules": supporters(control, rules),
    }


def _head(framework: Framework) -> dict[str, object]:
    return {"id": framework.id, "title": framework.title, "status": framework.status}


def _json(value: object) -> str:
    return json.dumps(value, indent=1) + "\n"
