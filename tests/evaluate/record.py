"""Records the exchange that the fault matrix starts from, on a real host of the lab.

python -m tests.evaluate.record        (as root; writes debian12.exchange.json)
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.hosts import Lab
from tests.lab.scanning import Client

EXCHANGE = Path(__file__).parent / "debian12.exchange.json"


def main() -> None:
    """Start a host with services and a folder of patient data, and keep what it answers."""
    with Lab() as lab, TemporaryDirectory() as folder:
        host = lab.start("debian12-services")
        host.run("mkdir -p -m 0750 /srv/phi; echo x >/srv/phi/a; chmod 0640 /srv/phi/a")
        client = Client(Path(folder))
        inventory = Path(folder, "inventory.yaml")
        settings = {
            "address": host.address,
            "port": host.port,
            "user": "root",
            "identity": str(host.identity),
            "phi": True,
            "phi_paths": ["/srv/phi"],
        }
        inventory.write_text(json.dumps({"hosts": {"debian12": settings}}))
        done = client.command(
            *("collect", "-i", str(inventory), "--exchange", "--deep", "-d", folder),
            *("--known-hosts", str(host.known_hosts), "--ssh-config", "/dev/null", "--quiet"),
        )
        sys.stdout.write(done.stdout + done.stderr)
        (found,) = Path(folder).glob("*.exchange.json")
        EXCHANGE.write_bytes(found.read_bytes())


if __name__ == "__main__":
    main()
