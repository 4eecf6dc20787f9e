"""The probe of Orthanc against the real server: who gets in is asked of both.

Each configuration of orthanc.yaml is given to the server of Debian 12 (1.10) and 13 (1.12); what
the probe computes from the files must be what the server does over HTTP, from this host and, by
the address of its network card, as if from another one.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.collect.compiler import compile_probes, probe_digest
from hipscan.collect.framing import read_reply
from hipscan.model.fact import Record
from hipscan.probes.base import read_frame
from hipscan.probes.health.orthanc import PROBE
from tests.lab.hosts import Host, Lab
from tests.lab.spec import INSIDE

pytestmark = [pytest.mark.lab, pytest.mark.rotating]
HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "orthanc.yaml").read_text("utf-8"))
CLIENT = (HERE / "orthanc_client.py").read_text("utf-8")
DICOM_CASES = yaml.safe_load((HERE / "orthanc_dicom.yaml").read_text("utf-8"))
DICOM_CLIENT = (HERE / "dicom_client.py").read_text("utf-8")
FOLDER, DROPIN = "/etc/orthanc-case", "/etc/systemd/system/orthanc.service.d/case.conf"
NONCE = "0123456789abcdef"
LET_IN, NO_FOLDER = 200, {0, 401, 404}

START = """set -e
systemctl daemon-reload
systemctl kill -s KILL orthanc || :
systemctl stop orthanc
systemctl reset-failed orthanc || :
pid=$(systemctl start orthanc && systemctl show -P MainPID orthanc)
for try in $(seq 100); do
  systemctl is-active --quiet orthanc || { echo failed; exit 0; }
  ! grep -qs 'Orthanc has started' /var/log/orthanc/Orthanc.log.*.$pid || { echo started; exit 0; }
  sleep 0.1
done
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the probe says of the files, and whether the server started on them."""

    probe: Record
    started: bool


@pytest.fixture(scope="module", params=["debian12-health", "debian13-health"])
def host(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Host]:
    host = lab.start(request.param)
    yield host
    host.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"].replace(" ", "-"))
def test_the_probe_says_who_the_real_server_lets_in(host: Host, case: dict[str, Any]) -> None:
    seen = _try(host, case)
    asked = host.run(f"python3 - {seen.probe['http_port'] or 8042} {INSIDE}", text=CLIENT).stdout
    answers: dict[str, int] = json.loads(asked)
    assert seen.started is (seen.probe["error"] == ""), seen.probe["error"]
    if "environment" in case:  # whose names alone leave the host: it may not be guessed
        assert seen.started
        assert seen.probe["open"] is None
    elif seen.started and seen.probe["http"]:
        assert _who_gets_in(answers) == _expected(seen.probe)
    elif seen.started:
        assert set(answers.values()) == {0}


@pytest.mark.parametrize("case", DICOM_CASES, ids=lambda case: case["name"].replace(" ", "-"))
def test_the_probe_says_what_the_real_server_lets_a_stranger_do(
    host: Host, case: dict[str, Any]
) -> None:
    seen = _try(host, case)
    assert seen.started
    where = f"{seen.probe['dicom_port']} {seen.probe['aet']}"
    answers = json.loads(host.run(f"python3 - {where}", text=DICOM_CLIENT).stdout)
    assert answers == _expected_of_dicom(seen.probe)


def _expected_of_dicom(probe: Record) -> dict[str, bool]:
    allowed, modalities = probe["anybody_may"], probe["modalities"]
    assert isinstance(allowed, list)
    may = {word: bool(probe["dicom"]) and word in allowed for word in ("echo", "store", "find")}
    by_title = bool(modalities) and bool(probe["title_only"])
    return {
        **may,
        "another title": may["echo"] and not probe["checks_called_aet"],
        "another address": bool(probe["dicom"]) and ("find" in allowed or by_title),
    }


def _who_gets_in(answers: Mapping[str, int]) -> dict[str, bool]:
    return {
        "anybody here": answers["here"] == LET_IN,
        "anybody elsewhere": answers["elsewhere"] == LET_IN,
        "orthanc": answers["builtin"] == LET_IN,
        "ann": answers["ann"] == LET_IN,
        "lua": answers["lua"] == LET_IN,
        "webdav": answers["webdav"] not in NO_FOLDER,
    }


def _expected(probe: Record) -> dict[str, bool]:
    """Return the same from what the probe computed."""
    anybody = not probe["authentication"]
    others = bool(probe["remote_access"])
    users = probe["users"]
    assert isinstance(users, list)
    return {
        "anybody here": anybody,
        "anybody elsewhere": bool(probe["open"]),
        "orthanc": others and (anybody or bool(probe["builtin_user"])),
        "ann": others and (anybody or "ann" in users),
        "lua": anybody and bool(probe["lua"]),
        "webdav": anybody and bool(probe["webdav"]),
    }


def _try(host: Host, case: dict[str, Any]) -> Seen:
    """Start the server on the files of a case, ask it and the probe."""
    target = FOLDER if case.get("files") else "/etc/orthanc"
    place = f"{FOLDER}/{case['single']}" if "single" in case else target
    host.run(f"rm -rf {FOLDER} && mkdir {FOLDER} && mkdir -p {DROPIN.rpartition('/')[0]}")
    for name, text in case.get("files", {}).items():
        host.run(f"cat >{FOLDER}/{shlex.quote(name)}", text=text)
    command = f"/usr/sbin/Orthanc --logdir=/var/log/orthanc {place}"
    lines = ["[Service]", "Restart=no", "ExecStart=", f"ExecStart={command}"]
    lines += [f"Environment={name}={value}" for name, value in case.get("environment", {}).items()]
    host.run(f"cat >{DROPIN}", text="\n".join([*lines, ""]))
    host.run(f"chown -R orthanc: {FOLDER}")
    started = host.run(START).stdout.strip()
    probe = _probe(host)
    return Seen(probe, started == "started")


def _probe(host: Host) -> Record:
    script = compile_probes([PROBE])
    call = script.call(f"nonce {NONCE}\ndeadline 60\nrun {PROBE.name}\n")
    reply = host.run("cat >/tmp/probe.sh && sh /tmp/probe.sh", text=script.text + call).stdout
    frames = read_reply(reply.encode(), NONCE, [PROBE]).frames
    fact = read_frame(PROBE, frames.get(PROBE.name), probe_digest(PROBE))["orthanc_config"]
    assert fact.is_decided, fact.reason
    return fact.records[0]
