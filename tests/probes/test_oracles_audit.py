"""The audit probe against auditctl and the kernel, on a host with a kernel of its own.

Rules are loaded as the host does at boot, and listed by `auditctl -l`: files and kernel must then
be the same to us, for the samples that Debian's package ships and for one rule of each form. What
is recorded is compared with what the kernel then really records.
"""

import subprocess
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.model.fact import Fact
from hipscan.probes.audit.audit import PROBE
from hipscan.probes.audit.audit_files import joined
from hipscan.probes.base import read_frame
from tests.lab.conftest import lab, start  # noqa: F401  # fixtures by name
from tests.lab.hosts import Host

OWN = (Path(__file__).parent / "oracles" / "audit.rules").read_text()
SAMPLES = "/usr/share/doc/auditd/examples/rules"
# Labels need SELinux in the kernel; the others are switches, or comments only.
LEFT_OUT = ("22-ignore-chrony", "12-", "99-", "11-", "20-", "31-", "40-")
# These are made to be loaded together; one after the other would take minutes.
TOGETHER = ("10-base*", "23-*", "30-ospp-v42-*", "32-*", "41-*", "42-*", "43-*", "71-*")
BASE = "rm -f /etc/audit/rules.d/*\nprintf '%s\\n' -D '-b 8192' >/etc/audit/rules.d/0.rules\n"
FOLDERS = r"""
sed -n 's/.*\(dir=\|-w \|path=\)\(\/[^ ]*\).*/\2/p' /etc/audit/rules.d/*.rules |
while read -r path; do
  case $path in */) mkdir -p "$path" ;; *) mkdir -p "${path%/*}" ;; esac
done
augenrules --load >/dev/null
"""


def facts(host: Host) -> Mapping[str, Fact]:
    script = compile_probes([PROBE])
    text = script.text + script.call(f"nonce ab\nrun {PROBE.name}\n")
    done = subprocess.run(
        host.ssh_argv("root", "sh -s"),
        input=text.encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    reply = read_reply(done.stdout, "ab", [PROBE])
    return read_frame(PROBE, reply.frames[PROBE.name], probe_digest(PROBE))


def differences(host: Host) -> list[str]:
    """Return the rules that files and kernel do not both have."""
    found = facts(host)
    assert not found["audit_state"].records[0]["stopped"], found["audit_state"].records
    return [
        str(record)
        for record in found["audit_loaded"].records
        if not (record["configured"] and record["loaded"] and record["in_order"])
    ]


# Files of rules.d as somebody who wants to fool a reader would make them.
FILES = {
    "audit.rules": "## first\n-D\n-b 8192\n-f 1\n",
    "10-a.rules": "-w /etc/a -p wa\n-e 2\n\n# gone\n-w /etc/b -p wa",
    "9-b.rules": "-f 2\n-w /etc/c -p wa\n",
    "20-c.rules": "-D -k key\n-b 64\n-w /etc/d -p wa\n-e 1\n",
    "own rules.rules": "-w /etc/e -p wa\n",
    ".hidden.rules": "-w /etc/f -p wa\n",
    "30-d.conf": "-w /etc/g -p wa\n",
    "zz.rules": "-w /etc/h -p wa\r\n-f 0",
}


@pytest.mark.lab
@pytest.mark.parametrize("image", ["debian12-audit", "debian13-audit"])
def test_files_are_joined_as_augenrules_does(
    start: Callable[[str], Host],  # noqa: F811  # the fixture
    image: str,
) -> None:
    host = start(image)
    for name, text in FILES.items():
        host.run(f"cat >'/etc/audit/rules.d/{name}'", text=text)
    host.run("augenrules")
    made = host.run("cat -v /etc/audit/audit.rules").stdout.split("\n")[1:]
    texts = {f"/etc/audit/rules.d/{name}": text for name, text in FILES.items()}
    lines = {path: text.removesuffix("\n").split("\n") for path, text in texts.items()}
    unended = [path for path, text in texts.items() if not text.endswith("\n")]
    units = {"/usr/lib/systemd/system/audit-rules.service": [""]} if "13" in image else {}
    found = [line.text.replace("\r", "^M") for line in joined({**lines, **units}, unended)]
    assert found == [line for line in made if line]


@pytest.mark.lab
def test_the_kernel_lists_what_the_files_say(
    start: Callable[[str], Host],  # noqa: F811  # the fixture
) -> None:
    host = start("uml")
    names = host.run(f"cd {SAMPLES} && echo *.rules").stdout.split()
    wanted = [name for name in names if not name.startswith(LEFT_OUT)]
    alone = [name for name in wanted if not any(fnmatch(name, each) for each in TOGETHER)]
    assert len(wanted) > len(alone) > 5, names
    for batch in ([name for name in wanted if name not in alone], *([name] for name in alone)):
        host.run(f"{BASE}cd {SAMPLES}; cp {' '.join(batch)} /etc/audit/rules.d{FOLDERS}")
        assert differences(host) == [], batch
    host.run(f"{BASE}cat >/etc/audit/rules.d/own.rules{FOLDERS}", text=OWN)
    assert differences(host) == []
    assert len(facts(host)["audit_rule"].records) == 25


LINES = yaml.safe_load((Path(__file__).parent / "audit_lines.yaml").read_text("utf-8"))
LOADING = r"""
while IFS= read -r line; do
  auditctl -D >/dev/null
  printf '%b\n' "$line" >/tmp/one.rules
  auditctl -R /tmp/one.rules >/dev/null 2>&1 && echo loads || echo refused
done
"""


@pytest.mark.lab
def test_auditctl_refuses_the_lines_that_we_refuse(
    start: Callable[[str], Host],  # noqa: F811  # the fixture
) -> None:
    host = start("uml")
    lines = [(text, verdict) for verdict in LINES for text in LINES[verdict]]
    told = "".join(text.replace("\\", "\\\\").replace("\n", "\\n") + "\n" for text, _ in lines)
    done = subprocess.run(
        host.ssh_argv("root", LOADING),
        input=told,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert list(zip((text for text, _ in lines), done.stdout.split(), strict=True)) == lines


# What is done, and how often the log must then have it. By a person who logged in as 1000: chmod
# without and with rights of root; a write to the list of accounts and a change of its attributes.
DEEDS = {
    "fchmodat": """
touch /tmp/deed; chown scan /tmp/deed
chmod 640 /tmp/deed
su scan -s /bin/sh -c 'chmod 600 /tmp/deed'
sought='type=SYSCALL.* syscall=268 .*auid=1000'
""",
    "/etc/passwd": """
: >>/etc/passwd
chmod u+x /etc/passwd; chmod u-x /etc/passwd
sought='type=PATH.* name="/etc/passwd"'
""",
}
TIMES = {"fchmodat": 2, "/etc/passwd": 3}
FIRST = """
echo 1000 >/proc/self/loginuid
mark=$(wc -l </var/log/audit/audit.log)
"""
LAST = """
sleep 1.5
tail -n "+$((mark + 1))" /var/log/audit/audit.log | grep -c "$sought"
"""
CHMOD = "-a always,exit -F arch=b64 -S fchmodat"
WATCH = "-w /etc/passwd -p wa"
PROMISES = [
    ("fchmodat", [f"{CHMOD} -F auid>=1000 -F auid!=unset"], True),
    ("fchmodat", [CHMOD], True),
    ("fchmodat", [f"{CHMOD} -F auid>=2000"], False),
    ("fchmodat", [f"{CHMOD} -F uid!=0"], False),
    ("fchmodat", ["-a never,exit -F auid=1000", CHMOD], False),
    ("fchmodat", [CHMOD, "-a never,exit -F auid=1000"], True),
    ("fchmodat", [CHMOD, "-A never,exit -F arch=b64 -S all"], False),
    ("fchmodat", [CHMOD, "-a always,exclude -F msgtype=SYSCALL"], False),
    ("fchmodat", [CHMOD, "-a always,exclude -F msgtype=CWD"], True),
    ("fchmodat", ["-a task,never", CHMOD], False),
    ("/etc/passwd", [WATCH], True),
    ("/etc/passwd", ["-w /etc/ -p wa"], True),
    ("/etc/passwd", ["-w /etc/passwd -p w"], False),
    ("/etc/passwd", ["-a always,exit -F path=/etc/passwd -F perm=wa"], True),
    ("/etc/passwd", ["-a never,exit -F dir=/etc", WATCH], False),
    ("/etc/passwd", [WATCH, "-a never,exit -F dir=/etc"], True),
    ("/etc/passwd", [WATCH, "-a never,exit -F arch=b64 -S all"], True),
    ("/etc/passwd", ["-a never,exit -F auid=1000", WATCH], False),
]


@pytest.mark.lab
def test_the_kernel_records_what_the_rules_promise(
    start: Callable[[str], Host],  # noqa: F811  # the fixture
) -> None:
    host = start("uml")
    for item, rules, promised in PROMISES:
        text = "\n".join(rules) + "\n"
        host.run(f"{BASE}cat >/etc/audit/rules.d/own.rules{FOLDERS}", text=text)
        record = next(
            record
            for record in facts(host)["audit_coverage"].records
            if record["item"] == item and record.get("arch", "b64") == "b64"
        )
        assert (record["configured"] == "yes") == promised, (rules, record)
        assert (record["loaded"] == "yes") == promised, (rules, record)
        done = host.run(FIRST + DEEDS[item] + LAST, check=False)
        assert (int(done.stdout or 0) >= TIMES[item]) == promised, (rules, done)
