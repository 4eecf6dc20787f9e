"""Changed files of packages, against the digests that the packages brought."""

from collections.abc import Callable

import pytest

from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab
Start = Callable[[str], Host]

BREAK = """set -e
printf x >>/usr/bin/id
printf x >>/usr/lib/systemd/system/cron.service
rm /usr/bin/nl
printf '# x\\n' >>/etc/login.defs
"""
ORACLE = "cd / && cat var/lib/dpkg/info/*.md5sums | LC_ALL=C md5sum --quiet -c 2>/dev/null"


def test_changed_files_are_those_of_the_digests(start: Start, client: Client) -> None:
    host = start("debian12")
    host.run(BREAK)
    told = host.run(ORACLE, check=False).stdout.splitlines()
    expected = {"/" + line.partition(": FAILED")[0] for line in told}
    facts = client.collect(host, "--deep")["facts"]
    found = {each["path"] for each in facts["packaged_file"]["records"] if not each["config"]}
    assert {_merged(path) for path in found} == {_merged(path) for path in expected}
    assert "/usr/bin/id" in found


def _merged(path: str) -> str:
    """Return a path as it is where /lib is a link to /usr/lib."""
    return "/usr" + path if path.startswith(("/bin/", "/lib/", "/sbin/", "/lib64/")) else path
