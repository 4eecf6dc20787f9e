"""How long updates have been waiting on a real host, over two scans and a judgement afterwards."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.lab.hosts import Host
from tests.lab.scanning import Client

pytestmark = pytest.mark.lab
RULE = "security-updates-overdue"


def scan(client: Client, host: Host) -> dict[str, Any]:
    """Return the report of a scan for updates that wait for too long."""
    return client.scan(host, "--rule", RULE, "--fail-on", "never")


def let_days_pass(folder: Path, days: int) -> None:
    """Let everything that was ever seen have been seen `days` earlier."""
    (path,) = folder.glob("first-seen/*.json")
    document = json.loads(path.read_text())
    then = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    document["subjects"] = dict.fromkeys(document["subjects"], then)
    path.write_text(json.dumps(document))


def test_an_update_that_a_scan_saw_long_ago_is_overdue(
    start: Callable[[str], Host], client: Client
) -> None:
    host = start("debian12-old")
    assert scan(client, host)["targets"][0]["pass"] == [RULE]
    let_days_pass(client.state, 16)
    (finding,) = scan(client, host)["findings"]
    assert finding["outcome"] == "fail"
    assert any(item["subject"] == "openssl" for item in finding["observations"])


def test_what_a_run_knew_judges_its_snapshots_again(
    start: Callable[[str], Host], client: Client
) -> None:
    host = start("debian12-old")
    scan(client, host)
    let_days_pass(client.state, 16)
    (finding,) = scan(client, host)["findings"]
    (client.state / "first-seen").rename(client.state / "lost")
    run = max((client.state / "runs").iterdir())
    (snapshot,) = run.glob("snapshots/*.json")
    judged = client.command(
        *("evaluate", str(snapshot), "--knowledge", str(run / "knowledge.json"), "-f", "json"),
        *("--rule", RULE, "--fail-on", "never"),
    )
    assert json.loads(judged.stdout)["findings"] == [finding]


def test_a_spoilt_memory_is_told_and_nothing_passes(
    start: Callable[[str], Host], client: Client
) -> None:
    host = start("debian12-old")
    scan(client, host)
    (path,) = (client.state / "first-seen").glob("*.json")
    path.write_text("{}")
    (finding,) = scan(client, host)["findings"]
    assert finding["outcome"] == "notchecked"
    assert "cannot be used" in finding["reason"]
