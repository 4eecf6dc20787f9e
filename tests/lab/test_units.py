"""What the services probe says of a real host's units, against systemctl's own words."""

from collections.abc import Callable

import pytest

from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("image", ["debian12", "debian13"])
def test_units_are_as_systemctl_says(
    start: Callable[[str], Host], client: Client, image: str
) -> None:
    host = start(image)
    host.run("systemctl disable cron; systemctl mask --now logrotate.timer; systemctl stop cron")
    records = client.collect(host)["facts"]["service"]["records"]
    ours = {record["name"]: record for record in records if record["load"] in {"loaded", "masked"}}
    names = sorted(ours)
    enabled = host.run(f"systemctl is-enabled {' '.join(names)}", check=False).stdout.split()
    active = host.run(f"systemctl is-active {' '.join(names)}", check=False).stdout.split()
    shipped = host.run("ls /usr/lib/systemd/system/*.wants").stdout.split()
    for name, state, activity in zip(names, enabled, active, strict=True):
        if state in {"enabled", "disabled", "masked"}:
            # A unit can be "disabled" and still be wanted by a link that its package ships.
            starts = state == "enabled" or (state == "disabled" and name in shipped)
            assert ours[name]["starts"] is starts, (name, state)
        assert ours[name]["active"] == activity, name
