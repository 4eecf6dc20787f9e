"""What is remembered of updates from scan to scan."""

from pathlib import Path

import pytest

from hipscan.errors import UsageError
from hipscan.model.fact import Fact, FactStatus
from hipscan.model.snapshot import Snapshot, TargetData
from hipscan.store import first_seen
from hipscan.store.first_seen import FirstSeen, after

MONDAY, FRIDAY = "2026-11-16T08:00:00+00:00", "2026-11-20T08:00:00+00:00"


def snapshot(taken: str, *packages: str, status: FactStatus = FactStatus.OK) -> Snapshot:
    """Return what a scan saw: these packages wait for an update."""
    fact = Fact(status, tuple({"package": name} for name in packages))
    return Snapshot(TargetData("web1"), taken, "0", "", {"pending_update": fact})


def test_what_waits_longer_keeps_its_day_and_what_is_done_is_forgotten() -> None:
    monday = after(FirstSeen(), snapshot(MONDAY, "sudo", "bash"))
    friday = after(monday, snapshot(FRIDAY, "sudo", "openssl"))
    assert friday.subjects == {
        "pending_update sudo": MONDAY,
        "pending_update openssl": FRIDAY,
    }


@pytest.mark.parametrize("status", [FactStatus.PARTIAL, FactStatus.TIMEOUT, FactStatus.DENIED])
def test_a_scan_that_could_not_see_forgets_nothing(status: FactStatus) -> None:
    monday = after(FirstSeen(), snapshot(MONDAY, "sudo"))
    assert after(monday, snapshot(FRIDAY, status=status)) == monday


def test_a_fact_that_no_rule_wanted_is_not_forgotten() -> None:
    monday = after(FirstSeen(), snapshot(MONDAY, "sudo"))
    assert after(monday, Snapshot(TargetData("web1"), FRIDAY, "0", "", {})) == monday


def test_it_comes_back_from_a_file_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "first-seen" / "web1.json"
    first_seen.save(path, FirstSeen({"pending_update sudo": MONDAY}))
    assert first_seen.load(path) == FirstSeen({"pending_update sudo": MONDAY})
    assert [item.stat().st_mode & 0o777 for item in (path, path.parent)] == [0o600, 0o700]
    assert first_seen.load(tmp_path / "none.json") == FirstSeen()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"schema": "hipscan-first-seen/1", "subjects": {"pending_update sudo": "soon"}}',
        b'{"schema": "hipscan-first-seen/2", "subjects": {}}',
    ],
)
def test_a_file_that_is_not_ours_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "web1.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="cannot be used"):
        first_seen.load(path)
