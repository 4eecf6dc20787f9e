"""Reading OpenVEX: what a document says, and everything that is wrong with one."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.errors import DocumentError, UsageError
from hipscan.evidence import openvex
from hipscan.model.vex import Product, Statement, Status
from tests.evidence import statements
from tests.evidence.statements import DOCUMENT, STATEMENT, changed

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("documents.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_mistakes(case: dict[str, Any], tmp_path: Path) -> None:
    one = {"statements": [changed(STATEMENT, case["statement"])]} if "statement" in case else {}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(changed(DOCUMENT, {**one, **case.get("change", {})}), indent=1))
    with pytest.raises(DocumentError) as caught:
        openvex.load([path])
    found = sorted(
        str(mistake).removeprefix(f"{mistake.position}: ") for mistake in caught.value.mistakes
    )
    assert len(found) == len(case["mistakes"]), found
    assert all(
        text.startswith(start) for text, start in zip(found, sorted(case["mistakes"]), strict=True)
    ), found


def test_a_whole_statement(tmp_path: Path) -> None:
    product = {"@id": "web1", "subcomponents": [{"identifiers": {"purl": "pkg:deb/debian/less"}}]}
    vulnerability = {"name": "CVE-2024-1001", "aliases": ["GHSA-1", "CVE-2024-1001"]}
    said = {"vulnerability": vulnerability, "products": [product], "impact_statement": "No TTY."}
    path = statements.write(
        tmp_path / "x.json",
        {**said, "timestamp": "2026-11-21T09:00:00.123456789+01:00", "status_notes": "Seen."},
    )
    assert openvex.load([path]) == (
        Statement(
            names=("CVE-2024-1001", "GHSA-1"),
            products=(Product("web1", ("pkg:deb/debian/less",)),),
            status=Status.NOT_AFFECTED,
            author="Clinic IT",
            made="2026-11-21T09:00:00.123456+01:00",
            document="https://clinic.example/vex/1",
            justification="vulnerable_code_not_present",
            text="No TTY.; Seen.",
        ),
    )


@pytest.mark.parametrize(
    ("name", "also"),
    [
        ("web1", "web1"),
        ("pkg:deb/debian/less@590", "pkg:deb/debian/less@590"),
        ("pkg:deb/debian/less", ""),
        ("https://clinic.example/products/less", ""),
        ("urn:less", ""),
    ],
)
def test_an_id_that_says_less_than_the_package_url_narrows_it(
    name: str, also: str, tmp_path: Path
) -> None:
    product = {"@id": name, "identifiers": {"purl": "pkg:deb/debian/less"}}
    (found,) = openvex.load([statements.write(tmp_path / "x.json", {"products": [product]})])
    assert found.products == (Product("pkg:deb/debian/less", (), also),)


def test_the_first_version_of_the_format(tmp_path: Path) -> None:
    said = {"vulnerability": "CVE-2024-1", "products": ["web1"], "subcomponents": ["pkg:deb/less"]}
    path = statements.write(
        tmp_path / "x.json", said, **{"@context": "https://openvex.dev/ns", "version": "1"}
    )
    (found,) = openvex.load([path])
    assert (found.names, found.products) == (("CVE-2024-1",), (Product("web1", ("pkg:deb/less",)),))
    assert found.made == "2026-11-20T08:00:00+00:00"


def test_what_everybody_can_write_is_refused(tmp_path: Path) -> None:
    path = statements.write(tmp_path / "x.json")
    path.chmod(0o666)
    with pytest.raises(UsageError, match="can be changed by everybody"):
        openvex.load([path])


def test_a_folder_and_what_is_wrong_in_several_files(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    statements.write(tmp_path / "a.json")
    statements.write(tmp_path / "inner" / "b.json")
    (tmp_path / "README").write_text("no document")
    assert len(openvex.load([tmp_path])) == 2
    statements.write(tmp_path / "a.json", author="")
    (tmp_path / "inner" / "b.json").write_text("{")
    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError) as caught:
        openvex.load([tmp_path, tmp_path / "none", tmp_path / "gone.json"])
    lines = caught.value.message.split("\n")
    assert [
        name
        for name in ("a.json:4:", "b.json:1:2", "none", "gone.json")
        if not any(name in line for line in lines)
    ] == []
