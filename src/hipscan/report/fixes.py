"""Fixes as something to review and run: a shell script, or an Ansible playbook. Nothing runs here.

The fixes are those of the rule packs. What a host said stands in comments only, one printable
line each, so it can be no command and no template.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from hipscan import __version__
from hipscan.model.finding import Severity
from hipscan.sanitize import line

_SHOWN: Final = 5  # observations of one rule
_UMASK: Final = "umask 022\n"  # whoever runs it may have one that leaves new files to everybody


@dataclass(frozen=True, slots=True)
class Mend:
    """What to do about one rule that failed: its fix, and what was observed."""

    rule: str
    title: str
    severity: Severity
    text: str
    shell: str
    observed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mending:
    """What to do on one target; `run` says which run saw it."""

    target: str
    run: str
    mends: tuple[Mend, ...]

    @property
    def scripted(self) -> tuple[Mend, ...]:
        """Return those that a script can do."""
        return tuple(mend for mend in self.mends if mend.shell)

    @property
    def manual(self) -> tuple[Mend, ...]:
        """Return those that need a person."""
        return tuple(mend for mend in self.mends if not mend.shell)


_HEAD: Final = """\
#!/bin/sh
# Fixes for {target}, written by hipscan {version} from run {run}.
# Read all of it, then run it as root on {target}. hipscan itself changes nothing.
# Each fix may run again without harm; one that fails does not keep the next from running.
"""
_FOOT: Final = """
status=0
run() {
  printf '%s\\n' "$1"
  "$2"
  code=$?
  [ "$code" -eq 0 ] || { printf 'FAILED with status %s: %s\\n' "$code" "$1" >&2; status=1; }
}
"""


def shell_script(mending: Mending) -> Iterator[str]:
    """Yield a POSIX shell script that applies every fix there is, and names the others."""
    yield _HEAD.format(target=line(mending.target), version=__version__, run=line(mending.run))
    yield from _by_hand(mending.manual)
    yield _UMASK
    for mend in mending.scripted:
        yield f"\n# {mend.severity}: {line(mend.title)}\n"
        yield from _observed(mend)
        yield f"{_function(mend.rule)}() (\n{mend.shell.rstrip()}\n)\n"
    yield _FOOT
    for mend in mending.scripted:
        yield f"run {mend.rule} {_function(mend.rule)}\n"
    yield "exit $status\n"


def _function(rule: str) -> str:
    return f"fix_{rule.replace('-', '_')}"


def _by_hand(mends: Sequence[Mend], indent: str = "") -> Iterator[str]:
    if mends:
        yield f"{indent}#\n{indent}# Not in here, because it takes a person:\n"
    for mend in mends:
        yield f"{indent}#   {mend.rule}: {line(mend.text)}\n"


def _observed(mend: Mend, indent: str = "") -> Iterator[str]:
    for text in mend.observed[:_SHOWN]:
        yield f"{indent}#   {line(text)}\n"
    if len(mend.observed) > _SHOWN:
        yield f"{indent}#   and {len(mend.observed) - _SHOWN} more\n"


class Unsafe(str):
    """Text in which Ansible must see no template: `!unsafe` in a playbook."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes playbooks."""


def _literal(dumper: yaml.SafeDumper, text: Unsafe) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("!unsafe", str(text), style=style)


_Dumper.add_representer(Unsafe, _literal)


def playbook(mendings: Sequence[tuple[str, Mending]]) -> Iterator[str]:
    """Yield an Ansible playbook with a play for each (host of Ansible's inventory, mending)."""
    yield f"---\n# Fixes, written by hipscan {__version__}. Read all of it first.\n"
    for host, mending in mendings:
        yield f"\n# {line(mending.target)}, from run {line(mending.run)}\n"
        yield from _by_hand(mending.manual)
        for mend in mending.scripted:
            yield f"# {mend.rule}\n"
            yield from _observed(mend)
        yield _dump([_play(host, mending)])


def _play(host: str, mending: Mending) -> Mapping[str, Any]:
    local = {"connection": "local"} if host == "localhost" else {}
    return {
        "name": Unsafe(f"Fixes for {line(mending.target)}"),
        "hosts": host,
        **local,
        "become": True,
        "gather_facts": False,
        "tasks": [_task(mend) for mend in mending.scripted],
    }


def _task(mend: Mend) -> Mapping[str, Any]:
    return {
        "name": Unsafe(f"{mend.rule}: {line(mend.title)}"),
        "ansible.builtin.shell": {"cmd": Unsafe(_UMASK + mend.shell), "executable": "/bin/sh"},
        "tags": [mend.rule],
    }


def _dump(value: object) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=False, width=100)
