"""Encryption at rest on a host whose kernel and dm-crypt are its own, against cryptsetup itself."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab
Start = Callable[[str], Host]

# LUKS2 on a disk; on it a swap file, and LUKS1 with CBC in an image; random-key swap in memory.
PREPARE = """set -e
key() { printf canary-passphrase; }
key | cryptsetup luksFormat -q --pbkdf argon2id --pbkdf-memory 32768 --pbkdf-force-iterations 4 \
  /dev/ubda -
key | cryptsetup open /dev/ubda outer -
mkfs.ext4 -q /dev/mapper/outer
mkdir -p /srv/outer /srv/inner
mount /dev/mapper/outer /srv/outer
dd if=/dev/zero of=/srv/outer/swap bs=1M count=8
chmod 600 /srv/outer/swap
mkswap -q /srv/outer/swap
swapon /srv/outer/swap
truncate -s 30M /srv/outer/image
loop=$(losetup -f --show /srv/outer/image)
key | cryptsetup luksFormat -q --type luks1 -c aes-cbc-essiv:sha256 -s 256 \
  --pbkdf-force-iterations 1000 "$loop" -
key | cryptsetup open "$loop" inner -
mkfs.ext4 -q /dev/mapper/inner
mount /dev/mapper/inner /srv/inner
"""


@pytest.fixture
def facts(start: Start, client: Client) -> dict[str, Any]:
    host = start("uml")
    host.run(PREPARE)
    snapshot = client.collect(host)
    found: dict[str, Any] = snapshot["facts"]
    found["dumps"] = {
        name: host.run(
            f"cryptsetup luksDump $(cryptsetup status {name} | sed -n 's/.*device: *//p')"
        )
        for name in ("outer", "inner")
    }
    found["text"] = str(snapshot)
    return found


def test_layers_and_parameters_are_those_of_cryptsetup(facts: dict[str, Any]) -> None:
    volumes = {record["name"]: record for record in facts["luks"]["records"]}
    mounts = {record["target"]: record for record in facts["mount"]["records"]}
    swaps = {record["device"]: record for record in facts["swap"]["records"]}
    for name, dump in facts["dumps"].items():
        expected = int(re.findall(r"Version:\s*(\d)", dump.stdout)[0])
        assert volumes[name]["version"] == expected
    assert volumes["outer"]["cipher"] in facts["dumps"]["outer"].stdout
    assert "Cipher mode:   \tcbc-essiv:sha256" in facts["dumps"]["inner"].stdout
    assert (volumes["inner"]["cipher"], volumes["inner"]["key_bits"]) == (
        "aes-cbc-essiv:sha256",
        256,
    )
    assert (volumes["outer"]["kdf"], volumes["outer"]["memory"]) == (["argon2id"], 32768)
    assert mounts["/srv/inner"]["layers"][-2:] == ["luks2 outer", "disk ubda"]
    assert mounts["/srv/inner"]["encrypted"] is mounts["/srv/outer"]["encrypted"] is True
    assert swaps["/srv/outer/swap"]["encrypted"] is True
    assert "canary-passphrase" not in facts["text"]
