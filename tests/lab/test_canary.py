"""A secret in every file that a scan opens is in nothing that the scan gives away.

canary.sh puts it where people keep secrets: values of settings, keys, hashes. Every other file
that the script turns out to open gets it in a line at its end. A file that neither reaches must
be one of those that hold no secret of the host's own.
"""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.hosts import Host
from tests.lab.opened import opened
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab
CANARY = "c4n4ry-7f3a91"
IMAGES = ["debian12-services", "debian13-services", "debian12-data"]

# Programs, their libraries and data, the kernel's own views; and what holds names and versions
# only, in a form that bears no line more.
NO_SECRETS = (
    *("/usr/", "/lib", "/bin/", "/sbin/", "/proc/", "/sys/", "/dev/", "/run/"),
    *("/etc/ld.so.", "/etc/localtime", "/etc/locale", "/var/lib/dpkg/", "/var/lib/apt/lists/"),
    *("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"),  # hashes: canary.sh
    *("/var/cache/apt/", "/var/lib/systemd/", "/var/log/"),
)
PLANT = r"""
while read -r path; do
  [ -f "$path" ] && [ -s "$path" ] || continue
  grep -qs @C@ "$path" && continue
  LC_ALL=C grep -qIv '^$' "$path" || { echo "$path"; continue; }
  printf '\n# password = @C@\n' >>"$path" || echo "$path"
done
"""


@pytest.mark.parametrize("image", IMAGES)
def test_no_secret_of_a_host_gets_anywhere(
    start: Callable[[str], Host], client: Client, tmp_path: Path, image: str
) -> None:
    host = start(image)
    secrets = plant(host, tmp_path / "record")
    done = client.run(host, "collect", "--exchange", "-d", str(client.state))
    assert done.returncode == 0, done.stdout + done.stderr
    reports = ("-o", f"json={client.state}/r.json", "-o", f"html={client.state}/r.html", "--debug")
    scan = client.run(host, "scan", *reports)
    assert scan.returncode in {0, 1, 3}, scan.stderr
    texts = {"stdout": scan.stdout, "stderr": scan.stderr + done.stderr, "collect": done.stdout}
    files = [p for p in client.state.rglob("*") if p.is_file() and p.name != "record"]
    texts |= {str(p): p.read_text("utf-8") for p in files}
    texts |= {f"{n} decoded": _decoded(text) for n, text in texts.items() if "exchange" in n}
    assert len(texts) > 6
    for secret in secrets:
        assert [name for name, text in texts.items() if secret in text] == [], secret


def plant(host: Host, record: Path) -> list[str]:
    """Put the canary into every file that a scan opens; return the texts that must stay there."""
    script = (Path(__file__).parent / "canary.sh").read_text("utf-8")
    host.run(script.replace("@C@", CANARY).replace("@U@", "canary"))
    key = host.run("sed -n 2p /root/.ssh/id_ed25519; sed -n 2p /etc/ssl/private/zz.key").stdout
    hashed = host.run("grep ^canary: /etc/shadow | cut -d: -f2 | cut -d'$' -f4").stdout.strip()
    paths = sorted(path for path in opened(host, record) if not path.startswith(NO_SECRETS))
    assert len(paths) > 40, paths
    bare = host.run(PLANT.replace("@C@", CANARY), text="\n".join(paths) + "\n").stdout.split("\n")
    assert not [path for path in bare if path], "no secret could be put there"
    return [CANARY, hashed, *key.split()]


def _decoded(exchange: str) -> str:
    frames = json.loads(exchange)["frames"]
    return "".join(base64.b64decode(f["payload"]).decode("utf-8", "replace") for f in frames)
