"""The sudoers probe against sudo's own reader, cvtsudoers, on a real host."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.model.fact import Record
from hipscan.probes.base import read_frame
from hipscan.probes.sudo.sudoers import PROBE
from tests.lab.conftest import lab, start  # noqa: F401  # fixtures by name
from tests.lab.hosts import Host

TEXT = (Path(__file__).parent / "oracles" / "sudoers.txt").read_text()


def ours(host: Host) -> set[tuple[str, str, frozenset[str], bool]]:
    script = compile_probes([PROBE])
    text = script.text + script.call(f"nonce ab\nrun {PROBE.name}\n")
    reply = read_reply(host.run("sh -s", text=text).stdout.encode(), "ab", [PROBE])
    facts = read_frame(PROBE, reply.frames[PROBE.name], probe_digest(PROBE))
    return {row for record in facts["sudo_grant"].records for row in rows(record)}


def rows(record: Record) -> Iterator[tuple[str, str, frozenset[str], bool]]:
    run_as, tags = record["run_as"], record["tags"]
    assert isinstance(run_as, list)
    assert isinstance(tags, list)
    for field, mark in (("commands", ""), ("denied_commands", "!")):
        commands = record[field]
        assert isinstance(commands, list)
        for command in commands:
            who = str(record["principal"])
            yield who, f"{mark}{command}", frozenset(run_as), "NOPASSWD" in tags


def theirs(host: Host) -> set[tuple[str, str, frozenset[str], bool]]:
    specs = json.loads(host.run("cvtsudoers -e -f json /etc/sudoers").stdout)["User_Specs"]
    return {row for spec in specs for row in spec_rows(spec)}


def spec_rows(spec: dict[str, Any]) -> Iterator[tuple[str, str, frozenset[str], bool]]:
    marks = {"usergroup": "%", "userid": "#", "usergid": "%#", "netgroup": "+"}
    for user in spec["User_List"]:
        if user.get("negated"):
            continue
        kind = next(key for key in user if key != "negated")
        for part in spec["Cmnd_Specs"]:
            options = {k: v for option in part.get("Options", ()) for k, v in option.items()}
            run_as = [n["username"] for n in part.get("runasusers", ()) if n["username"]]
            default = [] if "runasgroups" in part else ["root"]
            for command in part["Commands"]:
                mark = "!" if command.get("negated") else ""
                yield (
                    marks.get(kind, "") + str(user[kind]),
                    mark + command["command"],
                    frozenset(run_as or default),
                    options.get("authenticate") is False,
                )


@pytest.mark.lab
@pytest.mark.parametrize("image", ["debian12", "debian13"])
def test_grants_are_those_of_cvtsudoers(
    start: Callable[[str], Host],  # noqa: F811  # the fixture
    image: str,
) -> None:
    host = start(image)
    host.run("cat >/etc/sudoers", text=TEXT)
    assert ours(host) == theirs(host)
