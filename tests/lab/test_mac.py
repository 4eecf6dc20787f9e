"""AppArmor on a host whose kernel is its own, against aa-status."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab
Start = Callable[[str], Host]

# One program started before its profile, one under a profile that only complains.
PREPARE = """set -e
cp /bin/sleep /usr/local/bin/early
cp /bin/sleep /usr/local/bin/late
systemd-run --quiet --unit=early /usr/local/bin/early 3000
printf '/usr/local/bin/early {\\n  file,\\n}\\n' >/etc/apparmor.d/early
printf '/usr/local/bin/late flags=(complain) {\\n  file,\\n}\\n' >/etc/apparmor.d/late
apparmor_parser -r /etc/apparmor.d/early /etc/apparmor.d/late
systemd-run --quiet --unit=late /usr/local/bin/late 3000
"""


def test_profiles_and_programs_are_those_of_aa_status(start: Start, client: Client) -> None:
    host = start("uml")
    host.run(PREPARE)
    # aa-status of AppArmor 3.0 forgets the comma between two programs.
    answer = host.run("aa-status --json").stdout.replace(']"', '], "')
    told: dict[str, Any] = json.loads(answer)
    facts = client.collect(host, "--timeout", "160")["facts"]
    profiles = {each["name"]: each["mode"] for each in facts["apparmor_profile"]["records"]}
    assert profiles == told["profiles"]
    expected = {
        program
        for program, processes in told["processes"].items()
        if any(process["status"] == "unconfined" for process in processes)
    }
    found = {each["program"] for each in facts["unconfined_process"]["records"]}
    assert found == expected == {"/usr/local/bin/early"}
    (mac,) = facts["mac"]["records"]
    assert (mac["system"], mac["protects"]) == ("apparmor", True)
    assert mac["complaining"] == list(told["profiles"].values()).count("complain")
