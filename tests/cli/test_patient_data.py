"""Patient data is in the snapshot: a saved one weighs what the scan weighed."""

from pathlib import Path

import pytest

from hipscan.errors import ExitCode
from hipscan.model import codec, snapshot
from hipscan.model.fact import ok
from hipscan.model.snapshot import Snapshot, TargetData
from tests.cli.conftest import Hipscan

HIGH = ("--rule", "swap-not-encrypted", "--fail-on", "high", "-f", "json")


def _saved(folder: Path, target: TargetData) -> Path:
    swap = ok({"device": "/dev/sda3", "kind": "disk", "size": 8, "encrypted": False})
    value = Snapshot(target, "2026-11-21T12:00:00+00:00", "0.1.0", "", {"swap": swap})
    path = folder / "web1.snapshot.json"
    path.write_bytes(codec.dumps(snapshot.SCHEMA, value))
    return path


@pytest.mark.parametrize(
    ("target", "severity", "status"),
    [
        (TargetData("web1"), "medium", ExitCode.OK),
        (TargetData("web1", phi=True), "high", ExitCode.GATE),
        (TargetData("web1", phi_paths=("/srv/dicom",)), "high", ExitCode.GATE),
    ],
)
def test_the_gate_weighs_what_patient_data_weighs(
    target: TargetData, severity: str, status: ExitCode, hipscan: Hipscan, tmp_path: Path
) -> None:
    done = hipscan("evaluate", _saved(tmp_path, target), *HIGH)
    assert done.status == status
    assert done.report["findings"][0]["severity"] == severity
    rule = done.report["rules"]["swap-not-encrypted"]
    assert (rule["severity"], rule["severity_with_phi"]) == ("medium", "high")


def test_explain_and_list_say_so(hipscan: Hipscan) -> None:
    head = hipscan("explain", "swap-not-encrypted").out.splitlines()[0]
    assert head == "swap-not-encrypted (medium; high where patient data lives)"
    rows = hipscan("rules", "list").out.splitlines()
    assert [row.split()[0] for row in rows if " swap-not-encrypted " in row] == ["medium+"]
    (fips,) = [row for row in rows if " ssh-not-fips-kex " in row]
    assert fips.endswith("[fips]")
