"""What `hipscan rules new` writes: a rule to be changed, with cases that run as they stand."""

from pathlib import Path
from typing import Final

from hipscan.errors import OutputError, UsageError

PACK: Final = """\
name: {pack}
title: "What {pack} checks"
version: "0.1.0"
# Values that rules read as $name, and that profiles, inventories and --set may change:
# variables:
#   max_age_days:
#     default: 30
#     about: "How many days something may stay as it is."
variables: {{}}
profiles:
  default:
    about: "Every rule of the pack."
"""

RULE: Final = """\
- id: {rule}  # names the bad state; stays for ever
  title: Others than its owner can change /etc/{rule}.conf
  severity: medium  # critical, high, medium, low, info
  # What the check is evidence of: `hipscan frameworks hipaa` lists the controls.
  controls: ["164.312(a)(1)"]
  why: One sentence that a sysadmin can repeat to a manager.
  # Without `applies` the rule concerns every host. Other forms:
  #   applies: {{package: [openssh-server, openssh]}}
  #   applies: {{platform: {{id: {{in: [debian, ubuntu]}}}}}}
  # Of the records of a fact that match `where`, each (or some, or none) has to meet `expect`.
  check:
    fact: file
    where: {{path: {{equals: /etc/{rule}.conf}}}}
    require: each
    expect: {{mode: {{mode_within: "0644"}}}}
  fix:
    text: Say in a sentence how to end the bad state.
    # shell: a POSIX script; it needs a case on a lab host with `fix: own`.
"""

CASES: Final = """\
- rule: {rule}
  name: everybody may write to it
  kind: constructed  # or recorded, with the public source that the facts come from
  source: "where the facts come from"
  facts:
    file: {{records: [{{path: /etc/{rule}.conf, type: file, mode: "0666"}}]}}
  expect: fail
  fail: ["/etc/{rule}.conf: mode 0666"]
- rule: {rule}
  name: only its owner may write to it
  kind: constructed
  source: "where the facts come from"
  facts:
    file: {{records: [{{path: /etc/{rule}.conf, type: file, mode: "0644"}}]}}
  expect: pass
"""


def write(folder: Path, rule: str) -> tuple[Path, ...]:
    """Write a rule called `rule` into the pack `folder`, which is made where it is not there.

    Returns the files that were made or grew. Raises UsageError and OutputError.
    """
    head = folder / "pack.yaml"
    if folder.exists() and not head.is_file():
        raise UsageError(f"{folder} is there and is no rule pack", hint="name a new folder")
    topic = f"{rule.partition('-')[0]}.yaml"
    if topic == head.name:
        raise UsageError(f"{rule!r} would go into pack.yaml", hint="begin it with a topic: ssh-...")
    pieces = [
        (folder / topic, RULE.format(rule=rule)),
        (folder / "cases" / topic, CASES.format(rule=rule)),
    ]
    if not head.exists():
        pieces.insert(0, (head, PACK.format(pack=folder.name)))
    try:
        (folder / "cases").mkdir(parents=True, exist_ok=True)
        for path, text in pieces:
            _append(path, text)
    except OSError as error:
        raise OutputError(f"{folder} could not be written to: {error.strerror}") from None
    return tuple(path for path, _ in pieces)


def _append(path: Path, text: str) -> None:
    blank = "\n" if path.exists() and path.stat().st_size else ""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(blank + text)
