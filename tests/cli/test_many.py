"""Many targets at once: within what the machine allows, each accounted for exactly once."""

from pathlib import Path

from hipscan.errors import ExitCode
from tests.cli.running import PACK, shell


def _inventory(folder: Path, count: int) -> None:
    """Write an inventory of hosts on loopback at a port where nobody listens, and this machine."""
    hosts = "".join(
        f"  h{n:03}: {{address: 127.0.{n // 200}.{n % 200 + 1}}}\n" for n in range(count)
    )
    (folder / "hosts.yaml").write_text(
        f"defaults: {{port: 1}}\nhosts:\n{hosts}  here: {{transport: local}}\n"
    )


def _scan(folder: Path, before: str, *words: str) -> tuple[int, dict[str, str], str]:
    line = f"{before} hipscan scan -i hosts.yaml -p {PACK} --rule right-high -f json"
    done = shell(folder, " ".join((line, "--ssh-config /dev/null", *words)))
    statuses = {item["name"]: item["status"] for item in done.report["targets"]}
    assert len(done.report["targets"]) == len(statuses)
    return done.status, statuses, done.err


def test_few_open_files_mean_fewer_at_a_time(tmp_path: Path) -> None:
    _inventory(tmp_path, 2)
    status, statuses, errors = _scan(tmp_path, "ulimit -n 72;")
    assert status == ExitCode.INCOMPLETE
    assert "2 targets at a time instead of 3" in errors
    assert len(statuses) == 3
    assert statuses.pop("here") in {"scanned", "partial"}
    assert set(statuses.values()) == {"unreachable"}


def test_every_target_of_a_large_inventory_is_accounted_for(tmp_path: Path) -> None:
    _inventory(tmp_path, 60)
    status, statuses, _ = _scan(tmp_path, "", "--quiet", "--jobs 61")
    assert status == ExitCode.INCOMPLETE
    assert len(statuses) == 61
